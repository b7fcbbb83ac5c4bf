"""Pages that are pictures to lines of text: an engine behind the port of winnow.readers.ocr."""
