"""What a terminal sends becomes the keys that a person pressed, and nothing else becomes one."""

import pytest

from winnow_cli.key_sequences import (
    BACKSPACE,
    DOWN,
    END,
    ENTER,
    ERASE_LINE,
    ESCAPE,
    ESCAPE_S,
    HOME,
    MAX_PASTED,
    PAGE_DOWN,
    PAGE_UP,
    QUIET_S,
    TAB,
    UNFINISHED_S,
    UP,
    Key,
    KeyParser,
    Pasted,
    Typing,
)

KEYS = {
    "\x1b[A": UP, "\x1bOA": UP, "\x1b[B": DOWN, "\x1bOB": DOWN,
    "\x1b[5~": PAGE_UP, "\x1b[6~": PAGE_DOWN,
    "\x1b[H": HOME, "\x1bOH": HOME, "\x1b[1~": HOME, "\x1b[7~": HOME,
    "\x1b[F": END, "\x1bOF": END, "\x1b[4~": END, "\x1b[8~": END,
}  # fmt: skip
NO_KEYS = {
    "F1 of Linux's console": "\x1b[[A",
    "F5 of Linux's console": "\x1b[[E",
    "F2": "\x1bOQ",
    "F5": "\x1b[15~",
    "Insert": "\x1b[2~",
    "Delete": "\x1b[3~",
    "Shift and Tab": "\x1b[Z",
    "Ctrl and up": "\x1b[1;5A",
    "Shift and Page Up": "\x1b[5;2~",
    "1 of kitty's protocol": "\x1b[49;5u",
    "1 of xterm's modifyOtherKeys": "\x1b[27;5;49~",
    "2 of the keypad": "\x1bOr",
    "Shift and F1 of old xterms": "\x1bO2P",
    "focus": "\x1b[I",
    "no focus": "\x1b[O",
    "a click at column 17": "\x1b[M 11",
    "a click, SGR": "\x1b[<0;10;20M",
    "a click let go, SGR": "\x1b[<0;10;20m",
    "where the cursor is": "\x1b[12;1R",
    "what the terminal is": "\x1b[?64;1;2;6;9;15;22c",
    "its version": "\x1bP>|XTerm(370)\x1b\\",
    "its colour": "\x1b]11;rgb:1111/2222/0000\x07",
    "its colour, with another end": "\x1b]10;rgb:0000/1111/2222\x1b\\",
    "its title": "\x1b]l1 2 0\x1b\\",
    "a program's command": "\x1b_G1;OK\x1b\\",
}


def read(parts: list[str], pause: float) -> list[Key]:
    """The keys of what comes in several reads."""
    typing, now, keys = Typing(), 100.0, []
    for part in parts:
        keys += typing.received(part, now)
        now += pause
    while typing.waiting:
        now += QUIET_S
        keys += typing.idle(now)
    return keys


@pytest.mark.parametrize("pause", [0.0, 0.04, 0.15, 0.4])
@pytest.mark.parametrize("sent", KEYS)
def test_a_key_in_two_reads_is_the_key_and_no_decision(sent: str, pause: float) -> None:
    for at in range(1, len(sent)):
        keys = read([sent[:at], sent[at:]], pause)
        if at > 1 or pause < ESCAPE_S:
            assert keys == [KEYS[sent]]
        else:
            assert keys == [ESCAPE, KEYS[sent]]
    assert read([sent], 0) == [KEYS[sent]]


@pytest.mark.parametrize("pause", [0.0, 0.04, 0.15, 0.4])
@pytest.mark.parametrize("sent", NO_KEYS.values(), ids=list(NO_KEYS))
def test_what_is_no_key_becomes_none_however_it_comes(sent: str, pause: float) -> None:
    assert read([sent], pause) == []
    for at in range(1, len(sent)):
        assert read([sent[:at], sent[at:]], pause) in ([], [ESCAPE])
    assert read(list(sent), pause) in ([], [ESCAPE], [ESCAPE, ESCAPE])


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        ("2", ["2"]),
        ("ü", ["ü"]),
        ("\r", [ENTER]),
        ("\n", [ENTER]),
        ("\t", [TAB]),
        ("\x7f", [BACKSPACE]),
        ("\x15", [ERASE_LINE]),
        ("\x1b", [ESCAPE]),
        ("\x1b\x1b", [ESCAPE]),
        ("\x1b1", []),
        ("\x01", []),
        ("\x7f\x7f\x7f", [BACKSPACE] * 3),
        ("\x1b[B\x1b[B\x1b[5~", [DOWN, DOWN, PAGE_UP]),
        ("1\x1b[B", ["1", DOWN]),
    ],
)
def test_one_key(sent: str, keys: list[Key]) -> None:
    assert read([sent], 0) == keys


@pytest.mark.parametrize(
    "sent", ["12", "1\r", "\r1", "\r\r", "2 units, 10 mg\r", "seen\r\n1\r\n", "q1", "1\t"]
)
def test_characters_that_come_at_once_are_pasted(sent: str) -> None:
    text = sent.replace("\r", "\n")
    assert read([sent], 0) == [Pasted(text)]
    pieces = read(list(sent), 0.001)
    assert all(isinstance(key, Pasted) for key in pieces)
    assert "".join(key.text for key in pieces if isinstance(key, Pasted)) == text


@pytest.mark.parametrize("pause", [0.03, 0.05, 0.2, 1.5])
@pytest.mark.parametrize("typed", ["11020", "1\r2\r", "nNot sure 2\r1", "aa"])
def test_who_types_fast_is_understood(typed: str, pause: float) -> None:
    assert read(list(typed), pause) == [ENTER if c == "\r" else c for c in typed]


def test_a_paste_in_blocks_has_no_key_at_the_seams() -> None:
    assert read(["1" * 1024, "2", "\r", "3" * 1024, "4"], 0.01) == [
        Pasted("1" * 1024), Pasted("2"), Pasted("\n"), Pasted("3" * 1024), Pasted("4"),
    ]  # fmt: skip


def test_a_key_between_pasted_characters_keeps_its_place() -> None:
    assert read(["1\x7f2"], 0) == [Pasted("1"), BACKSPACE, Pasted("2")]
    assert read(["1", "\x1b[B", "2"], 0.01) == [Pasted("1"), DOWN, Pasted("2")]


@pytest.mark.parametrize(
    "text",
    ["", "1", "seen in clinic\r2 units, 10 mg\r", "\x1b", "\x1b[", "\x1b[5~1", "\x1b[M", "\x1b]0;1",
     "\x1b[200~1", "\x1b[201", "é\n"],
)  # fmt: skip
@pytest.mark.parametrize("pause", [0.0, 0.15])
def test_marked_text_is_pasted_whole_however_it_comes(text: str, pause: float) -> None:
    sent = f"\x1b[200~{text}\x1b[201~"
    assert read([sent], 0) == [Pasted(text)]
    for at in range(2, len(sent)):
        assert read([sent[:at], sent[at:]], pause) == [Pasted(text)]
    assert read([sent, "1"], 0.05) == [Pasted(text), "1"]


def test_a_paste_whose_end_is_lost_ends_after_a_while() -> None:
    typing = Typing()
    assert typing.received("\x1b[200~12", 1.0) == []
    assert typing.idle(1.0 + UNFINISHED_S) == [Pasted("12")]
    assert typing.received("1", 3.0) == []
    assert typing.idle(3.0 + QUIET_S) == ["1"]


def test_a_sequence_whose_end_is_lost_takes_no_key_a_second_later() -> None:
    assert read(["\x1b[", "1"], UNFINISHED_S + 0.1) == ["1"]
    assert read(["\x1b]11;", "1"], UNFINISHED_S + 0.1) == ["1"]


def test_a_long_paste_is_cut() -> None:
    (key,) = KeyParser().feed("\x1b[200~" + "1" * (MAX_PASTED + 5) + "\x1b[201~")
    assert key == Pasted("1" * MAX_PASTED)
