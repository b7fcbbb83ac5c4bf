"""The limits of readers, each with its default and unit."""

from pydantic import BaseModel, ConfigDict, Field


class ReadLimits(BaseModel):
    """An error names the limit that is exceeded. The stack sets `max_pages` by LIMIT_PAGES, etc."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_file_bytes: int = Field(5_000_000_000, gt=0, description="bytes of the file")
    max_line_chars: int = Field(1_000_000, gt=0, description="characters of a line or a CSV cell")
    max_document_chars: int = Field(10_000_000, gt=0, description="characters of a document")
    max_record_chars: int = Field(1_000_000, gt=0, description="characters of a record's text")
    max_columns: int = Field(1_000, gt=0, description="columns of a table")
    max_rows: int = Field(5_000_000, gt=0, description="records of a file")
    max_case_parts: int = Field(1_000, gt=0, description="records that are joined to one case")
    max_join_bytes: int = Field(
        300_000_000, gt=0, description="bytes of the records of a file whose cases are joined"
    )
    max_pages: int = Field(2_000, gt=0, description="pages of a PDF")
    max_members: int = Field(1_000, gt=0, description="members of a package, archive or mail")
    max_unpacked_bytes: int = Field(
        1_000_000_000, gt=0, description="bytes that an archive or package unpacks to"
    )
    max_ratio: int = Field(
        200, gt=0, description="times its packed size to which an archive or package may unpack"
    )
    max_spool_bytes: int = Field(
        200_000_000, gt=0, description="bytes of a file that is not plain text"
    )
    max_read_seconds: int = Field(
        840, gt=0, description="seconds from a file's first byte to its last record"
    )
    max_seconds: int = Field(120, gt=0, description="seconds in the parser of one file")
    max_parser_bytes: int = Field(
        1_200_000_000, gt=0, description="bytes of memory of the parser of one file"
    )
    max_pixels: int = Field(120_000_000, gt=0, description="pixels of a picture")
    max_picture_bytes: int = Field(
        50_000_000, gt=0, description="bytes of a file that is judged as a picture"
    )
    max_pictures: int = Field(
        10_000, gt=0, description="members of an archive whose pictures are judged"
    )
    max_scanned_pages: int = Field(150, gt=0, description="pages of a file that OCR reads")
    max_scan_seconds: int = Field(840, gt=0, description="seconds in which OCR reads a file")


def setting_of(limit: str) -> str:
    """The environment variable that sets a limit.

    >>> setting_of("max_pages")
    'LIMIT_PAGES'
    """
    return "LIMIT_" + limit.removeprefix("max_").upper()
