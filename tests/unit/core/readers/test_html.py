"""What of a page is seen: end tags left out, what attributes and styles hide, in linear time."""

import io
import sys

import pytest

from winnow.errors import WinnowError
from winnow.parsers.html import style_sheets, visible_text
from winnow.readers import ReadLimits, Source, read


def page(body: str, head: str = "") -> str:
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


def reading(content: str | bytes, name: str = "x.html") -> tuple[list[str], list[str]]:
    data = content.encode() if isinstance(content, str) else content
    with Source(io.BytesIO(data), name, ["note"], ["id"], ReadLimits()) as opened:
        try:
            found = [line for record in read(opened) for line in record.text.split("\n")]
        except WinnowError as error:
            found = [error.code]
    return found, [note.code for note in opened.notes]


def parsed(content: str) -> tuple[list[str], list[str]]:
    """As `reading`, without a child process."""
    events: list[list] = []
    visible_text.parse(io.BytesIO(content.encode()), ReadLimits().model_dump(), events.append, None)
    return (
        [event[1].strip() for event in events if event[0] == "text"],
        [event[1] for event in events if event[0] == "note"],
    )


class Steps:
    """Counts the lines of our parser that are run: what it costs, whatever the machine does."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, frame, event, arg):
        if "winnow/parsers" not in frame.f_code.co_filename:
            return None
        self.count += event == "line"
        return self


def steps_of(content: str) -> int:
    counted = Steps()
    before = sys.gettrace()
    sys.settrace(counted)
    try:
        parsed(content)
    finally:
        sys.settrace(before)
    return counted.count


def seen(body: str, head: str = "") -> list[str]:
    return reading(page(body, head))[0]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<p hidden>no<p>Yes.", ["Yes."]),
        ("<p hidden>no<div>Yes.</div>", ["Yes."]),
        ("<p hidden>no<table><tr><td>Yes.</table>", ["Yes."]),
        ("<p hidden>no<h2>Yes.</h2>", ["Yes."]),
        ("<ul><li hidden>no<li>Yes.</ul>", ["Yes."]),
        ("<ul><li hidden><ul><li>no</ul><li>Yes.</ul>", ["Yes."]),
        ("<dl><dt hidden>no<dd>Yes.<dd hidden>no<dt>And.</dl>", ["Yes.", "And."]),
        ("<table><tr hidden><td>no<tr><td>Yes.</table>", ["Yes."]),
        ("<table><tr><td hidden>no<td>Yes.</table>", ["Yes."]),
        ("<table><tr><th hidden>no<td>Yes.</table>", ["Yes."]),
        ("<table><thead hidden><tr><td>no<tbody><tr><td>Yes.</table>", ["Yes."]),
        ("<table><tbody hidden><tr><td>no<tfoot><tr><td>Yes.</table>", ["Yes."]),
        ("<table><caption hidden>no<tr><td>Yes.</table>", ["Yes."]),
        ("<table hidden><tr><td>no</table>Yes.", ["Yes."]),
        ("<table hidden>Yes.<tr><td>no</table>", ["Yes."]),
        ("<select><option hidden>no<option selected>Yes.</select>", ["Yes."]),
        (
            "<select><optgroup><option>no<optgroup hidden><option>n<option selected>o</select>",
            ["___"],
        ),
        ("<ruby>漢<rp>(<rt hidden>no<rp>)</ruby>Yes.", ["漢Yes."]),
        ("<div hidden>no</div>Yes.", ["Yes."]),
        ("<div hidden><span>no</div>Yes.", ["Yes."]),
        ("<span hidden>no<div>no</span>no</div></span>Yes.", ["Yes."]),
        ("<b hidden>no</b>Yes.", ["Yes."]),
        ("<p><b hidden>no<p>no</b>Yes.", ["Yes."]),
        ("<b hidden>no<div>no</b>Yes.</div>", ["Yes."]),
        ("<a hidden>no<a>Yes.</a>", ["Yes."]),
        ("<button hidden>no<button>Yes.", ["Yes."]),
        ("<form hidden>no</form>Yes.", ["Yes."]),
        ("<h1 hidden>no<h2>Yes.", ["Yes."]),
        ("<h1 hidden>no</h3>Yes.", ["Yes."]),
        ("<template><p>no</template>Yes.", ["Yes."]),
        ("<svg><path>no<p>Yes.", ["Yes."]),
        ("<svg><style>.x{}<path/></svg>Yes.", ["Yes."]),
        ("<math><mi>x</mi><annotation>no</annotation></math> Yes.", ["x Yes."]),
        ("<p>Yes.</div></span></td></b>And.", ["Yes.And."]),
        ("</p>Yes.<br>And.</br>More.", ["Yes.", "And.", "More."]),
    ],
)
def test_what_is_hidden_ends_where_html_says_that_it_ends(body, shown):
    assert seen(body) == shown


# -- forms, struck text, symbol fonts --------------------------------------------------------------

HIDING = (
    "<style>.clear{position:absolute;opacity:0} .none{display:none} .gone{text-decoration:"
    "line-through} .cut{position:absolute;clip:rect(0,0,0,0)} .kept{text-decoration:none}</style>"
)
FORMS = {
    "boxes": ("<input type=checkbox> A <input type=radio checked> B", "[ ] A [x] B"),
    "a clear box": ("<input type=checkbox class=clear> A", "[ ] A"),
    "a clear box that is ticked": ("<input type=checkbox class=clear checked> A", "[x] A"),
    "radio buttons that labels draw": (
        "<input type=radio class=cut id=y><label for=y>Yes</label>"
        "<input type=radio class=cut id=n checked><label for=n>No</label>",
        "[ ] Yes [x] No",
    ),
    "a box in what is hidden, and its label": (
        "<span class=none><input type=checkbox id=y></span><label for=y>A</label>",
        "[ ] A",
    ),
    "a label before its hidden box": (
        "<label for=y>A</label> <input class=none type=checkbox id=y checked>",
        "A [x]",
    ),
    "a hidden label of a hidden box": (
        "A<input class=none type=checkbox id=y checked><label for=y class=none>B</label>",
        "A",
    ),
    "a hidden label around a box": ("A<label hidden><input type=checkbox checked>B</label>", "A"),
    "a box in what is hidden": ("A<div class=none><input type=checkbox checked></div>", "A"),
    "what is sent unseen": ("A<input type=hidden value=x>", "A"),
    "boxes by their role": (
        "<span role=checkbox aria-checked=false></span> A <span role=switch aria-checked=true>"
        "</span> B <b role=radio></b> C",
        "[ ] A [x] B [ ] C",
    ),
    "a box in a box by its role": (
        "<label role=checkbox aria-checked=true><input class=clear type=checkbox>A</label>"
        "<input type=checkbox>B",
        "[x] A [ ] B",
    ),
    "a hidden box by its role": ("A<b class=none role=checkbox aria-checked=true></b>", "A"),
    "other roles": ("<span role=button aria-checked=true>A</span>", "A"),
    "a list that is closed": ("<select><option>a<option>b</select>", "a"),
    "a list with one line": ("<select size=1><option>a<option>b</select>", "a"),
    "a list of several, none chosen": ("A<select multiple><option>a<option>b</select>", "A"),
    "an open list, none chosen": ("A<select size=4><option>a<option>b</select>", "A"),
    "a list of several, two chosen": (
        "<select multiple><option selected>a<option>b<option selected>c</select>",
        "a, c",
    ),
    "a closed list, two chosen": ("<select><option selected>a<option selected>b</select>", "b"),
}


@pytest.mark.parametrize(("body", "shown"), FORMS.values(), ids=FORMS)
def test_forms_show_what_is_ticked_and_chosen(body, shown):
    assert seen(f"<p>{body}", HIDING) == [shown]


# -- selection lists -------------------------------------------------------------------------------

CHOSEN = {
    "the first": ("<option>Yes<option>No", "Yes"),
    "one": ("<option>Yes<option selected>No<option>Unknown", "No"),
    "the last of two": ("<option selected>Yes<option selected>No", "No"),
    "by its label": ("<option>Yes<option label=No selected></option>", "No"),
    "by its label, not its text": ("<option label='No, never' selected>n</option>", "No, never"),
    "an empty label": ("<option label='' selected>No</option>", "No"),
    "after one that cannot be": ("<option disabled>Finding<option>No<option>Yes", "No"),
    "after a group that cannot be": (
        "<optgroup label=a disabled><option>Yes</optgroup><option>No",
        "No",
    ),
    "in a group": ("<optgroup label=a disabled><option>Yes<optgroup label=b><option>No", "No"),
    "all but it cannot be": (
        "<option disabled>Yes<option selected>No<option disabled>Unknown",
        "No",
    ),
    "a form to read": ("<option disabled>Yes<option disabled selected>No", "No"),
    "the only one, hidden": ("<option hidden selected>No", "No"),
    "all hidden": ("<option class=none>Yes<option class=none selected>No", "No"),
    "spaces": ("<option>Yes<option selected>\n  No\n  pain  </option>\n", "No pain"),
    "entities": ("<option selected>No&nbsp;pain &gt; 3", "No pain > 3"),
    "a value": ("<option value=1>Yes<option value=0 selected>No", "No"),
    "others hidden": ("<option hidden>Yes<option selected>No<option class=none>Unknown", "No"),
    "a rule between": ("<option>Yes<hr><option selected>No", "No"),
    "text between": ("none<option selected>No</option>none", "No"),
    "a template": ("<template><option selected>Yes</template><option>No", "No"),
}
UNCHOSEN = {
    "nothing": "<option value='' selected disabled hidden>Choose</option><option>Yes<option>No",
    "a class": "<option class=none selected>Choose<option>Yes<option>No",
    "an empty value": "<option value=''>- Select -<option value=1>Yes<option value=0>No",
    "one that cannot be": "<option selected disabled>Answer<option>Yes<option>No",
    "a hidden one": "<option hidden>Please select<option>Yes<option>No",
    "a hidden group": "<optgroup hidden><option selected>?</optgroup><option>Yes<option>No",
    "a group that cannot be": "<optgroup disabled><option selected>?</optgroup><option>Yes",
    "not seen": "<option style='visibility:hidden' selected>Pick one<option>Yes<option>No",
    "no text": "<option><option>Yes<option>No",
    "blank": "<option value=x selected>&nbsp;</option><option>Yes<option>No",
    "no entries": "",
    "none that can be": "<option disabled>Yes<option disabled>No",
    "after one that was": "<option selected>Yes<option value='' selected>Choose",
}


@pytest.mark.parametrize(("options", "shown"), CHOSEN.values(), ids=CHOSEN)
def test_a_closed_list_shows_the_entry_that_is_selected(options, shown):
    select = f"<select>{options}</select>"
    assert reading(page(f"<p>Melena? {select} Then.", HIDING)) == ([f"Melena? {shown} Then."], [])
    cells = f"<table><tr><td>Melena<td>{select}<tr><td>Fever<td>a</table>"
    assert reading(page(cells, HIDING)) == ([f"Melena\t{shown}", "Fever\ta"], [])


@pytest.mark.parametrize("options", UNCHOSEN.values(), ids=UNCHOSEN)
def test_a_closed_list_that_was_left_at_its_prompt_is_an_open_answer(options):
    select = f"<select name=a required>{options}</select>"
    assert reading(page(f"<p>Melena? {select} Then.", HIDING)) == (["Melena? ___ Then."], [])
    cells = f"<table><tr><td>Melena<td>{select}<tr><td>Fever<td>a</table>"
    assert reading(page(cells, HIDING)) == (["Melena\t___", "Fever\ta"], [])


@pytest.mark.parametrize(
    ("select", "shown"),
    [
        ("<select size=3><option hidden selected>a<option>b</select>", "A"),
        ("<select size=3><option selected>a<option selected>b</select>", "A b"),
        ("<select multiple><option selected>a<option class=none selected>b</select>", "A a"),
        ("<select multiple size=1><option>a<option>b</select>", "A"),
        ("<select multiple size=1><option selected>a<option selected>b</select>", "A a, b"),
        ("<select size=x><option>a</select>", "A a"),
        ("<select size=²><option>a</select>", "A a"),
        ("<select class=none><option>a</select>", "A"),
        ("<select style='color:transparent'><option>a</select>", "A"),
        ("<select><option>a<select>B", "A a B"),
        ("<select><option>a<input value=B>", "A a B"),
        ("<select><option>a", "A a"),
    ],
)
def test_lists_that_are_open_hidden_or_not_closed(select, shown):
    assert seen(f"<p>A{select}", HIDING) == [shown]


STRUCK = {
    "s": ("<s>no</s>Yes.", ["Yes."]),
    "strike": ("<strike>no</strike>Yes.", ["Yes."]),
    "del": ("<del>no</del>Yes.", ["Yes."]),
    "a style": ("<span style='text-decoration:line-through'>no</span>Yes.", ["Yes."]),
    "two lines": ("<b style='text-decoration:underline line-through red'>no</b>Yes.", ["Yes."]),
    "a longer name": ("<i style='text-decoration-line:line-through'>no</i>Yes.", ["Yes."]),
    "a class": ("<p class=gone>no<p>Yes.", ["Yes."]),
    "what is inside": ("<div class=gone><p class=kept>no<i>no</i></div>Yes.", ["Yes."]),
    "an item": ("<ul><li class=gone><input type=checkbox checked>no<li>Yes.</ul>", ["Yes."]),
    "a denial": ("<p>She has <s>no</s> melena.", ["She has melena."]),
    "blocks": ("<s><p>no<div>no</div></s>Yes.", ["Yes."]),
    "over the end of a paragraph": ("<p><s>no<p>no</s>Yes.", ["Yes."]),
    "that ends inside a block": ("<s>no<div>no</s>Yes.</div>", ["Yes."]),
}


@pytest.mark.parametrize(("body", "shown"), STRUCK.values(), ids=STRUCK)
def test_struck_text_is_left_out_and_noted(body, shown):
    assert reading(page(body, HIDING)) == (shown, ["struck_text"])


@pytest.mark.parametrize(
    "body", ["<s class=kept>a</s>", "<u>a</u>", "<b style='text-decoration:underline'>a</b>"]
)
def test_text_that_is_not_struck_is_read(body):
    assert reading(page(body, HIDING)) == (["a"], [])


def test_the_cells_beside_a_struck_one_stay_where_they_are():
    body = "<table><tr><td>a<td class=gone>no<td>b<tr class=gone><td>no</table>"
    assert reading(page(body, HIDING)) == (["a\t\tb"], ["struck_text"])


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<span style='font-family:Wingdings'>¨</span> a", "☐ a"),
        ("<span style='font-family:\"Wingdings\",serif'>þ</span> a", "☑ a"),
        ("<font face=Wingdings>o</font> a <font face='Wingdings 2'>R</font> b", "☐ a ☑ b"),
        ("<span style='font:12pt/1.2 Webdings'>c</span> a", "☐ a"),
        ("<span style='font-family:Wingdings'>x<span style='font:7pt Arial'>x</span></span>", "☒x"),
        (
            "<span style='font-family:Symbol'>·<span style='font:7pt \"Times\"'> </span></span>a",
            "• a",
        ),
        ("<span style='font-family:Wingdings'>§</span> a", "▪ a"),
        ("<span style='font-family:Arial, Wingdings'>o</span> a", "o a"),
        ("<span style='font-family:Segoe UI Symbol'>o ❏</span> a", "o ☐ a"),
        ("□ a ⌧ b ○ c ● d ■ e", "☐ a ☒ b ○ c ● d ■ e"),
    ],
)
def test_signs_of_symbol_fonts_are_boxes_and_bullets(body, shown):
    assert reading(page(f"<p>{body}")) == ([shown], [])


def test_a_sign_that_is_not_known_is_noted():
    found = reading(page("<p><span style='font-family:Wingdings'>:</span> a"))
    assert found == (["\ufffd a"], ["symbols_unknown"])
    found = reading(page("<p><b role=checkbox aria-checked=mixed></b> a"))
    assert found == (["\ufffd a"], ["symbols_unknown"])


def test_what_is_raised_is_no_digit_of_the_number_before_it():
    body = (
        "<p>450 x 10<sup>9</sup>/L, 10<b><sup> -3</sup></b>, 7.9<sup><a>1</a></sup>, "
        "5<sup>th</sup>, m<sup>2</sup>"
    )
    assert seen(page(body)) == ["450 x 10^9/L, 10 -3, 7.9^1, 5th, m2"]
    styled = "<p>10<span style='vertical-align:super;color:red'>9</span>, 10<font class=s>9</font>."
    assert seen(page(styled, "<style>.s{vertical-align: super}</style>")) == ["10^9, 10^9."]
    assert seen("<p>10<sup>1<b>2</b></sup><sup>3</sup>4, 5<sub>6</sub>") == ["10^1234, 56"]
    assert seen("<p>8<sup></sup>9 <sup>3</sup>He") == ["89 3He"]


def test_text_in_a_drawing_is_left_out_and_noted():
    icon = "<svg><title>no</title><style>no</style><path/></svg>"
    assert reading(page(f"<p>Yes.{icon}")) == (["Yes."], [])
    drawn = "<p>Yes.<svg><g><text x=1>no<tspan> no</tspan></text></g></svg>"
    assert reading(page(drawn)) == (["Yes."], ["drawings_left_out"])
    assert reading(page(f"<div hidden>{drawn}</div>And.")) == (["And."], ["hidden_text"])


@pytest.mark.parametrize(
    "style",
    [
        "display:none",
        "DISPLAY : None",
        "display:none!important",
        "display:block;display:none",
        "visibility:hidden",
        "visibility: collapse",
        "opacity:0",
        "opacity: 0.0",
        "font-size:0",
        "font-size:0px",
        "color:transparent",
        "color:rgba(0,0,0,0)",
        "position:absolute;left:-9999px",
        "position:absolute; top:-999em",
        "text-indent:-9999px",
        "max-height:0;overflow:hidden",
        "height:1px;width:1px;overflow:hidden;position:absolute",
        "position:absolute;clip:rect(0 0 0 0)",
        "content-visibility:hidden",
    ],
)
def test_what_a_style_hides_is_left_out_and_noted(style):
    assert reading(page(f"<p style='{style}'>no</p><p>Yes.")) == (["Yes."], ["hidden_text"])
    sheet = f"<style>.x{{{style}}}</style>"
    assert reading(page("<p class='a x'>no</p><p>Yes.", sheet)) == (["Yes."], ["hidden_text"])


@pytest.mark.parametrize(
    "body",
    [
        "<p style='display:none;display:block'>Yes.",
        "<p style='display:block!important;display:none'>Yes.",
        "<p style='x-display:none;content:\"display:none\"'>Yes.",
        "<p hidden style='display:block'>Yes.",
        "<div style='visibility:hidden'><p style='visibility:visible'>Yes.</div>",
        "<div style='font-size:0'><p style='font-size:12px'>Yes.</div>",
        "<p style='opacity:0.5;height:20px;overflow:hidden'>Yes.",
        "<p style='width:100%;overflow:hidden;position:absolute;left:10px'>Yes.",
        "<p aria-hidden=true>Yes.",
        "<details><summary hidden>n</summary>Yes.</details>",
        "<dialog open>Yes.</dialog>",
        "<p data-hidden title='hidden'>Yes.",
    ],
)
def test_what_a_reader_sees_all_the_same_is_read(body):
    assert seen(body) == ["Yes."]


@pytest.mark.parametrize(
    ("sheet", "body", "shown"),
    [
        ("p{display:none}", "<p>no<div>Yes.", ["Yes."]),
        ("P.x, #y {display:none}", "<p class=x>no<p id=y>no<p>Yes.", ["Yes."]),
        (
            "td.x b{display:none}",
            "<b>Yes.</b><table><td class=x><b>no</b><td><b>So.",
            ["Yes.", "So."],
        ),
        (".a > .b{display:none}", "<p class=a><i class=b>no</i><u><i class=b>Yes.", ["Yes."]),
        ("[data-x]{display:none}", "<p data-x>no<p>Yes.", ["Yes."]),
        ("[lang=de]{display:none}", "<p lang=de>no<p lang=en>Yes.", ["Yes."]),
        (".x{display:none} .x{display:block}", "<p class=x>Yes.", ["Yes."]),
        ("p.x{display:block} .x{display:none}", "<p class=x>Yes.", ["Yes."]),
        (".x{display:none!important}", "<p class=x style='display:block'>no</p>Yes.", ["Yes."]),
        ("@media print{p{display:none}}", "<p>Yes.", ["Yes."]),
        ("@media (max-width:600px){p{display:none}}", "<p>Yes.", ["Yes."]),
        ("@media screen{.x{display:none}} p{color:red}", "<p class=x>no<p>Yes.", ["Yes."]),
        ("/* p{display:none} */ .x{display:none}", "<p>Yes.<p class=x>no", ["Yes."]),
        ("p:first-child{display:none}", "<p>Yes.", ["Yes."]),
        ("@import 'x.css'; .x{display:none}", "<p class=x>no<p>Yes.", ["Yes."]),
    ],
)
def test_style_sheets_hide_what_their_simple_selectors_name(sheet, body, shown):
    assert seen(body, f"<style>{sheet}</style>") == shown
    assert seen(f"<!-- <style>* {{display:none}}</style> -->{body}<style>{sheet}</style>") == shown


def test_the_last_of_thousands_of_rules_hides_too():
    """A page that was saved has its framework's rules in it, thousands of them, before its own."""
    rules = "".join(f".c{n}{{display:block}}" for n in range(5_000)) + ".gone{display:none}"
    body = "<p class=gone>no<p class=c7>Yes."
    assert reading(page(body, f"<style>{rules}</style>")) == (["Yes."], ["hidden_text"])


def test_rules_that_are_left_out_are_noted(monkeypatch):
    head = "<style>.a{display:none}.b{display:none}</style>"
    body = "<p class=a>no<p class=b>Two.<p>Three."
    assert reading(page(body, head)) == (["Three."], ["hidden_text"])
    with monkeypatch.context() as patched:
        patched.setattr(style_sheets, "_MAX_RULES", 1)
        assert parsed(page(body, head)) == (["Two.", "Three."], ["hidden_text", "styles_left_out"])
    monkeypatch.setattr(style_sheets, "_MAX_LOOKS", 1)
    assert parsed(page(body, head)) == (["Two.", "Three."], ["hidden_text", "styles_left_out"])


def test_many_rules_and_many_elements_cost_no_more_than_their_bound(monkeypatch):
    """Rules for an attribute are asked of each element: rules times elements, but for the bound."""
    monkeypatch.setattr(style_sheets, "_MAX_LOOKS", 20_000)
    head = f"<style>{''.join(f'[a{n}] p,p[b{n}]{{display:none}}' for n in range(300))}</style>"

    assert steps_of(page("<p>x" * 400, head)) < 1.5 * steps_of(page("<p>x" * 200, head))
    classes = [f"c{n}" for n in range(30)]
    inside = (f".{one}.{two} b,b .{one}.{two}" for one in classes for two in classes)
    head = f"<style>{','.join(inside)}{{display:none}}</style>"
    body = f"<p class='{' '.join(classes)}'>x"
    assert steps_of(page(body * 400, head)) < 1.5 * steps_of(page(body * 200, head))


def test_text_in_the_colour_of_its_background_is_read_and_noted():
    for body in (
        "<p style='color:#fff'>Melena.",
        "<font color=white>Melena.</font>",
        "<table bgcolor=black><td style='color:#000000'>Melena.",
    ):
        assert reading(page(body)) == (["Melena."], ["same_colour"])
    assert reading(page("<p style='color:#fff;background:#000'>Melena."))[1] == []


@pytest.mark.parametrize("begun", ["<!-- ", "<script>", "<style>", "<a title='", "<title>"])
def test_what_is_never_closed_is_no_text_and_noted(begun):
    content = f"<!doctype html><body>Yes.{begun}{'melena ' * 30}"
    assert reading(content) == (["Yes."], ["markup_not_closed"])


def test_entities_and_tags_that_are_none():
    assert seen(
        "1 < 2 &amp; 3 <4 &lt;b> &#8211; &#x2013; &#0000065; &#99999999999; &nosuch; <"
    ) == ["1 < 2 & 3 <4 <b> – – A \ufffd &nosuch; <"]
    assert seen("a &#" + "0" * 5_000 + "65; b") == ["a A b"]
    assert seen("<p title=it's>a<p title='>'>b<p/title=x>c</p title=y>d") == ["a", "b", "c", "d"]


BOMBS = {
    "open blocks": "<div>",
    "paragraphs": "<p>x",
    "comments": "<!--",
    "comments with ends": "<!-->x",
    "markup declarations": "<![CDATA[",
    "processing instructions": "<?x ",
    "end tags": "</",
    "tags": "<a ",
    "open quotes": "<a b=\"c' ",
    "unequal quotes": "<a b='",
    "scripts": "<script>",
    "formatting": "<b hidden><p>x",
    "items": "<li></li><div>",
    "tables": "<table><tr><td>x",
    "forms": "<form><div></form>x",
    "spans": "<span hidden><div>x</span>",
    "numbers": "&#0",
    "links": "<a><div>x",
    "formulas": "<math><mi>",
    "styles": "<style>p{display:none}</style><p>x",
    "powers": "<math><msup><mn>1",
    "closed drawings": "<svg/><svg><svg/>x",
    "texts in drawings": "<svg><![CDATA[",
    "rules": "<p style='color:red;'>x",
}


@pytest.mark.parametrize("piece", BOMBS.values(), ids=BOMBS)
def test_a_page_takes_steps_in_proportion_to_its_length(piece):
    assert steps_of(piece * 600) < 2.3 * steps_of(piece * 300) + 1_000


def test_a_long_bomb_is_read_within_its_time():
    content = "<!doctype html>" + "<div>" * 200_000 + "deep" + "<!--" * 200_000
    assert reading(content) == (["deep"], ["markup_not_closed"])


# -- what a table, a list or a style says by its places -------------------------------------------


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (
            "<table><tr><th>Finding<th>Yes<th>No<tr><td>Ongoing melena<td><td>X</table>",
            ["Finding\tYes\tNo", "Ongoing melena: No"],
        ),
        (
            "<table><tr><td>Melena<td rowspan=2>No<tr><td>Fever<tr><td>Pain<td>Yes</table>",
            ["Melena\tNo", "Fever\tNo", "Pain\tYes"],
        ),
        (
            "<table><tr><td rowspan=3>No<td>a<td>1<tr><td>b<td>2<tr><td>c</table>",
            ["No\ta\t1", "No\tb\t2", "No\tc"],
        ),
        (
            "<table><tr><td>a<td>b<td rowspan=2>No<tr><td>c</table>",
            ["a\tb\tNo", "c\t\tNo"],
        ),
        ("<table><tr><td>a<td rowspan=2>No<tr><td></table>", ["a\tNo"]),
        (
            "<table><tr><th>Finding<th>Yes<th>No<tr><td colspan=2>Melena<td>X</table>",
            ["Finding\tYes\tNo", "Melena: No"],
        ),
        (
            "<table><tr><td><p>Denies chest pain</p><p>Ongoing melena</p></table>",
            ["Denies chest pain", "Ongoing melena"],
        ),
        (
            "<dl><dt>Ongoing melena<dd>No<dt>Fever:<dd>Yes</dl>",
            ["Ongoing melena: No", "Fever: Yes"],
        ),
        ("<dl><dt>Melena?<dd><p>No</p><p>Not now</p></dl>", ["Melena? No", "Not now"]),
        ("<dl><dt>Melena<dt>Fever<dd>No<dd>None</dl>So.", ["Melena, Fever: No", "None", "So."]),
        ("<dl><dt>Melena<dd><dt>Fever<dd>No</dl>", ["Melena: ___", "Fever: No"]),
        ("<dl><dt>Melena<dd></dl>So.", ["Melena: ___", "So."]),
        ("<dl><dt>One<dt>Two</dl>So.", ["One, Two", "So."]),
        ("<dl><dt>Melena<dd><input value=No></dl>", ["Melena: No"]),
        ("<table><tr><td><dl><dt>Melena<dd>No</dl><td>b</table>", ["Melena: No\tb"]),
        (
            "<span style='display:block'>No melena</span><span style='display:block'>Anemia</span>",
            ["No melena", "Anemia"],
        ),
        (
            "<div style='display:flex'><span>Melena</span><span>No</span></div>So.",
            ["Melena\tNo", "So."],
        ),
        (
            "<style>.r{display:table-row}.c{display:table-cell}</style><div class=r>"
            "<span class=c>Melena</span><span class=c>No</span></div>",
            ["Melena\tNo"],
        ),
        (
            "<style>.c{display:table-cell}</style><div><div class=c>No fever</div>"
            "<div class=c>Ongoing melena</div></div>",
            ["No fever", "Ongoing melena"],
        ),
        ("<b style='display:inline-block'>H</b>emoglobin", ["Hemoglobin"]),
    ],
)
def test_places_are_told_in_words(body, shown):
    assert seen(page(body)) == shown


# -- blanks and line ends --------------------------------------------------------------------------

NOTE = "No fever\n  Melena,  daily\n\nNo pain"
AS_LINES = ["No fever", "Melena, daily", "No pain"]
AS_ENTERED = ["No fever", "Melena,  daily", "No pain"]
AS_TEXT = ["No fever Melena, daily No pain"]
SPACES = (
    "<style>.pre{white-space:pre-wrap}.lines{white-space:pre-line}.text{white-space:normal}</style>"
)


@pytest.mark.parametrize(
    ("style", "shown"),
    [
        ("white-space:pre-wrap", AS_ENTERED),
        ("WHITE-SPACE: Pre-Wrap", AS_ENTERED),
        ("white-space:pre", AS_ENTERED),
        ("white-space:break-spaces", AS_ENTERED),
        ("white-space:pre-line", AS_LINES),
        ("white-space:preserve nowrap", AS_ENTERED),
        ("white-space-collapse:preserve", AS_ENTERED),
        ("white-space-collapse:preserve-breaks", AS_LINES),
        ("white-space:pre-wrap;white-space:-moz-pre-wrap;white-space:-o-pre-wrap", AS_ENTERED),
        ("white-space:pre-line!important;white-space:normal", AS_LINES),
        ("white-space:normal", AS_TEXT),
        ("white-space:nowrap", AS_TEXT),
        ("white-space:pre;white-space:normal", AS_TEXT),
        ("white-space-collapse:collapse", AS_TEXT),
        ("white-space:inherit", AS_TEXT),
        ("word-wrap:break-word", AS_TEXT),
    ],
)
def test_lines_are_kept_where_a_style_keeps_them(style, shown):
    assert seen(f"<div style='{style}'>{NOTE}</div>") == shown
    assert seen(f"<p class=n>{NOTE}", f"<style>.n{{{style}}}</style>") == shown
    cell = seen(f"<table><td style='{style}'>{NOTE}</table>")
    assert cell == [" ".join(line.split()) for line in shown]
    assert seen(f"<p>So: <span style='{style}'>{NOTE}</span>")[0] == f"So: {shown[0]}"
    mail = f"From: a@b.example\nContent-Type: text/html\n\n<div style='{style}'>{NOTE}</div>"
    assert reading(mail, "x.eml")[0] == shown


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (f"<pre>{NOTE}</pre>", AS_ENTERED),
        (f"<textarea>{NOTE}</textarea>", AS_ENTERED),
        (f"<xmp>{NOTE}</xmp>", AS_ENTERED),
        (f"<pre class=text>{NOTE}</pre>", AS_TEXT),
        (f"<pre style='white-space:pre-line'>{NOTE}</pre>", AS_LINES),
        (f"<textarea class=lines>{NOTE}</textarea>", AS_LINES),
        (f"<div class=pre><p>{NOTE}</div>{NOTE}", AS_ENTERED + AS_TEXT),
        (f"<div class=pre><p class=text>{NOTE}</p>{NOTE}</div>", AS_TEXT + AS_ENTERED),
        (f"<div class=lines><b><i>{NOTE}</i></b></div>", AS_LINES),
        ("<div class=pre>\n<p>One\n</p>\n<p>Two</p>\n</div>", ["One", "Two"]),
        ("<p class=lines>No melena<br>\nNo pain<br>\nWell", ["No melena", "No pain", "Well"]),
        ("<p class=pre><b>No fever</b>\n<b>Melena</b>", ["No fever", "Melena"]),
        ("<p class=pre>No\u00a0fever<b> </b> a", ["No\u00a0fever  a"]),
        ("<p class=lines>No \t fever<b> </b> a", ["No fever a"]),
        (
            "<div class=pre style='display:flex'>\n <b>Melena</b>\n <b>No</b>\n</div>",
            ["Melena\tNo"],
        ),
        (
            "<div class=pre style='display:table-row'>\n<b style='display:table-cell'>Melena</b>\n"
            "<b style='display:table-cell'>No</b>\n</div>",
            ["Melena\tNo"],
        ),
        (
            "<table class=lines>\n<tr>\n<td>Melena\n<td>No\n<tr>\n<td>Fever<td>Yes</table>",
            ["Melena\tNo", "Fever\tYes"],
        ),
        ("<pre><table><tr><td nowrap>No\nfever</table></pre>", ["No fever"]),
        ("<p class=pre>Melena: <select>\n<option>No\n pain\n</select>.", ["Melena: No pain ."]),
    ],
)
def test_line_ends_of_a_text_are_lines_where_a_browser_shows_them(body, shown):
    assert seen(body, SPACES) == shown


def test_what_follows_plaintext_is_as_it_is():
    assert reading(f"<!doctype html><plaintext>{NOTE}</p>")[0][:2] == AS_ENTERED[:2]


# -- XHTML -----------------------------------------------------------------------------------------


def xhtml(body: str, head: str = "", declared: str = '<?xml version="1.0"?>\n') -> str:
    return (
        f'{declared}<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "">\n'
        f'<html lang="en" xmlns="http://www.w3.org/1999/xhtml"><head>{head}</head>'
        f"<body><p>No fever.</p>{body}<p>Melena.</p></body></html>"
    )


CLOSED = [
    *("<span style='display:none'/>", "<div hidden='hidden'/>", "<iframe src='x'/>", "<textarea/>"),
    *("<del/>", "<s/>", "<b/>", "<a id='x'/>", "<svg/>", "<svg><svg/><text/></svg>", "<math/>"),
    *("<p/>", "<object data='x'/>", "<template/>", "<noscript/>", "<script src='x'/>", "<style/>"),
    *("<canvas id='x' />", "<video src='x'/>", "<br/>", "<hr/>", "<ul><li/></ul>", "<xmp/>"),
    *("<div><del/></div>", "<button class='x'/>", "<title/>", "<table><tr/></table>", "<i></i>"),
]


@pytest.mark.parametrize("closed", CLOSED)
def test_what_closes_itself_in_xhtml_holds_nothing(closed):
    for name in ("x.xhtml", "x.XHT"):
        assert reading(xhtml(closed), name) == (["No fever.", "Melena."], [])
    assert reading(xhtml(closed, declared=""), "x.xhtml") == (["No fever.", "Melena."], [])


@pytest.mark.parametrize("closed", ["<title/>", "<script src='x'/>", "<style/>", "<link/>"])
def test_what_closes_itself_in_the_head_of_xhtml_holds_nothing(closed):
    assert reading(xhtml("", closed), "x.xhtml") == (["No fever.", "Melena."], [])


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<p><![CDATA[Denies <b> pain & more]]></p>", "Denies <b> pain & more"),
        ("<p>Pain: <![CDATA[no]]> &amp; <![CDATA[never]]></p>", "Pain: no & never"),
        ("<textarea>&lt;<![CDATA[No & pain]]></textarea>", "<No & pain"),
        ("<select><option/><option selected='selected'>No</option></select>", "No"),
        ("<table><tr><td>a</td><td/><td>b</td></tr></table>", "a\t\tb"),
        ("<p>a<svg><title/><text/></svg>b</p>", "a b"),
        ("<p>a<s/>b</p>", "ab"),
    ],
)
def test_texts_of_xhtml(body, shown):
    assert reading(xhtml(body), "x.xhtml") == (["No fever.", shown, "Melena."], [])


def test_style_sheets_of_xhtml():
    for sheet in ("<![CDATA[ .x>b{display:none} ]]>", ".x &gt; b{display:none}"):
        found = reading(xhtml("<p class='x'>a<b>no</b></p>", f"<style>{sheet}</style>"), "x.xhtml")
        assert found == (["No fever.", "a", "Melena."], ["hidden_text"])
    sheet = "<style><!-- b{display:none} --></style><style/>"
    assert reading(xhtml("<b>a</b>", sheet), "x.xhtml")[0] == ["No fever.", "a", "Melena."]


def test_a_page_that_is_served_as_html_keeps_the_rules_of_html():
    assert reading(xhtml("<del/>")) == (["No fever."], ["struck_text"])
    assert reading("<!doctype html><p>a<del/>no", "x.xhtml") == (["a"], ["struck_text"])
    assert reading(xhtml("<![CDATA[x]]>"))[0] == ["No fever.", "Melena."]


def test_parts_of_drawings_close_themselves_in_html_too():
    assert reading(page("<p>a<svg/>b<math/>c")) == (["a bc"], [])
    assert reading(page("<p>a<svg><svg/><text>no</text></svg>b")) == (
        ["a b"],
        ["drawings_left_out"],
    )
    assert reading(page("<p>a<svg><style><![CDATA[ .a>p{} <p>no ]]></style></svg>b")) == (
        ["a b"],
        [],
    )


def test_xhtml_that_is_not_closed_is_no_text_and_noted():
    content = xhtml("<![CDATA[" + "melena " * 30)
    assert reading(content, "x.xhtml") == (["No fever."], ["markup_not_closed"])


# -- what styles hide, and what they seem to -------------------------------------------------------

HIDDEN_BY = [
    "clip-path:inset(100%)",
    "clip-path: inset(50%)",
    "clip-path:inset(0 0 100% 0)",
    "clip-path:inset(0 60% 0 40%)",
    "-webkit-clip-path:inset(100%)",
    "clip-path:circle(0)",
    "clip-path:circle(0px at 50% 50%)",
    "clip-path:ellipse(0 10px)",
    "clip-path:polygon(0 0, 0 0, 0px 0%)",
    "transform:scale(0)",
    "transform:scale(0, 1)",
    "transform:rotate(3deg) scaleX(0)",
    "-webkit-transform:scale3d(0,0,0)",
    "transform:matrix(0,0,0,0,9,9)",
    "transform:translateX(-9999px)",
    "transform:translate(-200em, 0)",
    "scale:0",
    "filter:opacity(0)",
    "filter:blur(1px) opacity(0%)",
    "position:relative;left:-9999px",
    "position:relative;top:-9999px",
    "position:relative;right:9999px",
    "position:sticky;left:-9999px",
    "position:fixed;right:-9999px",
    "margin-left:-9999px",
    "margin-top:-9999px",
    "margin:-9999px 0 0 0",
    "margin:0 0 0 -9999px",
    "margin:0 -9999px",
    "-webkit-text-fill-color:transparent",
    "-webkit-text-fill-color:#0000;color:#000",
    "color:hsla(0,0%,0%,0)",
    "color:hsl(0 0% 0% / 0%)",
    "color:rgb(0 0 0 / 0)",
    "color:#fff0",
    "/* x */display:none",
    "color:red;/* y */visibility/**/:hidden",
]
SEEN_WITH = [
    "clip-path:inset(10%)",
    "clip-path:inset(0 0 60% 0)",
    "clip-path:inset(1px)",
    "clip-path:circle(40%)",
    "clip-path:polygon(0 0, 100% 0, 100% 100%)",
    "transform:scale(0.5)",
    "transform:scale(10)",
    "transform:matrix(1,0,0,1,0,0)",
    "transform:translateX(-50%)",
    "scale:1",
    "filter:opacity(0.5)",
    "position:relative;left:-4px",
    "position:static;left:-9999px",
    "left:-9999px",
    "margin:0 -9999px;padding:0 9999px",
    "margin-left:-9999px;padding-left:9999px",
    "text-indent:-600px;padding-left:600px",
    "margin-bottom:-9999px;padding-bottom:9999px",
    "color:transparent;background:linear-gradient(red,blue);-webkit-background-clip:text",
    "-webkit-text-fill-color:transparent;background-clip:text",
    "-webkit-text-fill-color:currentcolor",
    "color:transparent;text-shadow:0 0 1px #000",
    "color:hsl(0 0% 0% / 50%)",
    "color:rgb(0 0 0 / 0.5)",
    "/* display:none */color:red",
    "mso-hide:all",
]


@pytest.mark.parametrize("style", HIDDEN_BY)
def test_what_further_styles_hide_is_left_out_and_noted(style):
    assert parsed(page(f"<p style='{style}'>no</p><p>Yes.")) == (["Yes."], ["hidden_text"])
    sheet = f"<style>.x{{{style}}}</style>"
    assert parsed(page("<p class=x>no</p><p>Yes.", sheet)) == (["Yes."], ["hidden_text"])


@pytest.mark.parametrize("style", SEEN_WITH)
def test_what_styles_only_seem_to_hide_is_read(style):
    assert parsed(page(f"<p style='{style}'>Yes.")) == (["Yes."], [])
    assert parsed(page("<p class=x>Yes.", f"<style>.x{{{style}}}</style>")) == (["Yes."], [])


def test_parts_of_a_line_are_not_transformed_and_have_no_size():
    for style in ("transform:scale(0)", "height:0;overflow:hidden"):
        assert parsed(page(f"<p>a<span style='{style}'>b</span>")) == (["ab"], [])
        for as_box in ("display:inline-block", "float:left", "position:absolute"):
            found = parsed(page(f"<p>a<span style='{style};{as_box}'>no</span>"))
            assert found == (["a"], ["hidden_text"])
    row = "<div style='display:flex'><b>a</b><b style='transform:scale(0)'>no</b></div>"
    assert parsed(page(row))[1] == ["hidden_text"]


SELECTED = {
    "three parts": (".a > .b > .c", "<i class=a><i class=b><i class=c>no</i></i></i>Yes."),
    "inside, then directly": (
        ".a .b > .c",
        "<i class=a><u><i class=b><i class=c>no</i></i></u></i>Yes.",
    ),
    "directly, then inside": (
        ".a > .b .c",
        "<i class=a><i class=b><u><i class=c>no</i></u></i></i>Yes.",
    ),
    "not so directly": (".a > .b > .c", "<i class=a><i class=b><u><i class=c>Yes.</i></u></i></i>"),
    "not in that order": (".a .b .c", "<i class=b><i class=a><i class=c>Yes.</i></i></i>"),
    "not inside": (".a > .b .c", "<u class=a><i><i class=b><i class=c>Yes.</i></i></i></u>"),
    "behind": (".a + .b", "<i class=a>Yes.</i> <i class=b>no</i>"),
    "not directly behind": (".a + .b", "<i class=a>Yes</i><u></u><i class=b>.</i>"),
    "a break between": (".a + .b", "<i class=a>Yes</i><wbr><i class=b>.</i>"),
    "a script between": (".a + .b", "<i class=a>Yes</i><script></script><i class=b>.</i>"),
    "behind an input": ("input + .b", "<input type=hidden><i class=b>no</i>Yes."),
    "later": (".a ~ .b", "<i class=a>Yes.</i><u></u><i class=b>no</i>"),
    "before": (".a ~ .b", "<i class=b>Yes</i><i class=a>.</i>"),
    "of others": (".a ~ .b", "<u><i class=a>Yes</i></u><u><i class=b>.</i></u>"),
    "inside of what is behind": (".a + .b i", "<u class=a>Yes.</u><u class=b><i>no</i></u>"),
    "tight": (".a>.b+.c~.d", "<u class=a><i class=b></i><i class=c></i>Yes.<i class=d>no</i></u>"),
    "behind itself": ("i + i", "<i>Yes.</i><i>no</i>"),
    "escaped": (r".sm\:h", "<i class=sm:h>no</i>Yes."),
    "escaped numbers": (r".\31 0\.5", "<i class='10.5'>no</i>Yes."),
    "other alphabets": (".спрятан", "<i class=спрятан>no</i>Yes."),
    "a part of an attribute": ('i[class*="hid"]', "<i class=is-hidden>no</i>Yes."),
    "its beginning": ("[class^=hid]", "<i class='hidden x'>no</i><i class='x hidden'>Yes.</i>"),
    "its end": ("[class$='den']", "<i class='x hidden'>no</i><i class='hidden x'>Yes.</i>"),
    "a word of it": ("[data-a~=no]", "<i data-a='is no'>no</i><i data-a=nob>Yes.</i>"),
    "a language": ("[lang|=de]", "<i lang=de-AT>no</i><i lang=den>Yes.</i>"),
    "nothing of it": ('[class*=""]', "<i class=x>Yes.</i>"),
    "blanks in it": ('i[ title = "a > b, c" ]', "<i title='a > b, c'>no</i>Yes."),
    "several": ("b,i[title='x,y'] , u", "<b>no</b><i title='x,y'>no</i><u>no</u>Yes."),
    "of the page": ("html.js .x", "<i class=x>no</i>Yes."),
    "a second class": (".x.y", "<i class='y z x'>no</i><i class=x>Yes.</i>"),
}


@pytest.mark.parametrize(("selector", "body"), SELECTED.values(), ids=SELECTED)
def test_selectors_hide_what_stands_as_they_say(selector, body):
    sheet = f"<style>{selector}{{display:none}}</style>"
    content = f"<!doctype html><html class=js>{sheet}<body>{body}"
    assert parsed(content) == (["Yes."], ["hidden_text"] if ">no<" in body else [])


@pytest.mark.parametrize(
    ("sheet", "notes"),
    [
        ("@supports (display:grid){.x{display:none}}", ["hidden_text"]),
        (
            "@supports (display:grid) and (gap:1px){@media screen{.x{display:none}}}",
            ["hidden_text"],
        ),
        ("@media not print{.x{display:none}}", ["hidden_text"]),
        ("@layer a{@supports (top:1px){.y{color:red}}.x{display:none}}", ["hidden_text"]),
        ("@charset 'utf-8';@import url(a.css);.x{display:none}", ["hidden_text"]),
    ],
)
def test_rules_that_hold_in_every_browser_hide(sheet, notes):
    assert parsed(page("<p class=x>no<p>Yes.", f"<style>{sheet}</style>")) == (["Yes."], notes)


@pytest.mark.parametrize(
    ("sheet", "notes"),
    [
        ("@container (width > 1px){.x{display:none}}", ["styles_left_out"]),
        ("@container a (width > 1px){.y{color:red}} .z{display:none}", []),
        ("@supports not (display:grid){.x{display:none}}", ["styles_left_out"]),
        ("@supports (-moz-appearance:none){p{display:none}}", ["styles_left_out"]),
        (".x:not(.shown, .y){display:none}", ["styles_left_out"]),
        ("div > p:first-child{visibility:hidden}", ["styles_left_out"]),
        ("p:not(.x){color:transparent}", ["styles_left_out"]),
        (f"{'.y ' * 8}.x{{display:none}}", ["styles_left_out"]),
        (".y:not(.x){display:none}", []),
        (".x:not(.y){color:red}", []),
        (".x:hover{display:none} .x::before{display:none} .x:before{opacity:0}", []),
        (".x::-webkit-scrollbar{display:none} .x:-moz-focusring{display:none}", []),
        (".x:not(:hover){display:none}", ["styles_left_out"]),
        ("a; .x{display:none}", ["styles_left_out"]),
        ("> .x, .x >, ,{display:none}", ["styles_left_out"]),
        ("@media print{.x{display:none}} @page{margin:0} @font-face{font-family:x}", []),
    ],
)
def test_rules_that_are_not_followed_are_noted_where_they_may_hide(sheet, notes):
    assert parsed(page("<p class=x>Yes.", f"<style>{sheet}</style>")) == (["Yes."], notes)


def test_selectors_cost_in_proportion_to_their_length():
    for unit in (
        "[a",
        "[a ",
        "[a='",
        '[a="b" ',
        "a\\1",
        ":x(",
        " ",
        "> ",
        ".a ",
        ".a+",
        ",",
        ".a,",
        "@container{",
    ):
        short, long = (f"<style>{unit * count}{{display:none}}</style>" for count in (2_000, 4_000))
        assert steps_of(long) < 2.3 * steps_of(short) + 1_000


def test_the_classes_of_an_element_are_split_once():
    """As many rules as classes: what is looked at is bounded, however long the attribute is."""

    def content(count: int) -> str:
        rules = "".join(f".a.b{number}{{display:none}}" for number in range(count))
        return page(f"<p class='a {'x ' * count}'>Yes.", f"<style>{rules}</style>")

    assert parsed(content(500)) == (["Yes."], [])
    assert steps_of(content(800)) < 2.3 * steps_of(content(400))


# -- words that styles put apart -------------------------------------------------------------------

APART = {
    "floats": "<b style='float:left'>Melena</b><b style='float:right'>No</b>",
    "a float and a text": "<b style='float:inline-start'>Melena</b>No",
    "a text and a float": "Melena<b style='float:right'>No</b>",
    "places": "<b style='position:absolute;left:1px'>Melena</b><b style='position:fixed'>No</b>",
    "one height": "<b class=at style='top:1px'>Melena</b> <b class=at style='top:1px'>No</b>",
    "widths": "<b class=wide>Melena</b><b class=wide>No</b>",
    "a box": "Melena<b style='display:inline-table'>No</b>",
    "a line of boxes": "<u style='display:inline-flex'><b>Melena</b><b>No</b></u>",
    "a line of boxes, with blanks": "<u style='display:inline-grid'>\n<b>Melena</b>\n<b>No</b></u>",
    "a block of them": "<div style='display:inline-flex'><b>Melena</b><b>No</b></div>",
}
PLACES = (
    "<style>.at{position:absolute}.wide{display:inline-block;width:9em}.down{display:flex;"
    "flex-direction:column}.flow{display:inline-flex;flex-flow:column}</style>"
)


@pytest.mark.parametrize("body", APART.values(), ids=APART)
def test_words_that_a_style_puts_apart_are_not_joined(body):
    assert parsed(page(f"<div>{body}</div>So.", PLACES)) == (["Melena No", "So."], [])
    assert seen(f"<table><tr><td>{body}<td>b</table>", PLACES) == ["Melena No\tb"]
    assert parsed(page(f"<dl><dt>a<dd>{body}</dl>", PLACES))[0] == ["a: Melena No"]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<b style='float:none'>H</b>emoglobin", ["Hemoglobin"]),
        ("<b style='position:relative;top:1px'>H</b>emoglobin", ["Hemoglobin"]),
        ("<b style='display:inline'>H</b>emo<i style='width:2em'>globin</i>", ["Hemoglobin"]),
        ("<p class=down><b>No fever</b><b>Melena</b>", ["No fever", "Melena"]),
        ("<p class=down>No fever<b>Melena</b>daily", ["No fever", "Melena", "daily"]),
        ("<p class=down>\n<label>No</label>\n<p>a", ["No", "a"]),
        ("<table><tr><td class=down><b>No</b><b>a</b><td>c</table>", ["No", "a", "c"]),
        (
            "<table><tr><td style='display:flex'><b>No</b><b>a</b><td>c</table>",
            ["No a\tc"],
        ),
        (
            "<b class=at style='top:1px'>No fever</b><b class=at style='top:9px'>Melena</b>",
            ["No fever", "Melena"],
        ),
        ("Denies <b class=at style='top:1px'>all</b> melena", ["Denies all melena"]),
        (
            "<b class=at style='top:1px'>Denies</b> all <b class=at style='top:9px'>melena</b>",
            ["Denies all melena"],
        ),
        ("<div style='display:flex'><b style='float:left'>a</b><b>b</b></div>", ["a\tb"]),
    ],
)
def test_words_and_lines_where_styles_put_them(body, shown):
    assert seen(page(body, PLACES)) == shown


# -- formulas, and pages in a page -----------------------------------------------------------------

HALF = "<mfrac><mn>1</mn><mn>2</mn></mfrac>"
BILLION = "<msup><mn>10</mn><mn>9</mn></msup>"


@pytest.mark.parametrize(
    ("formula", "shown"),
    [
        (HALF, "1/2"),
        (BILLION, "10^9"),
        (HALF + BILLION, "1/2 10^9"),
        (BILLION + HALF, "10^9 1/2"),
        (f"<mn>2</mn>{HALF}", "2 1/2"),
        (f"<mn>450</mn><mo>×</mo>{BILLION}<mo>/</mo><mi>L</mi>", "450×10^9/L"),
        ("<msup>\n <mn>10</mn>\n <mn>9</mn>\n</msup>", "10^9"),
        (
            "<msup><mrow><mn>1</mn><mn>0</mn></mrow><mrow><mo>−</mo><mn>3</mn></mrow></msup>",
            "10^−3",
        ),
        ("<mfrac><mi>mg</mi><msup><mi>m</mi><mn>2</mn></msup></mfrac>", "mg/m^2"),
        ("<mfrac><mfrac><mn>1</mn><mn>2</mn></mfrac><mn>3</mn></mfrac>", "1/2/3"),
        ("<msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup>", "x1^2"),
        ("<msub><mi>H</mi><mn>2</mn></msub><mi>O</mi>", "H2O"),
        ("<mi>Hb</mi><mo>=</mo><mn>7</mn>", "Hb=7"),
        (f"<semantics>{BILLION}<annotation>no</annotation></semantics>", "10^9"),
    ],
)
def test_formulas_keep_powers_and_fractions(formula, shown):
    assert seen(page(f"<p>a <math>{formula}</math>.")) == [f"a {shown}."]
    assert seen(page(f"<p>a <math>{formula}</math> 5.")) == [f"a {shown} 5."]
    assert seen(page(f"<p>a<math hidden>{formula}</math> b.")) == ["a b."]


def test_what_a_script_may_not_have_to_show_is_read():
    body = "<x-y><template shadowrootmode=open><p>Melena.</p></template></x-y>So."
    assert parsed(page(body)) == (["Melena.", "So."], [])
    assert parsed(page("<template><p>no</p></template>So.")) == (["So."], [])


def test_pages_in_frames_are_noted():
    assert parsed(page("<p>a<iframe srcdoc='<p>no'></iframe>b")) == (["a b"], ["parts_left_out"])
    for frame in ("src=x", "srcdoc=''", "srcdoc='<p>no' hidden"):
        assert parsed(page(f"<p>a<iframe {frame}></iframe>b"))[1] == []
