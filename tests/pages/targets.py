"""What `make` knows to do: the targets that `make help` shows."""

import re

from tests.pages import ROOT
from tests.pages.blocks import code, table


def blocks() -> dict[str, str]:
    """Return the generated blocks of CONTRIBUTING.md."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.findall(r"^([a-z-]+):.*## (.*)$", makefile, re.MULTILINE)
    rows = [(code(f"make {target}"), text) for target, text in targets]
    return {"targets": table(("command", "what it does"), rows)}
