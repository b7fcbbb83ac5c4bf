"""For everybody: screen readers, keyboard alone, zoom, small screens, dark, less motion."""

from importlib.resources import files
from typing import Any

import pytest

from tests.browser.person import Person, totals
from tests.browser.test_views import upload_of
from tests.fakes.http_api import call

AXE = (files("axe_core_python") / "axe.min.js").read_text("utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

STILL = """async () => {
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
    const changing = document.getAnimations()
        .filter((one) => Number.isFinite(one.effect.getComputedTiming().endTime));
    await Promise.allSettled(changing.map((one) => one.finished));
}"""
"""Waits until nothing changes its colour any more."""


def violations(person: Person) -> list[str]:
    """What axe-core finds, each with the elements that it is about."""
    # Colours are measured: not while they change.
    person.page.evaluate(STILL)
    person.page.evaluate(AXE)
    found: dict[str, Any] = person.page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS
    )
    assert found["passes"]
    return [
        f"{one['id']}: {[node['html'][:200] for node in one['nodes']]}"
        for one in found["violations"]
    ]


def routes(stage) -> dict[str, str]:
    cases = upload_of(stage, "cases.csv")
    made = call(stage, "POST /v1/predictions", {"process": "emotions", "text": "I was happy."}).json
    return {
        "review": "#/review?process=L33774",
        "labels": "#/review?process=emotions",
        "empty": "#/review?process=emotions&reason=out_of_scope",
        "try": f"#/try/{made['id']}",
        "uploads": "#/uploads",
        "upload": f"#/uploads/{cases}",
        "failed upload": f"#/uploads/{upload_of(stage, 'empty.csv')}",
        "record": f"#/uploads/{cases}/1",
        "no record": f"#/uploads/{cases}/999",
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_view(open_page, stage, scheme):
    person = open_page(color_scheme=scheme)
    found = {}
    for name, route in routes(stage).items():
        person.go(route)
        if problems := violations(person):
            found[name] = problems
    person.go("#/review?process=L33774")
    person.press("?")
    person.page.locator("dialog.help").wait_for()
    if problems := violations(person):
        found["help"] = problems
    assert found == {}


@pytest.mark.parametrize(
    "screen",
    [
        # 1280 wide at 200 % and at 400 %: what WCAG 1.4.10 asks for.
        {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},
        {"viewport": {"width": 320, "height": 256}, "device_scale_factor": 4},
        {"viewport": {"width": 320, "height": 640}, "has_touch": True},
    ],
    ids=["200 %", "400 %", "small phone"],
)
def test_nothing_is_cut_off_or_scrolls_sideways(open_page, stage, screen):
    person = open_page(**screen)
    wide = {}
    for name, route in routes(stage).items():
        person.go(route)
        width = person.page.evaluate("document.documentElement.scrollWidth")
        if width > screen["viewport"]["width"]:
            wide[name] = width
    assert wide == {}
    person.go("#/review?process=emotions")
    first = person.wait_for_record()
    person.page.locator("[data-pick]").first.click()
    person.wait_for_record(other_than=first)


def test_the_keyboard_alone_is_enough(open_page, stage):
    """Tab and Enter, with the one-key shortcuts switched off."""
    person = open_page("#/review?process=emotions&keys=off")
    first = person.wait_for_record()
    page = person.page
    page.evaluate("document.activeElement.blur()")
    person.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    seen = []
    for _ in range(60):
        person.press("Tab")
        seen.append(page.evaluate("document.activeElement.textContent.trim()"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", f"no focus to be seen: {seen[-1]}"
        if seen[-1].startswith("Approve"):
            break
    assert seen[-1].startswith("Approve")
    person.press("Enter")
    person.wait_for_record(other_than=first)
    # The focus is at the new record, from where Tab goes on.
    assert page.evaluate("document.activeElement.id") == "record-name"
    person.saved()
    assert totals(stage, "emotions")["approved"] == 1


def test_screen_readers_are_told_what_changes(open_page):
    person = open_page("#/review?process=L33774")
    first = person.wait_for_record()
    news = person.page.locator("#news")
    person.page.wait_for_function(
        "name => document.getElementById('news').textContent.startsWith(name)", arg=first
    )
    assert "The machine says" in news.inner_text()
    assert news.get_attribute("aria-live") == "polite"
    person.press("1")
    second = person.wait_for_record(other_than=first)
    person.page.wait_for_function(
        "name => document.getElementById('news').textContent.startsWith(name)", arg=second
    )


def test_help_lists_the_keys_and_gives_the_focus_back(open_page):
    person = open_page("#/review?process=emotions")
    person.wait_for_record()
    button = person.page.locator("#keys-help")
    button.click()
    dialog = person.page.locator("dialog.help")
    assert "Cannot tell" in dialog.inner_text()
    person.press("Escape")
    dialog.wait_for(state="detached")
    assert person.page.evaluate("document.activeElement.id") == "keys-help"


def test_dark_is_dark(open_page):
    colour = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    dark = open_page("#/uploads", color_scheme="dark").page.evaluate(colour)
    light = open_page("#/uploads", color_scheme="light").page.evaluate(colour)
    assert max(dark[:3]) < 60
    assert min(light[:3]) > 200


def test_nothing_moves_for_who_wants_no_motion(open_page):
    person = open_page("#/uploads", reduced_motion="reduce")
    person.page.locator(".card").first.wait_for()
    moving = person.page.evaluate(
        "[...document.querySelectorAll('*')].filter(one => {"
        " const style = getComputedStyle(one);"
        " return style.animationName !== 'none' || parseFloat(style.transitionDuration) > 0;"
        "}).length"
    )
    assert moving == 0
