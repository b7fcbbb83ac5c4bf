"""The review page, as somebody uses it who works through the sample files.

Page and API are the real ones, with the real model and OCR, and a stack in memory behind them. Ids
and times are always the same.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser import searching
from tests.fakes.drawn_pictures import archive
from tests.fakes.http_api import Served, call, serve
from tests.fakes.live import Audits, publish
from tests.fakes.stage import Clock, Stage
from tests.pictures import PICTURES, ROOT
from tests.pictures.browser import few_colours, find
from winnow.limits.reading import ReadLimits
from winnow.registry.models import VersionMetrics
from winnow_api.ports import Differences
from winnow_encoder.load import load_encoder
from winnow_encoder.pictures import load_picture_encoder
from winnow_ocr.jpeg import page_jpeg
from winnow_ocr.pages import Pages
from winnow_ocr.rapid import RapidEngine

SAMPLES = {
    "prior-auth-cases.csv": "L33774",
    "feelings.jsonl": "emotions",
    "prior-auth-scan.pdf": "L33774",
}
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 780}
GRIEF = "I miss my grandfather. He taught me how to fish, and last week we cleared out his house."
SAVED: tuple[tuple[str, str | None, dict[str, object]], ...] = (
    ("Iron deficiency, for review", "reviewer", {"query": '"iron deficiency"'}),
    ("Out of scope, last week", None, {"filters": {"reasons": ["out_of_scope"]}}),
)
"""Saved searches: name, for whom, and what for."""


def make() -> list[Path]:
    """Writes docs/pictures/review-*.png, search*.png and models.png."""
    stage = _stage()
    _release(stage)
    with serve(stage) as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        made = [_shoot(browser, served, name, *views) for name, views in _views(stage).items()]
        browser.close()
    return made


def _stage() -> Stage:
    ocr = Pages(RapidEngine(), ReadLimits(), time.monotonic, packed=page_jpeg)
    model = ROOT / "build" / "model"
    stage = Stage(
        encoder=load_encoder(model),
        picture_encoder=load_picture_encoder(model),
        ocr=ocr,
        clock=Clock(),
        base="http://s3.test",
    )
    for name, process in SAMPLES.items():
        stage.drop((ROOT / "samples" / name).read_bytes(), f"inbox/{process}/0a1b2c/{name}")
        stage.clock.wait(60)
    # What is accepted in the scan is looked at, too: a spot check.
    scan = stage.uploads.rows[_upload(stage, "prior-auth-scan.pdf")]
    stage.queue(scan, audit=1.0)
    drawn = {
        file.name: file.read_bytes() for file in (ROOT / "samples" / "two-wheels").glob("*.png")
    }
    stage.drop(archive(drawn), "inbox/two-wheels/0a1b2e/two-wheels.zip")
    stage.clock.wait(60)
    stage.drop(b"", "inbox/L33774/0a1b2d/empty.csv")
    stage.clock.wait(60)
    return stage


def _release(stage: Stage) -> None:
    """A canary that has almost proved itself."""
    measured = VersionMetrics(
        accuracy=0.914,
        ece=0.021,
        accepted_precision=0.974,
        accepted_precision_lower=0.958,
        rows=400,
    )
    better = measured.model_copy(update={"accuracy": 0.931, "mcnemar_p": 0.013, "better": True})
    versions = publish(stage.models, "emotions", 3, guarantee=0.95, metrics=better)
    champion, challenger, _ = versions
    stage.live.audits["emotions", champion.sha256] = Audits(812, 785, 0.951, 0.983)
    stage.live.audits["emotions", challenger.sha256] = Audits(240, 236, 0.947, 0.996)
    stage.live.differences["emotions", challenger.sha256] = Differences(1203, 14)
    body = {"process": "emotions", "action": "canary", "percent": 20, "automatic": True}
    call(stage, "POST /v1/releases", {**body, "revision": 2}, user="admin")


def _upload(stage: Stage, name: str) -> str:
    return next(i for i, row in stage.uploads.rows.items() if row.object_key.endswith(name))


Act = Callable[[Page], None]


def _views(stage: Stage) -> dict[str, tuple[str, Act | None, dict[str, object]]]:
    """Name -> route, what is done there, and the browser's options."""
    cases, scan = _upload(stage, "cases.csv"), _upload(stage, "scan.pdf")
    dark: dict[str, object] = {"color_scheme": "dark"}
    return {
        "review": ("#/review?process=L33774", None, {}),
        "review-dark": ("#/review?process=L33774", None, dark),
        "review-phone": ("#/review?process=L33774", None, {"viewport": PHONE, "has_touch": True}),
        "review-scan": (f"#/uploads/{scan}/1", None, {}),
        "review-picture": ("#/review?process=two-wheels", None, {}),
        "review-try": ("#/try", _try, {"viewport": {"width": 1280, "height": 1000}}),
        "review-blind": ("#/review?process=emotions", _blind, {}),
        "review-keys": ("#/review?process=emotions", _help, {}),
        "review-conflict": ("#/review?process=L33774", _conflict(stage), {}),
        "review-record": (f"#/uploads/{cases}/2", _correct, {}),
        "review-upload": (
            f"#/uploads/{cases}",
            None,
            {"viewport": {"width": 1280, "height": 1000}},
        ),
        "review-uploads": ("#/uploads", None, {}),
        "search": ("#/search", _find, {"viewport": {"width": 1280, "height": 1400}}),
        "search-saved": ("#/search?chart=reasons", _saved(stage), {}),
        "models": (
            "#/models/emotions",
            _as_admin,
            {"viewport": {"width": 1280, "height": 1000}},
        ),
        "review-done": ("#/review?process=emotions", _all, {}),
    }


def _try(page: Page) -> None:
    page.get_by_label("Process").select_option("emotions")
    page.get_by_label("Text").fill(GRIEF)
    page.get_by_role("button", name="Submit").click()
    page.locator(".sheet").wait_for()


def _find(page: Page) -> None:
    searching.find(page, '"iron deficiency" anemi*')
    page.locator("mark.hit").first.wait_for()


def _saved(stage: Stage) -> Act:
    def act(page: Page) -> None:
        for name, shared_with, search in SAVED:
            given = {"name": name, "shared_with": shared_with, "search": search}
            call(stage, "POST /v1/searches", given, user="reviewer")
        page.get_by_text("Saved searches").click()
        page.get_by_role("link", name=SAVED[0][0]).wait_for()

    return act


def _blind(page: Page) -> None:
    page.locator("#record-name").wait_for()

    def hide(route):
        answer = route.fetch()
        body = answer.json()
        for item in body["items"]:
            item |= {"blind": True, "hidden": True, "decision": None, "confidence": None}
        route.fulfill(response=answer, json=body)

    page.route("**/v1/leases", hide)
    page.reload()
    page.locator(".blind").wait_for()


def _help(page: Page) -> None:
    page.locator("#record-name").wait_for()
    page.keyboard.press("?")
    page.locator("dialog.help").wait_for()


def _as_admin(page: Page) -> None:
    signed_in = {"access_token": "admin", "token_type": "Bearer", "expires_in": 3600}
    page.route("**/oauth2/token", lambda route: route.fulfill(json=signed_in))
    # Ages of versions are counted from the day of the picture.
    page.clock.set_fixed_time("2026-01-05T12:00:00Z")
    page.reload()
    page.get_by_role("button", name="Promote").wait_for()


def _all(page: Page) -> None:
    while page.locator("#record-name").count():
        name = page.locator("#record-name").inner_text()
        page.wait_for_selector("body:not(.fresh)")
        page.keyboard.press("a")
        page.wait_for_function(
            "old => document.querySelector('.state h1')"
            " || document.getElementById('record-name')?.textContent !== old",
            arg=name,
        )
        page.wait_for_timeout(200)


def _correct(page: Page) -> None:
    page.locator("#record-name").wait_for()
    page.locator("[data-note]").fill("The stool tests were of his brother.")
    page.keyboard.press("Escape")
    page.wait_for_selector("body:not(.fresh)")
    page.keyboard.press("2")
    page.locator(".history li").wait_for()
    page.evaluate("scrollTo(0, 0)")


def _conflict(stage: Stage) -> Act:
    def act(page: Page) -> None:
        page.locator("#record-name").wait_for()
        item = call(stage, "GET /v1/queue", process="L33774", limit=1).json["items"][0]
        given = {key: item[key] for key in ("upload", "record")}
        given |= {"version": 0, "decision": "met", "cannot_tell": False, "note": "See the letter."}
        call(stage, "POST /v1/reviews", given, user="other")
        page.locator("[data-note]").fill("No site was looked for.")
        page.keyboard.press("Escape")
        page.wait_for_selector("body:not(.fresh)")
        page.keyboard.press("2")
        page.locator("dialog.conflict").wait_for()

    return act


def _shoot(
    browser: Browser,
    served: Served,
    name: str,
    route: str,
    act: Act | None,
    options: dict[str, object],
) -> Path:
    out = PICTURES / f"{name}.png"
    with _page(browser, options) as page:
        page.goto(f"{served.url}{route}")
        page.wait_for_selector("body.ready")
        page.wait_for_load_state("networkidle")
        if act:
            act(page)
        page.wait_for_selector("body:not(.fresh)")
        page.wait_for_timeout(400)
        page.screenshot(path=out)
    few_colours(out, Image.open(out).convert("RGB"), Image.Quantize.MEDIANCUT)
    return out


@contextmanager
def _page(browser: Browser, options: dict[str, object]) -> Iterator[Page]:
    given: dict[str, object] = {
        "viewport": DESK,
        "locale": "en-GB",
        "timezone_id": "UTC",
        "device_scale_factor": 1.25,
        **options,
    }
    context = browser.new_context(**given)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()
