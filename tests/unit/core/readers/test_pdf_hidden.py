"""Text of a PDF that no viewer shows is not read, and noted; text that is shown is never lost."""

import ctypes
import io
import random
import zlib
from typing import Any

import pytest

from tests.fakes import files, pdfs
from tests.fakes.pdfs import GROUPS, LAYERS, at, drawn, group_of, picture, stream_of
from winnow.errors import NoRecordsError
from winnow.parsers.pdf import document, layers, words
from winnow.readers import ReadLimits, Source, read
from winnow.readers.pages.geometry import Line, Page

SEEN = at("Seen.", 720)
PROPERTIES = b"/Properties << /Off 6 0 R /On 7 0 R /Both 8 0 R >>"


def opened(content: bytes, **limits) -> tuple[str, list[str]]:
    """What was read, its lines joined, and the codes of what was noted."""
    with Source(io.BytesIO(content), "x.pdf", ["text"], [], ReadLimits(**limits)) as source:
        (record,) = read(source)
    return record.text.replace("\n", " "), [note.code for note in source.notes]


def of_layer(name: str, content: bytes) -> bytes:
    return b"/OC /%s BDC\n%sEMC\n" % (name.encode(), content)


def layered(stream: bytes, *more: bytes, **options) -> bytes:
    return drawn(stream, *GROUPS, *more, resources=PROPERTIES, catalog=LAYERS, **options)


# -- layers ----------------------------------------------------------------------------------------


def test_a_layer_that_is_off_is_not_read_and_one_that_is_on_is():
    content = layered(SEEN + of_layer("Off", at("Off.", 690)) + of_layer("On", at("On.", 660)))
    assert opened(content) == ("Seen. On.", ["hidden_text"])


@pytest.mark.parametrize("order", [("Off", "On"), ("On", "Off")])
def test_layers_that_lie_over_each_other_are_told_apart(order):
    """A form in two languages, one of which is switched on."""
    stream = b"".join(of_layer(name, at(f"{name} layer text.", 690)) for name in order)
    assert opened(layered(SEEN + stream))[0] == "Seen. On layer text."


@pytest.mark.parametrize(
    ("membership", "shown"),
    [
        (b"/OCGs [6 0 R 7 0 R] /P /AnyOn", True),
        (b"/OCGs [6 0 R 7 0 R] /P /AllOn", False),
        (b"/OCGs [6 0 R] /P /AllOff", True),
        (b"/OCGs [7 0 R] /P /AnyOff", False),
    ],
)
def test_layers_that_depend_on_others(membership, shown):
    depends = b"<< /Type /OCMD " + membership + b" >>"
    found, notes = opened(layered(SEEN + of_layer("Both", at("Depends.", 690)), depends))
    assert found == ("Seen. Depends." if shown else "Seen.")
    assert notes == ([] if shown else ["hidden_text"])


def test_a_layer_inside_a_layer_and_one_that_holds_a_group():
    inner = of_layer("On", of_layer("Off", at("Inner.", 690)))
    outer = of_layer("Off", b"/X Do\n")
    group = group_of(at("In a group.", 660))
    content = drawn(
        SEEN + inner + outer + b"/X Do",
        *GROUPS,
        group,
        resources=PROPERTIES + b" /XObject << /X 8 0 R >>",
        catalog=LAYERS,
    )
    assert opened(content) == ("Seen. In a group.", ["hidden_text"])


@pytest.mark.parametrize("entry", [b"/OC 6 0 R", b"/OC 7 0 R"])
def test_a_group_that_is_of_a_layer(entry):
    content = drawn(
        SEEN + b"q 1 0 0 1 0 -40 cm /X Do Q",
        *GROUPS,
        group_of(at("Grouped.", 700), entry),
        resources=b"/XObject << /X 8 0 R >>",
        catalog=LAYERS,
    )
    off = b"6" in entry
    assert opened(content) == (
        "Seen." if off else "Seen. Grouped.",
        ["hidden_text"] if off else [],
    )


def test_a_layer_inside_a_group_that_is_moved():
    group = group_of(at("Shown.", 400) + of_layer("Off", at("Off.", 380)), resources=PROPERTIES)
    content = drawn(
        SEEN + b"q 0.5 0 0 0.5 100 300 cm /X Do Q",
        *GROUPS,
        group,
        resources=b"/XObject << /X 8 0 R >>",
        catalog=LAYERS,
    )
    assert opened(content) == ("Seen. Shown.", ["hidden_text"])


@pytest.mark.parametrize("form", ["plain", "packed", "encrypted"])
def test_layers_are_found_in_files_of_every_form(form):
    content = layered(SEEN + of_layer("Off", at("Off.", 690)))
    if form != "plain":
        content = pdfs.packed(content, "owner" if form == "encrypted" else None)
        assert b"/OCProperties" not in content or form == "encrypted"
    assert opened(content) == ("Seen.", ["hidden_text"])


def test_a_page_that_is_all_layers_is_read_whole():
    stream = b"".join(of_layer("On", at(f"Line {n} of the case.", 720 - 14 * n)) for n in range(40))
    found, notes = opened(layered(stream))
    assert found == " ".join(f"Line {n} of the case." for n in range(40))
    assert notes == []


# -- ways of not drawing ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hidden",
    [
        at("Hidden.", 690, "3 Tr"),
        b"1 g\n" + at("Hidden.", 690),
        b"1 1 1 rg\n" + at("Hidden.", 690),
        b"0.8 g 60 680 300 30 re f\n" + at("Hidden.", 690),
        b"q 0 0 40 40 re W n\n" + at("Hidden.", 690) + b"Q\n",
        b"/Clear gs\n" + at("Hidden.", 690),
        at("Hidden.", 690) + b"0 g 60 680 300 30 re f\n",
        at("Hidden.", 690) + b"1 g 60 680 300 30 re f\n",
        at("Hidden.", 900),
        at("Hidden.", 690, x=-300),
        at("Hidden.", 690, "7 Tr"),
    ],
    ids=[
        "invisible", "white", "white in colours", "as its ground", "cut off", "transparent",
        "blacked out", "painted over", "above the page", "left of it", "cuts alone",
    ],
)  # fmt: skip
def test_what_a_viewer_does_not_show_is_not_read(hidden):
    if b"0.8 g" in hidden:
        hidden = hidden.replace(b"BT", b"0.8 g BT")
    states = b"/ExtGState << /Clear << /ca 0 /CA 0 >> >>"
    content = drawn(SEEN + b"q\n" + hidden + b"Q 0 g\n" + at("End.", 600), resources=states)
    assert opened(content) == ("Seen. End.", ["hidden_text"])


@pytest.mark.parametrize(
    "shown",
    [
        b"0 g 60 680 300 30 re f 1 g\n" + at("Shown.", 690),
        b"0.9 g\n" + at("Shown.", 690),
        at("Shown.", 690, "1 Tr"),
        at("Shown.", 690, "2 Tr"),
        b"q 60 650 300 60 re W n\n" + at("Shown.", 690) + b"Q\n",
        b"/Half gs\n" + at("Shown.", 690),
        at("Shown.", 690, size=2),
        picture(300, 60, 60, 670) + b"\n1 g\n" + at("Shown.", 690),
        picture(300, 60, 60, 670) + b"\n" + at("Shown.", 690, "3 Tr"),
        at("Shown.", 690) + picture(300, 60, 60, 670),
        at("Shown.", 690) + b"60 686 m 300 686 l S 60 680 300 30 re S\n",
        pdfs.turned([(72, 690, "Shown.")], 45) + b" 0 0 5 5 re f",
    ],
    ids=[
        "white on black", "light grey", "outlined", "outlined and filled", "within a path",
        "half transparent", "small", "white on a picture", "read by OCR", "below a scan",
        "underlined and framed", "across",
    ],
)  # fmt: skip
def test_what_a_viewer_shows_is_read(shown):
    states = b"/ExtGState << /Half << /ca 0.5 /CA 0.5 >> >>"
    content = drawn(SEEN + b"q\n" + shown + b"\nQ 0 g\n" + at("End.", 600), resources=states)
    found, notes = opened(content)
    assert sorted(found.split()) == ["End.", "Seen.", "Shown."]
    assert notes == []


def test_lines_hidden_between_lines_that_are_shown():
    stream = b"".join(
        (b"1 g\n" if n % 2 else b"0 g\n")
        + at(f"{'Hidden' if n % 2 else 'Shown'} gypsy line {n}.", 720 - 11 * n, size=10)
        for n in range(12)
    )
    found, notes = opened(drawn(stream))
    assert found == " ".join(f"Shown gypsy line {n}." for n in range(0, 12, 2))
    assert notes == ["hidden_text"]


def test_words_hidden_within_a_line():
    stream = b"BT /F1 11 Tf 72 700 Td (She ) Tj 1 g (never ) Tj 0 g (bled.) Tj ET\n"
    assert opened(drawn(stream)) == ("She bled.", ["hidden_text"])


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_hidden_text_of_pages_that_are_turned(rotate, degrees):
    step = {0: (0, -30), 90: (30, 0), 180: (0, 30), 270: (-30, 0)}[degrees]
    x, y = 300, 400
    shown = pdfs.turned([(x, y, "Shown here.")], degrees)
    hidden = pdfs.turned([(x + step[0], y + step[1], "Hidden here.")], degrees)
    content = drawn(
        shown + b"\n1 g\n" + hidden, page=b"/CropBox [100 150 550 700] /Rotate %d" % rotate
    )
    assert opened(content) == ("Shown here.", ["hidden_text"])


def test_what_lies_outside_of_the_part_that_is_shown():
    stream = SEEN + at("Cropped below.", 50) + at("Cropped right.", 700, x=520)
    content = drawn(stream, page=b"/CropBox [50 100 500 780]")
    assert opened(content) == ("Seen.", ["hidden_text"])


def test_a_crop_box_larger_than_the_paper_moves_nothing():
    content = drawn(SEEN + b"1 g\n" + at("Hidden.", 690), page=b"/CropBox [-500 -500 2000 2000]")
    assert opened(content) == ("Seen.", ["hidden_text"])


def test_letters_that_no_font_is_there_to_draw_are_not_taken_for_hidden():
    """A font for Chinese that is not in the file: nothing is drawn here, but on other systems."""
    font = (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H "
        b"/DescendantFonts [<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> >>] >>"
    )
    stream = b"60 600 5 5 re f BT /F2 11 Tf 72 690 Td <68c067e5> Tj ET 60 600 5 5 re f\n"
    resources = b"/Font << /F1 4 0 R /F2 6 0 R >>"
    content = drawn(SEEN + stream, font).replace(b"/Font << /F1 4 0 R >>", resources)
    found, notes = opened(content)
    assert "检查" in found
    assert notes == []


def test_a_page_whose_text_is_all_hidden_is_a_picture():
    asked: list[int] = []

    def ocr(file, kind, pages):
        asked.extend(pages)
        yield Page(1, 612, 792, (Line("Read.", 72, 90, 300, 100, 0.9),))

    content = drawn(b"1 g\n" + at("Hidden.", 690) + b"0 g 60 600 50 50 re f\n")
    with Source(io.BytesIO(content), "x.pdf", ["text"], [], ReadLimits(), ocr=ocr) as source:
        assert [record.text for record in read(source)] == ["Read."]
    assert asked == [1]


def test_the_text_of_a_scan_is_believed_though_it_is_invisible():
    lines = [f"Line {n} of the scan that was read." for n in range(20)]
    layer = b"".join(at(line, 720 - 30 * n, "3 Tr") for n, line in enumerate(lines))
    strips = b"\n".join(picture(612, 8, 0, 8 * n) for n in range(99))
    for scan in (picture() + b"\n" + layer, layer + picture(), strips + b"\n" + layer):
        found, notes = opened(drawn(scan))
        assert found == " ".join(lines)
        assert notes == []


def test_invisible_text_over_outlines_is_what_they_show():
    """As when letters were made into shapes, and the text laid over them."""
    shapes = b"".join(b"%d 690 4 8 re f\n" % (72 + 6 * n) for n in range(9))
    assert opened(drawn(shapes + at("Outlined", 690, "3 Tr"))) == ("Outlined", [])


def test_a_page_that_takes_too_long_to_draw_is_read_and_noted(monkeypatch):
    from winnow.parsers.pdf import visibility

    content = drawn(b"0 0 5 5 re f\n" + SEEN + b"1 g\n" + at("Hidden.", 690))
    shown = visibility.PageVisibility
    monkeypatch.setattr(shown, "drawn", lambda *_: None)
    items: list[list] = []
    document.parse(io.BytesIO(content), ReadLimits().model_dump(), items.append, None)
    assert [line[0] for line in items[0][4]] == ["Seen.", "Hidden."]
    assert items[1][:2] == ["note", "hidden_text_unchecked"]


def test_layers_that_take_too_long_to_tell_apart_are_read_and_noted():
    content = layered(of_layer("Off", at("Hidden.", 690)) + SEEN)
    items: list[list] = []
    document.parse(
        io.BytesIO(content), {**ReadLimits().model_dump(), "max_seconds": 0}, items.append, None
    )
    assert [line[0] for line in items[0][4]] == ["Seen.", "Hidden."]
    assert [item[1] for item in items[1:]] == ["hidden_text_unchecked"]


# -- what lies on the page -------------------------------------------------------------------------


def annotation(entries: str) -> bytes:
    return f"<< /Type /Annot {entries} /Rect [72 600 272 620] >>".encode()


@pytest.mark.parametrize(
    ("entries", "found", "notes"),
    [
        ("/Subtype /FreeText /Contents (Typed.) /F 4", "Seen. Typed.", []),
        ("/Subtype /FreeText /Contents (Typed.) /F 0", "Seen. Typed.", []),
        ("/Subtype /FreeText /Contents (Typed.) /F 2", "Seen.", ["hidden_text"]),
        ("/Subtype /FreeText /Contents (Typed.) /F 36", "Seen.", ["hidden_text"]),
        ("/Subtype /FreeText /Contents (T.) /OC 6 0 R", "Seen. T.", ["fields_of_layers"]),
        ("/Subtype /Text /Contents (Why?)", "Seen.", ["comments_left_out"]),
        ("/Subtype /Highlight /Contents (Why?)", "Seen.", ["comments_left_out"]),
        ("/Subtype /Highlight", "Seen.", []),
        ("/Subtype /Link /Contents (A link)", "Seen.", []),
        ("/Subtype /FileAttachment /Contents (x)", "Seen.", ["attachments_left_out"]),
    ],
)
def test_annotations(entries, found, notes):
    content = drawn(SEEN, *GROUPS, annotation(entries), catalog=LAYERS, page=b"/Annots [8 0 R]")
    assert opened(content) == (found, notes)


# -- letters printed twice -------------------------------------------------------------------------


def twice(text: str, across: float, down: float, times: int = 2) -> bytes:
    """Every letter so often, a little aside, as programs print that have no bold font."""
    x, stream = 72.0, b""
    for char in text:
        for n in range(times):
            stream += at(char, 690 + n * down, x=round(x + n * across, 2))
        x += 0.011 * pdfs._WIDTHS.get(char, 556)
    return stream


@pytest.mark.parametrize("aside", [(0.5, 0), (0.3, 0), (0, 0.4), (0.4, 0.4), (0, 0)])
@pytest.mark.parametrize("times", [2, 3])
def test_letters_printed_twice_to_look_bold_count_once(aside, times):
    text = "Hemoglobin 14.2 g, seen 1,100.55 times, weeks."
    found, _ = opened(drawn(twice(text, aside[0], aside[1], times)))
    assert found == text


@pytest.mark.parametrize("between", [0, 30])
def test_lines_printed_twice_count_once(between):
    """At once, or after the whole page was printed for the first time."""

    def lines(aside: float) -> bytes:
        return b"".join(
            at(f"Hb {n}.2 was low, low.", 700 - 14 * n, x=72 + aside) for n in range(20)
        )

    more = b"".join(at(f"Other {n}", 400 - 12 * n) for n in range(between))
    found, _ = opened(drawn(lines(0) + more + lines(0.4)))
    assert found.startswith(" ".join(f"Hb {n}.2 was low, low." for n in range(20)))
    assert found.count("low, low.") == 20


def test_letters_that_stand_twice_are_kept():
    text = "Hb 11.22 and 1000, bleeding; all will III 88888 ...... ---- llll"
    for size in (4, 11, 16):
        assert opened(drawn(at(text, 690, x=20, size=size)))[0] == text


def test_ligatures_actual_text_and_soft_hyphens():
    marked = b"/Span << /ActualText (fine) >> BDC\n" + at("xx", 690) + b"EMC\n"
    found, notes = opened(drawn(SEEN + marked + at("co\xadop", 660)))
    assert (found, notes) == ("Seen. fine co-op", [])


def test_text_without_a_size_is_not_read():
    assert opened(drawn(SEEN + at("Zero.", 690, size=0)))[0] == "Seen."


def test_empty_invisible_texts_are_nothing_to_note():
    assert opened(drawn(SEEN + at("", 690, "3 Tr") + at(" ", 680, "3 Tr"))) == ("Seen.", [])


def test_many_pictures_and_many_invisible_words_take_no_longer_than_their_number():
    """Steps, not seconds: a picture is one row of bits, a word one look at them."""
    from winnow.parsers.pdf.drawing import PictureCover

    boxes = [(0.0, 0.0, 612.0, 792.0)] * 3_000
    covered = PictureCover(boxes, (612.0, 792.0))
    assert covered.middle_of((10, 10, 20, 20))
    assert not PictureCover([(0, 0, 60, 60)], (612.0, 792.0)).middle_of((10, 10, 20, 20))


@pytest.mark.parametrize("scale", ["1e30 0 0 1e30", "1e-30 0 0 1e-30", "0 0 0 0"])
def test_things_at_no_place_at_all_do_not_stop_the_reading(scale):
    matrix = f"{scale} 0 0 cm ".encode()
    strange = matrix * 8 + picture(1e30, 1e30, 1e30, 1e30) + b"\n" + at("Gone.", 600, "3 Tr")
    content = layered(SEEN + b"q " + strange + of_layer("Off", at("Off.", 5e30)) + b" Q")
    assert opened(content)[0] == "Seen."


def test_text_that_runs_in_no_direction_at_all_does_not_stop_the_reading():
    """As after pictures that take the page's coordinates out of all numbers."""

    class Raw:
        angles = (float("nan"), float("inf"), 0.0)

        def FPDFText_GetCharAngle(self, _: object, index: int) -> float:  # noqa: N802
            return self.angles[index]

    assert words._quarters(Raw(), None, [0, 1, 2]) == 0
    lost = picture().removesuffix(b" Q") * 400 + at("Lost.", 600) + at("Gone.", 500, "3 Tr")
    with pytest.raises(NoRecordsError):
        opened(drawn(lost + b"0 0 5 5 re f"))


def test_streams_that_only_look_packed_are_passed_over():
    content = files.pdf([[(72, 100, "Read.")]])
    for tail in (b"/ObjStm", b"/ObjStm stream\nnot packed", b"/ObjStm\n" * 1_000):
        assert opened(content + b"\n%" + tail)[0] == "Read."
    assert stream_of(b"x").startswith(b"<<")


class Counting(io.BytesIO):
    """A file that counts the bytes that are read of it."""

    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(size)
        self.taken += len(found)
        return found


def test_looking_for_layers_takes_no_more_than_some_times_the_file(monkeypatch):
    monkeypatch.setattr(layers, "_MAX_BYTES", 1 << 20)
    marks = Counting(b"/ObjStm\n" * 10_000)
    assert layers.may_have_layers(marks)
    assert marks.taken < 2 * layers._MAX_BYTES
    bomb = b"<< /ObjStm >> stream\n" + zlib.compress(bytes(1 << 19)) + b"endstream\n"
    one, many = Counting(bomb), Counting(200 * bomb)
    assert not layers.may_have_layers(one)
    assert layers.may_have_layers(many)
    assert many.taken <= len(200 * bomb) + 3 * layers._DICTIONARY  # three were unpacked


def test_a_long_packed_stream_is_looked_at_to_its_end():
    long = random.Random(1).randbytes(100_000)
    content = zlib.compress(long + b"/OCProperties")
    assert layers.may_have_layers(Counting(b"<< /ObjStm >> stream\r\n" + content))
    assert not layers.may_have_layers(Counting(b"<< /ObjStm >> stream\n" + zlib.compress(long)))


def test_a_letter_that_belongs_to_no_text_is_none_printed_again():
    class Raw:
        def FPDFText_GetTextObject(self, _: object, __: int) -> Any:  # noqa: N802
            return ctypes.POINTER(ctypes.c_int)()

    reader = words._WordReader.__new__(words._WordReader)
    reader._raw, reader._text = Raw(), None
    reader._box = lambda _: (0.0, 0.0, 5.0, 9.0)  # type: ignore[method-assign, assignment]
    assert not reader._printed_again(1)
