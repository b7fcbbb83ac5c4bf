"""How a parser refuses a file: a code of the catalogue and a message without document text."""


class ParseError(Exception):
    """A file that cannot be parsed.

    `code` is one of `winnow.errors`: the parent process raises the error that has it, whose `hint`
    says what to do. `message` says what is wrong with the file.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def too_long(limits: dict[str, int]) -> ParseError:
    """The error for a document whose text is longer than its limit."""
    return ParseError(
        "file_too_large",
        f"The document is longer than {limits['max_document_chars']:,} characters "
        "(limit max_document_chars).",
    )
