"""How a parser refuses a file: a code of the catalogue and a sentence without document text."""


class Refusal(Exception):  # noqa: N818
    """`code` is one of `winnow.errors`; the parent raises the error that has it."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def too_long(limits: dict[str, int]) -> Refusal:
    """The text of a document passes its limit."""
    return Refusal(
        "file_too_large",
        f"The document is longer than {limits['max_document_chars']:,} characters "
        "(limit max_document_chars).",
    )
