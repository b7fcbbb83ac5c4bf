"""Pictures and icons that are answers: what a person sees beside a question is read."""

import io

import pytest

from winnow.readers import ReadLimits, Source, read


def text_of(page: str) -> str:
    with Source(io.BytesIO(page.encode()), "x.html", ["text"], ["id"], ReadLimits()) as source:
        (record,) = read(source)
    return record.text


@pytest.mark.parametrize(
    ("drawn", "read_as"),
    [
        ("<img alt=No src=a.png>", "No"),
        ("<img alt='Yes' src=a.png>", "Yes"),
        ("<img alt=unchecked src=a.png>", "[ ]"),
        ("<img alt='Checked' src=a.png>", "[x]"),
        ("<img src='/img/unchecked.gif'>", "[ ]"),
        ("<img src='cb_checked.png'>", "[x]"),
        ("<img alt='check mark'>", "✓"),
        ("<i class='fa fa-times'></i>", "✗"),
        ("<i class='fas fa-check-circle text-success'></i>", "✓"),
        ("<i class='fa fa-square-o'></i>", "[ ]"),
        ("<span class='glyphicon glyphicon-remove'></span>", "✗"),
        ("<svg role=img aria-label=No></svg>", "No"),
        ("<svg class='bi bi-check-square'><path d=''/></svg>", "[x]"),
        ("<span role=img aria-label='cross mark'></span>", "✗"),
    ],
)
def test_a_picture_that_is_an_answer_is_read(drawn: str, read_as: str) -> None:
    assert text_of(f"<p>Melena {drawn}<p>Fever") == f"Melena {read_as}\nFever"
    assert text_of(f"<p>{drawn} Melena<p>Fever") == f"{read_as} Melena\nFever"
    assert text_of(f"<p>Melena <span hidden>{drawn}</span><p>Fever") == "Melena\nFever"
    assert text_of(f"<p>Melena <s>{drawn}</s><p>Fever") == "Melena\nFever"


def test_the_icon_of_an_item_stands_in_its_line() -> None:
    page = "<ul><li class='fa fa-times'>Melena<li class='fa fa-check'>Fever</ul>"
    assert text_of(page) == "✗ Melena\n✓ Fever"


@pytest.mark.parametrize(
    "drawn",
    [
        "<img alt='Clinic North' src=logo.png>",
        "<img alt='' src=spacer.gif>",
        "<img src=north.png>",
        "<img alt='Logo' src=checked.png>",
        "<i class='fa fa-user'></i>",
        "<i class='checked check no'></i>",
        "<button><i class='fa fa-times'></i></button>",
        "<i class='fa fa-times' style='display: none'></i>",
        "<svg class=chart></svg>",
    ],
)
def test_other_pictures_say_nothing(drawn: str) -> None:
    assert text_of(f"<p>Melena {drawn}<p>Fever") == "Melena\nFever"
