"""Which weights files give the same vectors, so that what was made with one is good for the other.

A head, a result and kept features name their encoder by the SHA-256 of its weights file. The same
weights in another file (another graph, another order of operators) have another SHA-256, and
vectors that differ by rounding alone.
"""

_ALIKE = (
    # USE-lite in int8, as published and dense. 5,758 sentences of the STS benchmark: cosine 0.99999
    # on average, 0.9998 at worst (docs/adr/0051-the-dense-graph.md).
    {
        "e3530257692df4cd7f49bdebfd56762a75650d6d55257c3c4a397d199ab12c7c",
        "b223d32885aebabfa87642cf044300d8c11e7d33417ea615e89f36fad081a9e9",
    },
    # The same in float32.
    {
        "8357f08e402bad6bdb29fadaad6fb869594847e79a0c27336c71c2aea74930e0",
        "28622d64be8189b5f6c8822b0a6e07b9411851f7cd742035184bafb4f40bafac",
    },
)


def same_vectors(one: str, other: str) -> bool:
    """Whether weights files, each by its SHA-256, give the same vectors but for rounding."""
    return one == other or any({one, other} <= alike for alike in _ALIKE)
