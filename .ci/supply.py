"""The supply chain of the images: licences, bills of materials, known weaknesses.

    supply.py licences      build/supply/licences.csv; fails where a licence is not allowed
    supply.py bills         build/supply/<image>.cdx.json, CycloneDX 1.6, an image each
    supply.py advisories    fails where a package has a known weakness

What is in an image is read from functions/Dockerfile and the lock it installs. Only the advisories
need a network: where no service answers, or not for every package, the check has not been made, and
that fails too, unless WINNOW_WITHOUT_ADVISORIES=1 says that it may be left out.
"""

import base64
import csv
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, metadata
from pathlib import Path
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from license_expression import get_spdx_licensing
from packageurl import PackageURL
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build" / "supply"
MODEL = ROOT / "build" / "model"
ENCODERS = {"use-lite": MODEL, "efficientnet-lite0": MODEL / "pictures"}
"""The folder of each encoder's model, with its manifest."""
POLICY: dict[str, Any] = tomllib.loads((ROOT / "requirements" / "licences.toml").read_text("utf-8"))
SPDX = get_spdx_licensing()

# Where the images run: what a lock's markers are read with.
LAMBDA = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.13.0",
    "python_version": "3.13",
    "sys_platform": "linux",
}


@dataclass(frozen=True)
class Pin:
    """A package of a lock; the hashes are of every file that the lock admits for it."""

    name: str
    version: str
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class ModelFile:
    """A file of weights or of a vocabulary, and its SHA-256."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Image:
    """A target of the Dockerfile: its packages, and the files of encoders copied into it."""

    name: str
    lock: Path
    pins: tuple[Pin, ...]
    encoders: dict[str, tuple[ModelFile, ...]]


# -- what is in an image -------------------------------------------------------------------------


def images() -> list[Image]:
    """Every target of functions/Dockerfile that is a function's image."""
    text = (ROOT / "functions" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    parts = re.split(r"^FROM (\S+) AS (\S+)$", text, flags=re.M)[1:]
    stages = {name: (base, body) for base, name, body in zip(*[iter(parts)] * 3, strict=True)}
    found = []
    for name, (base, body) in stages.items():
        if base != "function":
            continue
        packages = "".join(stages[one][1] for one in re.findall(r"--from=(\S+-packages) ", body))
        weights = "".join(stages[one][1] for one in re.findall(r"--from=(\S+) /opt/model", body))
        # The last one's: what is below is what images have in common.
        *_, lock = re.findall(r"COPY (functions/\S+/requirements\S*\.txt) ", packages)
        copied = re.findall(r" build/model/(\S+)", weights)
        encoders = {one: files for one in ENCODERS if (files := tuple(model_files(one, copied)))}
        found.append(Image(name, ROOT / lock, tuple(pins(ROOT / lock)), encoders))
    return found


def pins(lock: Path) -> Iterator[Pin]:
    """The packages that pip installs from the lock where the images run."""
    for line in lock.read_text("utf-8").replace("\\\n", " ").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        said, *hashes = line.split(" --hash=sha256:")
        requirement = Requirement(said)
        if requirement.marker is None or requirement.marker.evaluate(LAMBDA):
            [version] = [one.version for one in requirement.specifier if one.operator == "=="]
            yield Pin(requirement.name, version, tuple(one.strip() for one in hashes))


def model_files(encoder: str, copied: list[str]) -> Iterator[ModelFile]:
    """Files of an encoder that the Dockerfile copies, with the hashes the build has written."""
    if not copied:
        return
    folder = ENCODERS[encoder]
    for path, known in manifest_of(encoder)["files"].items():
        place = str((folder / path).relative_to(MODEL))
        if any(place == one or place.startswith(f"{one}/") for one in copied):
            yield ModelFile(path, known["sha256"])


def manifest_of(encoder: str) -> dict[str, Any]:
    """What the build has written of an encoder's model."""
    found: dict[str, Any] = json.loads((ENCODERS[encoder] / "manifest.json").read_text("utf-8"))
    return found


def carried_models(package: str) -> Iterator[ModelFile]:
    """The weights that a package carries, with the hashes of its own record of its files."""
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        return
    for file in files:
        if file.suffix == ".onnx" and file.hash is not None and file.hash.mode == "sha256":
            digest = base64.urlsafe_b64decode(file.hash.value + "=")
            yield ModelFile(file.name, digest.hex())


# -- licences ------------------------------------------------------------------------------------


def licence_of(package: str) -> str:
    """As an SPDX expression; the package's own words where requirements/licences.toml has none."""
    if package in POLICY["packages"]:
        return str(POLICY["packages"][package])
    try:
        said = metadata(package).json
    except PackageNotFoundError:
        return "not installed here"
    if expression := said.get("license_expression"):
        return str(expression)
    classified = [
        one.rpartition(" :: ")[2]
        for one in said.get("classifier", [])
        if one.startswith("License :: ")
    ]
    words = "; ".join(classified) or str(said.get("license", "")).partition("\n")[0]
    return str(POLICY["terms"].get(words, words or "nothing said"))


def allows(expression: str, allowed: list[str]) -> bool:
    """Whether one may ship what stands under the expression, given the identifiers allowed."""

    def holds(part: Any) -> bool:
        if isinstance(part, SPDX.AND):
            return all(map(holds, part.args))
        if isinstance(part, SPDX.OR):
            return any(map(holds, part.args))
        return str(part) in allowed

    known = not SPDX.validate(expression).errors
    return known and holds(SPDX.parse(expression))


def licences() -> int:
    """The list of licences; 1 where one is not allowed."""
    own, beside = POLICY["allowed"], POLICY["allowed"] + POLICY["allowed_libraries"]
    rows = []
    for image in images():
        for pin in image.pins:
            said = licence_of(pin.name)
            rows.append((image.name, pin.name, pin.version, said, allows(said, own)))
            for name, said in POLICY["libraries"].get(pin.name, {}).items():
                rows.append((image.name, f"{pin.name}/{name}", "", said, allows(said, beside)))
        for name in models(image):
            said = POLICY["models"][name]
            rows.append((image.name, f"{name} (model)", "", said, allows(said, own)))
    refused = sorted({(name, said) for _, name, _, said, allowed in rows if not allowed})
    with (OUT / "licences.csv").open("w", newline="", encoding="utf-8") as file:
        header = ("image", "component", "version", "licence")
        csv.writer(file).writerows([header, *(row[:4] for row in rows)])
    for name, said in refused:
        print(f"{name}: {said}: not allowed by requirements/licences.toml")
    print(f"licences: {len(rows)} in build/supply/licences.csv, {len(refused)} not allowed")
    return int(bool(refused))


# -- bills of materials --------------------------------------------------------------------------


def models(image: Image) -> dict[str, tuple[ModelFile, ...]]:
    """The models of an image by name: the encoder's, and those that packages carry."""
    found = dict(image.encoders)
    for name in POLICY["models"]:
        if any(pin.name == name for pin in image.pins):
            found[name] = tuple(carried_models(name))
    return found


def bill(image: Image) -> Bom:
    """What the image holds above its base."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    root = component(f"winnow-{image.name}", project["version"], "Apache-2.0", "container")
    found = Bom()
    found.metadata.component = root
    for pin in image.pins:
        url = PackageURL("pypi", None, pin.name, pin.version)
        said = licence_of(pin.name)
        found.components.add(component(pin.name, pin.version, said, "library", pin.hashes, url))
    for name, files in models(image).items():
        url, version = origin(name, image)
        said = POLICY["models"][name]
        model = component(f"{name}-model", version, said, "machine-learning-model", (), url)
        for file in files:
            model.components.add(component(file.path, version, said, "file", (file.sha256,)))
        found.components.add(model)
    found.register_dependency(root, found.components)
    return found


def component(
    name: str,
    version: str,
    licence: str,
    kind: str,
    hashes: tuple[str, ...] = (),
    url: PackageURL | None = None,
) -> Component:
    """Return a part of a bill of materials."""
    return Component(
        name=name,
        version=version,
        type=ComponentType(kind),
        bom_ref=f"{kind}:{name}",
        licenses=[LicenseExpression(licence)],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one) for one in hashes],
        purl=url,
    )


def origin(model: str, image: Image) -> tuple[PackageURL, str]:
    """The package that brings a model, and the model's version."""
    for pin in image.pins:
        if pin.name == model:
            return PackageURL("pypi", None, model, pin.version), pin.version
    manifest = manifest_of(model)
    package, version = manifest["package"]["name"], manifest["package"]["version"]
    scope, slash, name = package.partition("/")
    if not slash:
        return PackageURL("pypi", None, package, version), manifest["version"]
    return PackageURL("npm", scope, name, version), manifest["version"]


def bills() -> int:
    """The bills; 1 where one is not valid by CycloneDX's own schema."""
    wrong = 0
    for image in images():
        text = JsonV1Dot6(bill(image)).output_as_string(indent=2)
        problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
        if problem is not None:
            print(f"{image.name}: {problem.data.message}")
            wrong += 1
        (OUT / f"{image.name}.cdx.json").write_text(text, "utf-8")
    print(f"bills of materials: {len(images())} in build/supply/*.cdx.json, {wrong} not valid")
    return int(bool(wrong))


# -- advisories ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Audit:
    """What a service said: the weaknesses it knows, and the packages it said nothing of."""

    weak: tuple[str, ...]
    unanswered: tuple[str, ...]


def audit(image: Image, service: str) -> Audit:
    """Ask a service of pip-audit (pypi, osv) about an image's packages."""
    asked = {f"{pin.name}=={pin.version}" for pin in image.pins}
    pin_list = OUT / f"{image.name}.pins"
    pin_list.write_text("".join(f"{one}\n" for one in sorted(asked)), "utf-8")
    tool = ROOT / ".venv-supply" / "bin" / "pip-audit"
    ran = subprocess.run(
        [tool, "-s", service, "--disable-pip", "--no-deps", "-f", "json", "-r", pin_list],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return understood(ran.stdout, asked)


def understood(output: str, asked: set[str]) -> Audit:
    """pip-audit's JSON; whatever it does not answer for was not audited, whatever it returned."""
    try:
        told = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Audit((), tuple(sorted(asked)))
    answered = {f"{one['name']}=={one['version']}": one for one in told if "version" in one}
    weak = [
        f"{name}: {', '.join(known['id'] for known in one['vulns'])}"
        for name, one in answered.items()
        if one.get("vulns")
    ]
    return Audit(tuple(sorted(weak)), tuple(sorted(asked - set(answered))))


def verdict(audits: list[Audit], may_be_left_out: bool) -> tuple[int, list[str]]:
    """The exit code, and the lines that say why."""
    weak = sorted({one for audit in audits for one in audit.weak})
    unanswered = sorted({one for audit in audits for one in audit.unanswered})
    lines = [f"known weakness: {one}" for one in weak]
    if unanswered:
        lines.append(
            f"advisories: could not be made for {len(unanswered)} packages: no advisory service "
            "answered"
        )
        if may_be_left_out:
            lines.append("advisories: left out, as WINNOW_WITHOUT_ADVISORIES=1 allows")
    else:
        lines.append(f"advisories: every package was looked up, {len(weak)} have a known weakness")
    return int(bool(weak) or bool(unanswered and not may_be_left_out)), lines


def advisories() -> int:
    """Known weaknesses of the packages, by the first service that answers for all of an image."""
    audits = []
    for image in images():
        asked = audit(image, "pypi")
        audits.append(audit(image, "osv") if asked.unanswered and not asked.weak else asked)
    code, lines = verdict(audits, os.environ.get("WINNOW_WITHOUT_ADVISORIES") == "1")
    print("\n".join(lines))
    return code


def main(arguments: list[str]) -> int:
    """Run the command that is named; return its exit code."""
    commands = {"licences": licences, "bills": bills, "advisories": advisories}
    if len(arguments) != 1 or arguments[0] not in commands:
        print(__doc__)
        return 2
    OUT.mkdir(parents=True, exist_ok=True)
    return commands[arguments[0]]()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
