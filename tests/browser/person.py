"""Somebody with a browser."""

import json
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.fakes.http_api import Served, call
from tests.fakes.stage import Clock, Stage
from winnow.reviews.models import EventKind, RecordKey

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Route

EXPECTED = ("Failed to load resource", "net::ERR_INTERNET_DISCONNECTED")
"""What the console says of every answer that is not 2xx: conflicts, a lost network."""
PATIENCE_S = 120
"""How long is waited for what must come."""
SLOW_S = float(os.environ.get("WINNOW_SLOW", "0"))
"""Seconds that a request for data is on its way, and its answer again; the browser is slow, too."""
SLOWED = 6
"""How many times slower its processor then is."""


class Person:
    """A page that is signed in as a user of `tests/fakes/stage.py`."""

    def __init__(
        self, browser: "Browser", served: Served, user: str, options: dict[str, Any]
    ) -> None:
        self.served = served
        self.context = browser.new_context(
            **{"viewport": {"width": 1280, "height": 800}, **options}
        )
        self.context.set_default_timeout(PATIENCE_S * 1000)
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.answered: list[str] = []
        self.user = user
        self.context.route("**/oauth2/token", self._token)
        self.page: Page = self.context.new_page()
        if SLOW_S:
            devtools = self.context.new_cdp_session(self.page)
            devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
        self.page.on("pageerror", lambda error: self.errors.append(f"error: {error}"))
        self.page.on("console", self._said)
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("requestfinished", lambda request: self.answered.append(request.url))

    def _token(self, route: "Route") -> None:
        route.fulfill(json={"access_token": self.user, "expires_in": 3600})

    def _said(self, message: "ConsoleMessage") -> None:
        if message.type in ("error", "warning") and not message.text.startswith(EXPECTED):
            self.errors.append(f"{message.type}: {message.text}")

    def open(self, route: str = "") -> None:
        """Open a view, signed in."""
        self.page.goto(f"{self.served.url}{route}")
        self.page.wait_for_selector("body.ready #main:not([aria-busy]), .state h1")

    def go(self, route: str) -> None:
        """Go on to another view, and wait until all of it is there."""
        self.page.evaluate(
            """route => new Promise((done) => {
                addEventListener("hashchange", () => done(), { once: true });
                location.hash = route;
            })""",
            route,
        )
        self.page.wait_for_selector("#main:not([aria-busy])")

    def leave(self) -> list[str]:
        """Close the tab, and stay if the page asks whether to: the kinds of what it asked.

        Chromium crashes when a context is closed while the question is still open: it is answered
        here, and the page has gone on, before anything else is done.
        """
        asked: list[str] = []

        def stay(dialog: "Dialog") -> None:
            dialog.dismiss()
            asked.append(dialog.type)

        self.page.on("dialog", stay)
        self.page.close(run_before_unload=True)
        witness = self.context.new_page()
        end = time.monotonic() + PATIENCE_S
        while not (asked or self.page.is_closed()):
            assert time.monotonic() < end, "the tab neither asked nor closed"
            witness.wait_for_timeout(20)
        witness.close()
        if asked:
            self.page.remove_listener("dialog", stay)
            self.page.evaluate("1")
        return asked

    def close(self) -> None:
        self.context.close()

    # -- what is seen ------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name of the record on the screen."""
        return self.page.locator("#record-name").inner_text()

    def wait_for_record(self, other_than: str | None = None) -> str:
        """The name of the record on the screen, once there is another one than this."""
        self.page.wait_for_function(
            "old => { const name = document.getElementById('record-name');"
            " return name && name.textContent !== old; }",
            arg=other_than,
        )
        self.wait_for_keys()
        return self.name

    def wait_for_keys(self) -> None:
        """Wait until keys and buttons count: what was just shown has been there for a moment."""
        self.page.wait_for_selector("body:not(.fresh)")

    def see(self, text: str | re.Pattern[str]) -> None:
        """Wait until a text is to be seen."""
        self.page.get_by_text(text).filter(visible=True).first.wait_for()

    def until(self, check: Callable[[], object]) -> None:
        """Wait until something holds that is not on the page."""
        end = time.monotonic() + PATIENCE_S
        while not check():
            assert time.monotonic() < end, "it has not come"
            self.page.wait_for_timeout(20)

    def saved(self) -> None:
        """Wait until all is saved."""
        self.page.wait_for_function(
            "() => document.getElementById('saving').textContent === 'All saved'"
        )

    def wait_for_evidence(self) -> str:
        """Skip to the first record of the queue that has evidence; its name."""
        name = self.wait_for_record()
        while not self.page.locator(".text mark").count():
            self.press("s")
            name = self.wait_for_record(other_than=name)
        return name

    # -- what is done ------------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def decide(self, key: str) -> str:
        """Decide the record on the screen with a key; the name of it."""
        name = self.name
        self.press(key)
        return name


def totals(stage: Stage, process: str) -> dict[str, int]:
    """The counts of a process's queue."""
    counts: dict[str, int] = call(stage, "GET /v1/queue", process=process).json["totals"]
    return counts


def decided(stage: Stage) -> dict[RecordKey, list[str | None]]:
    """What people decided of each record, in order."""
    found: dict[RecordKey, list[str | None]] = {}
    for row in stage.uploads.rows.values():
        for number in range(1, (row.records or 0) + 1):
            key = RecordKey(row.upload_id, number)
            events = stage.reviews.events(key)
            answers = [event.after for event in events if event.kind is EventKind.DECIDED]
            if answers:
                found[key] = [answer.decision if answer else None for answer in answers]
    return found


def labelled(
    folder: Path,
    titles: Sequence[str],
    texts: Sequence[str] = ("one", "two", "three"),
    **fields: str,
) -> Stage:
    """A stack with one process of labels, whose records are all for review."""
    definition = {
        "id": "many",
        "version": "1.0.0",
        "kind": "labels",
        "title": fields.pop("title", "Many labels"),
        "description": fields.pop("description", "Labels for a test."),
        "threshold": 1.0,
        "labels": [
            {"id": f"label-{number}", "title": title, "examples": [f"example {number}"]}
            for number, title in enumerate(titles)
        ],
    }
    (folder / "many.yaml").write_text(yaml.safe_dump(definition), "utf-8")
    stage = Stage(processes=folder, clock=Clock(None))
    lines = "".join(
        json.dumps({"text": text, "id": f"r{n}", **fields}) + "\n" for n, text in enumerate(texts)
    )
    stage.drop(lines.encode(), fields.pop("key", "inbox/many/x/cases.jsonl"))
    return stage
