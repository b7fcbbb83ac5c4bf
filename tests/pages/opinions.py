"""What an emulator other than MiniStack leaves out of the template, and what a linter may say."""

from collections import Counter

from tests.pages.blocks import code, table
from tests.template.emulator import REFUSED, UNKNOWN_TYPES
from tests.template.expand import expand
from tests.template.policies import ALLOWED


def blocks() -> dict[str, str]:
    """Return the generated blocks of docs/second-opinion.md."""
    resources = expand()["Resources"]
    kinds = Counter(one["Type"] for one in resources.values())
    left_out = [
        (code(kind), "all" if kinds[kind] > 1 else "the only one", "moto does not know the type")
        for kind in sorted(UNKNOWN_TYPES)
    ]
    left_out += [(code(resources[name]["Type"]), code(name), why) for name, why in REFUSED.items()]
    allowed = [(code(issue), code(detail), why) for issue, detail, why in ALLOWED]
    return {
        "emulator": table(("type", "which", "why"), left_out),
        "linter": table(("finding", "about", "why it is none here"), allowed),
    }
