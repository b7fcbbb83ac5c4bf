"""How a parser refuses a file: a code of the catalogue and a message without document text."""


class ParseError(Exception):
    """`code` is one of `winnow.errors`; the parent raises the error that has it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def too_long(limits: dict[str, int]) -> ParseError:
    """The text of a document passes its limit."""
    return ParseError(
        "file_too_large",
        f"The document is longer than {limits['max_document_chars']:,} characters "
        "(limit max_document_chars).",
    )
