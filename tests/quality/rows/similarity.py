"""STS benchmark: the encoder's cosine."""

from tests.quality.row import Commands, Row, data_folder


def measure() -> list[Row]:
    sts = data_folder() / "sts"
    test = sts / "stsb-en-test.csv"
    plain = Commands()
    cosine = plain("evaluate-similarity", "--data", test)
    return [
        Row(
            10,
            "STS benchmark test, Pearson: cosine",
            cosine["pearson"],
            0.735,
            f"{cosine['pairs']:,} pairs; Spearman {cosine['spearman']:.3f}.",
            plain.shown,
        ),
    ]
