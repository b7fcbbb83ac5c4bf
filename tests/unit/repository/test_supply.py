"""The supply chain: licences, bills of materials, and when the advisories count as asked."""

import hashlib
import json
import re
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.scripts import load
from tests.template.expand import read

ROOT = Path(__file__).parents[3]

supply = load(ROOT / ".ci" / "supply.py")
has_model = pytest.mark.skipif(
    not (supply.MODEL / "manifest.json").exists(), reason="no model (make model)"
)


@pytest.fixture(scope="module")
def images() -> dict[str, object]:
    return {image.name: image for image in supply.images()}


# -- what is in an image -------------------------------------------------------------------------


@has_model
def test_every_image_that_is_deployed_is_looked_at(images):
    targets = {
        resource["Metadata"]["DockerBuildTarget"]
        for resource in read()["Resources"].values()
        if "DockerBuildTarget" in resource.get("Metadata", {})
    }
    assert set(images) == targets | {"classify-tensorflow"}
    assert images["sweep"].lock == images["filter"].lock
    found = images["classify"].encoders
    assert {name: {file.path for file in files} for name, files in found.items()} == {
        "use-lite": {"tokenizer.model", "use-lite-int8.tflite"},
        "efficientnet-lite0": {"efficientnet-lite0-fp16.tflite", "imagenet-classes-fp16.bin"},
    }
    assert set(images["api"].encoders) == {"use-lite"}
    assert not images["filter"].encoders


@has_model
def test_an_image_has_what_its_lock_says_for_linux_and_nothing_else(images):
    for image in images.values():
        text = image.lock.read_text("utf-8")
        every = re.findall(r"^([a-z0-9._-]+)==(\S+?)(?: ; (.*?))? \\$", text, re.M)
        elsewhere = ("never", "sys_platform == 'win32'", "sys_platform == 'darwin'", "< '3.1")
        # Markers that name Linux beside another system apply.
        wanted = [
            (name, version)
            for name, version, marker in every
            if not any(one in marker for one in elsewhere) or "'linux'" in marker
        ]
        assert [(pin.name, pin.version) for pin in image.pins] == wanted
        for pin in image.pins:
            assert pin.hashes
            assert all(re.fullmatch(r"[0-9a-f]{64}", one) for one in pin.hashes)


def test_images_are_installed_from_their_locks_by_hash_alone():
    text = (ROOT / "functions" / "Dockerfile").read_text("utf-8")
    [pip] = re.findall(r'PIP="(.*)"', text)
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(pip.split())
    installs = re.findall(r"^RUN .*\binstall\b.*|^RUN \$PIP.*", text, re.M)
    assert len(installs) == 8
    assert all(line.startswith("RUN $PIP --target packages -r requirements") for line in installs)


# -- licences ------------------------------------------------------------------------------------


@has_model
def test_everything_that_ships_has_an_allowed_licence(images):
    allowed = supply.POLICY["allowed"]
    for image in images.values():
        said = {pin.name: supply.licence_of(pin.name) for pin in image.pins}
        said |= {name: supply.POLICY["models"][name] for name in supply.models(image)}
        refused = {name: one for name, one in said.items() if not supply.allows(one, allowed)}
        assert not refused, image.name


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("(MIT OR GPL-3.0-only) AND AGPL-3.0-only", False),
        ("GPL-2.0-or-later WITH Classpath-exception-2.0", False),
        ("LGPL-3.0-only", False),
        ("Proprietary", False),
        ("nothing said", False),
        ("not installed here", False),
        ("", False),
    ],
)
def test_a_licence_is_allowed_by_name_and_never_by_silence(expression: str, allowed: bool):
    assert supply.allows(expression, ["MIT"]) is allowed


def test_a_package_that_is_not_here_has_no_licence():
    assert supply.licence_of("no-such-package") == "not installed here"


@has_model
def test_the_list_of_licences_says_nothing_of_what_does_not_ship(images):
    shipped = {pin.name for image in images.values() for pin in image.pins}
    policy = supply.POLICY
    assert set(policy["packages"]) | set(policy["libraries"]) <= shipped
    assert set(policy["models"]) == {*supply.ENCODERS, "rapidocr"}
    words = {*policy["allowed"], *policy["allowed_libraries"]}
    said = {supply.licence_of(name) for name in shipped}
    said |= {one for found in policy["libraries"].values() for one in found.values()}
    used = {word for word in words if any(word in one for one in said)}
    assert used == words


@pytest.mark.skipif(sys.platform != "linux", reason="the libraries of Linux's wheels")
@has_model
def test_every_library_beside_a_package_is_in_the_list(images):
    allowed = supply.POLICY["allowed"] + supply.POLICY["allowed_libraries"]
    for name in {pin.name for image in images.values() for pin in image.pins}:
        if supply.licence_of(name) == "not installed here":
            continue
        carried = {
            re.split(r"-[0-9a-f]{8}|\.so", file.name)[0]
            for file in distribution(name).files or []
            if file.parts[0].endswith(".libs") and ".so" in file.name
        }
        listed = supply.POLICY["libraries"].get(name, {})
        assert carried == set(listed), name
        assert all(supply.allows(one, allowed) for one in listed.values()), name


# -- bills of materials --------------------------------------------------------------------------


@has_model
def test_a_bill_lists_the_lock_and_the_models_and_nothing_else(images, tmp_path, monkeypatch):
    monkeypatch.setattr(supply, "OUT", tmp_path)
    assert supply.bills() == 0
    for image in images.values():
        bill = json.loads((tmp_path / f"{image.name}.cdx.json").read_text("utf-8"))
        assert bill["metadata"]["component"]["name"] == f"winnow-{image.name}"
        libraries = {one["name"]: one for one in bill["components"] if one["type"] == "library"}
        assert {(name, one["version"]) for name, one in libraries.items()} == {
            (pin.name, pin.version) for pin in image.pins
        }
        for pin in image.pins:
            one = libraries[pin.name]
            assert one["purl"] == f"pkg:pypi/{pin.name}@{pin.version}"
            assert {hash_["content"] for hash_ in one["hashes"]} == set(pin.hashes)
            assert one["licenses"][0]["expression"] == supply.licence_of(pin.name)
        models = {one["name"]: one for one in bill["components"] if one["type"] != "library"}
        assert set(models) == {
            "classify": {"use-lite-model", "efficientnet-lite0-model"},
            "api": {"use-lite-model"},
            "publish": {"use-lite-model"},
            "train": {"use-lite-model", "efficientnet-lite0-model"},
            "classify-tensorflow": {"use-lite-model"},
            "scan": {"rapidocr-model"},
        }.get(image.name, set())


@has_model
@pytest.mark.parametrize(
    ("image", "model", "purl", "least"),
    [
        ("classify", "use-lite-model", "pkg:npm/%40energetic-ai/model-embeddings-en@0.2.0", 2),
        ("scan", "rapidocr-model", "pkg:pypi/rapidocr@", 3),
    ],
)
def test_a_model_is_listed_with_the_hash_that_its_files_have(
    images, image: str, model: str, purl: str, least: int
):
    text = supply.JsonV1Dot6(supply.bill(images[image])).output_as_string()
    [found] = [one for one in json.loads(text)["components"] if one["name"] == model]
    assert found["type"] == "machine-learning-model"
    assert found["licenses"] == [{"expression": "Apache-2.0"}]
    assert found["purl"].startswith(purl)
    assert found["version"]
    weights = distribution("rapidocr").locate_file("rapidocr/models")
    folder = supply.MODEL if model == "use-lite-model" else Path(str(weights))
    assert len(found["components"]) == least
    for file in found["components"]:
        digest = hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest()
        assert file["hashes"] == [{"alg": "SHA-256", "content": digest}]


# -- advisories ----------------------------------------------------------------------------------

ASKED = {"a==1", "b==2"}
WELL = {"name": "a", "version": "1", "vulns": []}
WEAK = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-2026-1"}]}


def _told(*dependencies: dict) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


def test_an_answer_for_every_package_is_an_audit():
    found = supply.understood(_told(WELL, WEAK | {"vulns": []}), ASKED)
    assert found == supply.Audit(weak=(), unanswered=())
    code, [line] = supply.verdict([found], may_be_left_out=False)
    assert code == 0
    assert "every package was looked up" in line


@pytest.mark.parametrize(
    "output",
    [
        "",
        "Traceback (most recent call last):",
        "{}",
        "[]",
        _told(),
        _told(WELL),
        _told(WELL, {"name": "b", "skip_reason": "Dependency not found on PyPI"}),
        _told(WELL, WEAK | {"version": "3", "vulns": []}),
    ],
)
def test_what_no_service_answers_for_was_not_audited(output: str):
    found = supply.understood(output, ASKED)
    assert "b==2" in found.unanswered
    code, lines = supply.verdict([found], may_be_left_out=False)
    assert code == 1
    assert "could not be made" in lines[-1]
    assert "no advisory service answered" in lines[-1]
    # Left out by name, it is said, and never called an audit.
    code, lines = supply.verdict([found], may_be_left_out=True)
    assert code == 0
    assert "could not be made" in lines[-2]
    assert "WINNOW_WITHOUT_ADVISORIES=1" in lines[-1]
    assert not any("looked up" in line for line in lines)


@pytest.mark.parametrize("may_be_left_out", [True, False])
def test_a_known_weakness_fails_whatever_else_was_not_answered(may_be_left_out: bool):
    for told in (_told(WELL, WEAK), _told(WEAK)):
        found = supply.understood(told, ASKED)
        code, lines = supply.verdict([found], may_be_left_out)
        assert code == 1
        assert "known weakness: b==2: PYSEC-2026-1" in lines
