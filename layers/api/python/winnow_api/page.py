"""The page's frame and its parts: static files, served with a strict content security policy.

The frame holds no data. Its one variable part is where to sign in, as JSON in a block that is not
run as a script.
"""

import hashlib
import json
import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from winnow.errors import RouteUnknownError
from winnow_api.call import Call
from winnow_api.messages import Response
from winnow_api.services import Services
from winnow_api.shapes import Anything, AssetPath, Nothing

FRAME = "index.html"
_CONFIG = '<script type="application/json" id="config">'
_BLOCK = re.compile(r"^[ \t]*/\*.*?\*/[ \t]*$", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^[ \t]*//.*$", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_TYPES = {".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8"}


@dataclass(frozen=True)
class SignIn:
    """Where and as which client the page signs in."""

    url: str
    client: str
    local: bool = False

    @property
    def config(self) -> dict[str, str | bool]:
        """What the page reads."""
        return {
            "authorize": f"{self.url}/oauth2/authorize",
            "token": f"{self.url}/oauth2/token",
            "logout": f"{self.url}/logout",
            "client": self.client,
            "local": self.local,
        }


@dataclass(frozen=True)
class WebPage:
    """The files of `web/`."""

    folder: Path
    sign_in: SignIn
    origins: Sequence[str] = ()
    """Where pictures and files are: S3."""

    @cached_property
    def frame(self) -> Response:
        """The page without data."""
        html = (self.folder / FRAME).read_text("utf-8")
        # "<" cannot end the block: it is written as an escape.
        config = json.dumps(self.sign_in.config).replace("<", "\\u003c")
        before, tag, after = html.partition(_CONFIG)
        after = after[after.find("</script>") :] if tag else after
        page = f"{before}{tag}{config if tag else ''}{after}"
        return Response(
            page.encode(),
            "text/html; charset=utf-8",
            headers={"content-security-policy": self._policy},
        )

    @property
    def _policy(self) -> str:
        elsewhere = " ".join(["", *self.origins])
        parts = urlsplit(self.sign_in.url)
        sign_in = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
        return "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                f"img-src 'self' data: blob:{elsewhere}",
                f"connect-src 'self'{sign_in}{elsewhere}",
                "manifest-src 'self'",
                "form-action 'none'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
                "require-trusted-types-for 'script'",
                "trusted-types 'none'",
            )
        )

    @cached_property
    def assets(self) -> Mapping[str, Response]:
        """The other files, by name. They hold no data: a browser may keep and check them again."""
        return {
            file.name: _asset(file)
            for file in sorted(self.folder.iterdir())
            if file.is_file() and file.name != FRAME and file.suffix != ".md"
        }


def _asset(file: Path) -> Response:
    content = file.read_bytes()
    if file.suffix in (".js", ".css"):
        content = light(content.decode("utf-8")).encode()
    guessed = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    kind = _TYPES.get(file.suffix, guessed)
    if kind.startswith("text/") and "charset" not in kind:
        kind += "; charset=utf-8"
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    return Response(content, kind, headers={"cache-control": "no-cache", "etag": tag})


def light(script: str) -> str:
    r"""A script or style without indents and its comments, but for those behind code.

    Lines keep their numbers.

    >>> light("/** What it is. */\n// Why.\n  let a = 1; // one\n")
    '\n\nlet a = 1; // one\n'
    """
    script = _BLOCK.sub(lambda match: "\n" * match[0].count("\n"), script)
    return _INDENT.sub("", _LINE.sub("", script))


def frame(services: Services, call: Call, given: Anything) -> Response:
    """The page's frame."""
    return services.page().frame


def signed_in(services: Services, call: Call, given: Anything) -> Response:
    """The same frame: the page itself takes the code out of its address."""
    return services.page().frame


def asset(services: Services, call: Call, given: Nothing) -> Response:
    """A part of the page, or 304 where the browser has it."""
    path: AssetPath = call.path
    response = services.page().assets.get(path.file)
    if response is None:
        raise RouteUnknownError("The page has no such part.")
    if call.headers.get("if-none-match") == response.headers["etag"]:
        return Response(b"", response.content_type, 304, response.headers)
    return response
