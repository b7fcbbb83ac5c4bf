"""The supply chain of the images: licences, a bill of materials each, known weaknesses.

`make audit-deps`. Writes build/supply/licences.csv and build/supply/<image>.cdx.json. The advisory
database is asked over the network; where it does not answer that part is left out, and said so
(WINNOW_REQUIRE_ADVISORIES=1 makes it a failure).
"""

import csv
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build" / "supply"
TOOLS = ROOT / ".venv-supply" / "bin"
PIN = re.compile(r"^([a-z0-9._-]+)==([^ ;\\]+)", re.M)
COPYLEFT = re.compile(r"\bA?GPL|General Public License", re.I)
LESSER = re.compile(r"LGPL|Lesser", re.I)


def locks() -> list[Path]:
    return sorted(ROOT.glob("functions/*/requirements*.txt"))


def name_of(lock: Path) -> str:
    return f"{lock.parent.name}{lock.stem.removeprefix('requirements')}"


def licence_of(package: str) -> str:
    """As its metadata says; empty where it is not installed here."""
    try:
        found = metadata(package)
    except PackageNotFoundError:
        return ""
    said = found.get("License-Expression") or ""
    classified = [
        value.rpartition(" :: ")[2]
        for value in found.get_all("Classifier") or []
        if value.startswith("License ::")
    ]
    return said or "; ".join(classified) or (found.get("License") or "").strip().split("\n")[0][:80]


def licences() -> int:
    """Lists them; how many forbid shipping the images under our own licence."""
    rows, wrong = [], 0
    for lock in locks():
        for package, version in PIN.findall(lock.read_text("utf-8")):
            said = licence_of(package)
            bad = bool(COPYLEFT.search(said)) and not LESSER.search(said)
            wrong += bad
            rows.append((name_of(lock), package, version, said or "not installed here"))
            if bad:
                print(f"{package} {version}: {said}")
    with (OUT / "licences.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("image", "package", "version", "licence"), *rows])
    print(f"licences: {len(rows)} pins, {wrong} copyleft; build/supply/licences.csv")
    return wrong


def unhashed() -> int:
    """Pins without a hash."""
    count = 0
    for lock in locks():
        lines = lock.read_text("utf-8").splitlines()
        for line, after in zip(lines, [*lines[1:], ""], strict=True):
            if PIN.match(line) and not after.strip().startswith("--hash=sha256:"):
                print(f"{name_of(lock)}: {line} has no hash")
                count += 1
    print(f"hashes: {count} pins without one")
    return count


def bills() -> int:
    """A CycloneDX bill of materials for each image."""
    failed = 0
    for lock in locks():
        out = OUT / f"{name_of(lock)}.cdx.json"
        command = [TOOLS / "cyclonedx-py", "requirements", lock, "--of", "JSON", "-o", out]
        failed += subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode != 0
    print(f"bills of materials: {len(locks()) - failed} of {len(locks())} in build/supply")
    return failed


def advisories() -> int:
    """Known weaknesses of the pins."""
    found = 0
    for lock in locks():
        command = [TOOLS / "pip-audit", "--strict", "--disable-pip", "--require-hashes", "-r", lock]
        ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
        if ran.returncode == 0:
            continue
        if "vulnerabilit" in ran.stderr + ran.stdout and "Found" in ran.stderr + ran.stdout:
            print(ran.stdout)
            found += 1
            continue
        print("advisories: the database did not answer; nothing was checked against it")
        return int(os.environ.get("WINNOW_REQUIRE_ADVISORIES") == "1")
    print(f"advisories: {found} images with a known weakness")
    return found


def main() -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    return int(any([licences(), unhashed(), bills(), advisories()]))


if __name__ == "__main__":
    sys.exit(main())
