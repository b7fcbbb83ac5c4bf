"""Text here, pictures elsewhere: Serialize for the function that holds no OCR."""

from collections.abc import Callable

from winnow.models import ScanNeeded, Serialized, Upload
from winnow.ports import ObjectStore
from winnow.process import ProcessBook
from winnow.readers.ocr import ElsewhereError, elsewhere
from winnow.serialize import SerializeOptions, serialize


def serialize_text(
    upload: Upload,
    store: ObjectStore,
    book: ProcessBook,
    options: SerializeOptions,
    clock: Callable[[], float],
) -> Serialized | ScanNeeded:
    """Serialize an upload, or say that it has pages that are pictures.

    What was written until the first of them is written again by Scan, which reads the version
    that is named here. Raises as `serialize`.
    """
    try:
        return serialize(upload, store, book, options, clock, ocr=elsewhere)
    except ElsewhereError:
        found = store.head(upload.object)
        pinned = upload.model_copy(update={"object": found.ref, "size": found.size})
        return ScanNeeded(upload=pinned)
