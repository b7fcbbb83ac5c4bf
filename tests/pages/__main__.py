"""Write the generated parts of the pages: `python -m tests.pages [--check]`."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.pages import (
    ROOT,
    api,
    errors,
    first_result,
    formats,
    fuzzing,
    limits,
    opinions,
    options,
    parameters,
    roles,
    settings,
    stack,
    states,
    targets,
)
from tests.pages.blocks import names_of_blocks, replace_block
from tests.simulate import costs

PAGES: Mapping[str, tuple[Callable[[], dict[str, str]], ...]] = {
    "CONTRIBUTING.md": (targets.blocks,),
    "docs/api.md": (api.blocks,),
    "docs/architecture.md": (stack.blocks,),
    "docs/costs.md": (costs.blocks,),
    "docs/deploying.md": (parameters.blocks, first_result.blocks),
    "docs/errors.md": (errors.blocks,),
    "docs/formats.md": (formats.blocks, fuzzing.blocks, limits.blocks),
    "docs/options.md": (options.blocks,),
    "docs/second-opinion.md": (opinions.blocks,),
    "docs/security.md": (roles.blocks,),
    "docs/settings.md": (settings.blocks,),
    "statemachine/README.md": (states.blocks,),
}
"""Page -> what makes its blocks."""
FILES: Mapping[str, Callable[[], str]] = {"docs/openapi.json": api.document}
"""File that is generated as a whole -> what makes its text."""


def fresh(page: str) -> str:
    """Return the text of a page as it should be, with all its blocks made anew.

    Raises:
        ValueError: The page lacks a block, or has one that nothing makes.
    """
    if page in FILES:
        return FILES[page]()
    text = (ROOT / page).read_text("utf-8")
    made = {name: block for blocks in PAGES[page] for name, block in blocks().items()}
    if unknown := set(names_of_blocks(text)) - set(made):
        raise ValueError(f"{page}: nothing makes the blocks {', '.join(sorted(unknown))}")
    for name, block in made.items():
        text = replace_block(text, name, block)
    return text


def stale() -> list[Path]:
    """Return the pages that differ from what they should be."""
    return [ROOT / page for page in (*PAGES, *FILES) if _present(ROOT / page) != fresh(page)]


def _present(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def main() -> int:
    """Write the pages, or with `--check` say which are stale. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.pages", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    check = parser.parse_args().check
    pages = stale()
    for path in pages:
        page = path.relative_to(ROOT).as_posix()
        if check:
            print(f"{page} is stale; run `make docs`", file=sys.stderr)
        else:
            path.write_text(fresh(page), "utf-8")
            print(f"{page} written")
    return int(check and bool(pages))


if __name__ == "__main__":
    sys.exit(main())
