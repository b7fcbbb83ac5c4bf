"""The page's frame and parts: no data, a strict policy, and where to sign in."""

import json
import re

import pytest

from tests.fakes.http_api import call
from tests.fakes.stage import Stage
from winnow_api.page import FRAME, SignIn, WebPage

HTML = (
    '<script type="application/json" id="config">old</script><script src="/assets/a.js"></script>'
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / FRAME).write_text(HTML)
    (tmp_path / "a.js").write_text("// Why.\nlet a = 1;\n")
    (tmp_path / "style.css").write_text("a{}")
    (tmp_path / "icon.svg").write_text("<svg/>")
    (tmp_path / "README.md").write_text("not served")
    (tmp_path / "tests").mkdir()
    return tmp_path


def config(html: str) -> dict:
    found = re.search(r'id="config">(.*?)</script>', html)
    assert found is not None
    document: dict = json.loads(found[1])
    return document


def test_the_frame_says_where_to_sign_in(folder):
    page = WebPage(folder, SignIn("https://sign.in/</script>", "client-1"))
    html = page.frame.body.decode()
    assert html.count("</script>") == 2
    assert config(html)["authorize"] == "https://sign.in/</script>/oauth2/authorize"
    assert config(html)["client"] == "client-1"


@pytest.mark.parametrize("key", ["GET /", "GET /signed-in"])
def test_the_policy_lets_in_nothing_that_the_page_does_not_need(folder, key):
    stage = Stage(web=folder, base="https://bucket.s3.example")
    reply = call(stage, key, user=None)
    assert reply.status == 200
    policy = dict(
        part.strip().partition(" ")[::2]
        for part in reply.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["trusted-types"] == "'none'"
    assert policy["img-src"].split() == ["'self'", "data:", "blob:", "https://bucket.s3.example"]
    assert set(policy["connect-src"].split()) == {"'self'", "https://bucket.s3.example"}
    assert "unsafe" not in str(policy)
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.js", "text/javascript"), ("style.css", "text/css"), ("icon.svg", "image/svg+xml")],
)
def test_a_part_is_served_and_not_sent_again(folder, name, kind):
    stage = Stage(web=folder)
    asset = "GET /assets/{file}"
    reply = call(stage, asset, user=None, path={"file": name})
    assert reply.status == 200
    assert reply.headers["content-type"].startswith(kind)
    tag = reply.headers["etag"]
    again = call(stage, asset, user=None, path={"file": name}, headers={"if-none-match": tag})
    assert (again.status, again.body) == (304, b"")


def test_a_script_is_sent_without_its_comments(folder):
    reply = call(Stage(web=folder), "GET /assets/{file}", user=None, path={"file": "a.js"})
    assert reply.body == b"\nlet a = 1;\n"


def test_a_style_is_sent_without_its_comments(folder):
    (folder / "a.css").write_text("/* Why,\n   at length. */\n.a { color: red; }\n")
    reply = call(Stage(web=folder), "GET /assets/{file}", user=None, path={"file": "a.css"})
    assert reply.body == b"\n\n.a { color: red; }\n"


@pytest.mark.parametrize(
    "name", ["README.md", "index.html", "b.js", "..%2Fa.js", "../a.js", "tests"]
)
def test_nothing_else_is_served(folder, name):
    reply = call(Stage(web=folder), "GET /assets/{file}", user=None, path={"file": name})
    assert reply.status in (400, 404)
