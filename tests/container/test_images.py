"""The images as any engine runs them: no root, no writing, and one whole run through the three."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.container.engine import (
    MODEL_FILES,
    ROOT,
    Container,
    FunctionError,
    build,
    docker,
    running,
)
from tests.container.lost import lose
from tests.container.settings import API, FUNCTIONS
from tests.container.storage import RESULTS, UPLOADS, Storage
from tests.container.upload import CASES, SCAN, for_serialize, get, put
from tests.fakes.drawn_pictures import archive, packed, wheels
from tests.fakes.heads import PROCESS, rows, write_rows
from tests.unit.functions.test_select_code import selected
from tests.unit.repository.test_supply import supply
from winnow.models import (
    ChunkTask,
    Classified,
    FilterChunk,
    Filtered,
    ObjectRef,
    Outcome,
    Part,
    Record,
    Result,
    ScanNeeded,
    Serialized,
    Upload,
)
from winnow.processes.registry import ProcessRegistry
from winnow.recovery.report import SweepReport
from winnow.storage.paths import RunPaths
from winnow_aws.index_events import IndexReport
from winnow_aws.search_events import SearchOutput
from winnow_encoder import load_encoder
from winnow_train.data import read_labelled
from winnow_train.train import train, write

pytestmark = [
    pytest.mark.container,
    pytest.mark.timeout(900),
]

SETTINGS = {
    "serialize": {"PROCESS_DIR": "/opt/processes", "CHUNK_RECORDS": "5"},
    "scan": {"PROCESS_DIR": "/opt/processes"},
    "classify": {"MODEL_DIR": "/opt/model"},
    "filter": {},
}
JUDGING = ("classify", "api", "publish", "train")
"""Those with the encoder; publish and train compute vectors of reference sentences."""
SEARCHING = ("index", "search")
"""Those with DuckDB."""
HARDENED = (
    "--read-only",
    "--tmpfs=/tmp:rw,noexec,nosuid,size=64m",
    "--user=1051:1051",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
)
MEMORY_MB = 1769
"""Of the functions that ask for no other: `Globals` of the template."""
OF_THE_BASE = {"GLIBC": (2, 34), "GLIBCXX": (3, 4, 29), "CXXABI": (1, 3, 13)}
"""Of Amazon Linux 2023: glibc 2.34, and libstdc++ of GCC 11."""

_SYMBOL_VERSIONS = r"""
import json, pathlib, re
newest = {}
for path in pathlib.Path("/var/task").rglob("*.so*"):
    for name, version in re.findall(rb"\0(GLIBC|GLIBCXX|CXXABI)_([0-9.]+)\0", path.read_bytes()):
        parts = [int(part) for part in version.split(b".")]
        newest[name.decode()] = max(newest.get(name.decode(), []), parts)
print(json.dumps(newest))
"""


_OURS = """
import json, pathlib
root = pathlib.Path("/opt/python")
files = [path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc"]
print(json.dumps([str(path.relative_to(root)) for path in files]))
"""


_HELD = r"""
import hashlib, importlib.metadata, json, pathlib, re
packages = [
    [re.sub("[-_.]+", "-", one.metadata["Name"]).lower(), one.version]
    for one in importlib.metadata.distributions(path=["/var/task"])
]
weights = [
    path
    for place, kinds in (
        ("/opt/model", ("*.tflite", "*.model", "*.bin")),
        ("/var/task", ("*.onnx",)),
    )
    for kind in kinds
    for path in pathlib.Path(place).rglob(kind)
]
models = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in weights}
print(json.dumps({"packages": packages, "models": models}))
"""


@pytest.fixture(scope="session")
def images(docker_engine: None) -> dict[str, str]:
    return {function: build(function) for function in FUNCTIONS}


@pytest.fixture(scope="session")
def containers(images: dict[str, str], s3: Storage) -> Iterator[dict[str, Container]]:
    """The functions of a run side by side, hardened."""
    common = {**s3.environment, "RESULTS_BUCKET": RESULTS}
    with (
        running(images["serialize"], {**common, **SETTINGS["serialize"]}, HARDENED) as serialize,
        running(images["scan"], {**common, **SETTINGS["scan"]}, HARDENED) as scan,
        running(images["classify"], {**common, **SETTINGS["classify"]}, HARDENED) as classify,
        running(images["filter"], {**common, **SETTINGS["filter"]}, HARDENED) as filter_,
    ):
        yield {"serialize": serialize, "scan": scan, "classify": classify, "filter": filter_}


def filter_whole(filter_: Container, run: Serialized, task: ChunkTask) -> None:
    """A chunk that was judged in one part, as the workflow has it filtered."""
    told = task.model_copy(update={"process": run.process, "threshold": run.threshold})
    whole = Part(first=0, records=task.records)
    filter_.invoke(FilterChunk(task=told, parts=(whole,)).model_dump(mode="json"))


def test_a_file_goes_through_the_three_as_a_stranger_on_a_read_only_disk(
    containers: dict[str, Container], s3: Storage
) -> None:
    run = Serialized.model_validate(containers["serialize"].invoke(for_serialize(s3)))
    tasks = [ChunkTask.model_validate_json(line) for line in get(s3, run.manifest).splitlines()]
    assert len(tasks) == run.chunks > 1
    for task in tasks:
        answer = containers["classify"].invoke(task.model_dump(mode="json"))
        assert Classified.model_validate(answer).records == task.records
        filter_whole(containers["filter"], run, task)
    done = Filtered.model_validate(containers["filter"].invoke(run.model_dump(mode="json")))
    result = Result.model_validate_json(get(s3, done.result))
    assert result.counts.records == run.records > 5
    assert result.counts.accepted > 0
    assert result.model is not None
    assert result.model.engine == "litert"
    lines = [line for ref in result.files.values() for line in get(s3, ref).splitlines()]
    numbers = sorted(json.loads(line)["record"] for line in lines)
    assert numbers == list(range(1, run.records + 1))


def test_logs_hold_no_document_text(containers: dict[str, Container], s3: Storage) -> None:
    containers["serialize"].invoke(for_serialize(s3))
    logs = containers["serialize"].logs()
    assert '"message":"done"' in logs
    words = {word for word in CASES.read_text("utf-8").split() if len(word) > 9}
    assert not {word for word in words if word in logs}


def test_an_error_is_answered_with_its_code(containers: dict[str, Container], s3: Storage) -> None:
    event = for_serialize(s3)
    event["upload"]["object"]["key"] = "inbox/91110/never-uploaded.csv"
    event["upload"]["object"]["version_id"] = None
    with pytest.raises(FunctionError, match="object_gone: "):
        containers["serialize"].invoke(event)


def test_a_scan_goes_from_serialize_to_scan(containers: dict[str, Container], s3: Storage) -> None:
    event = for_serialize(s3, SCAN)
    needed = ScanNeeded.model_validate(containers["serialize"].invoke(event))
    run = Serialized.model_validate(containers["scan"].invoke({"upload": event["upload"]}))
    assert needed.upload == run.upload
    [task] = [ChunkTask.model_validate_json(line) for line in get(s3, run.manifest).splitlines()]
    [line] = get(s3, task.source).splitlines()
    record = Record.model_validate_json(line)
    assert record.text.split()[:3] == SCAN.with_name("prior-auth-note.txt").read_text().split()[:3]
    assert all(place.box and place.confidence for place in record.places)


def test_pictures_are_decoded_by_scan_and_judged_by_classify(
    containers: dict[str, Container], images: dict[str, str], s3: Storage, tmp_path: Path
) -> None:
    shutil.copy(ROOT / "tests" / "e2e" / "processes" / "wheels.yaml", tmp_path)
    tmp_path.chmod(0o755)
    bikes = {"bike.png": packed(wheels(), "PNG"), "cut.webp": packed(wheels(), "WEBP")[:200]}
    ref = put(s3, ObjectRef(bucket=UPLOADS, key="inbox/wheels/bikes.zip"), archive(bikes))
    upload = Upload(upload_id="b" * 32, object=ref, size=1).model_dump(mode="json")
    settings = {**s3.environment, "RESULTS_BUCKET": RESULTS, "PROCESS_DIR": "/opt/wheels"}
    with running(
        images["scan"], settings, (*HARDENED, f"--volume={tmp_path}:/opt/wheels:ro")
    ) as scan:
        run = Serialized.model_validate(scan.invoke({"upload": upload}))
    [task] = [ChunkTask.model_validate_json(line) for line in get(s3, run.manifest).splitlines()]
    containers["classify"].invoke(task.model_dump(mode="json"))
    filter_whole(containers["filter"], run, task)
    done = Filtered.model_validate(containers["filter"].invoke(run.model_dump(mode="json")))
    result = Result.model_validate_json(get(s3, done.result))
    assert (result.counts.accepted, result.counts.invalid) == (1, 1)
    assert result.model is not None
    assert result.model.engine == "litert-fp16"
    seen = RunPaths(RESULTS, upload["upload_id"]).picture("wheels", 1)
    assert get(s3, seen).startswith(b"\xff\xd8\xff")


@pytest.fixture(scope="session")
def with_head(images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Serialize with a trained process in /opt/trained, and the folder that it was made of."""
    context = tmp_path_factory.mktemp("context")
    processes = context / "processes"
    processes.mkdir()
    (processes / "bank.yaml").write_text(f"{PROCESS}codes: ['91110']\n", encoding="utf-8")
    definition = ProcessRegistry.from_directory(processes).find("bank")
    labelled = read_labelled(
        write_rows(context / "train.csv", rows(240, noise=0.02)), definition, "label"
    )
    fitted = train(
        definition, labelled, load_encoder(ROOT / "build" / "model"), label_column="label",
        text_column="text", created="2024-01-01T00:00:00+00:00",
    )  # fmt: skip
    write(fitted, processes / "bank.yaml", "bank")
    # What of a checkout reaches its images is for .dockerignore to say.
    shutil.copy(ROOT / ".dockerignore", context)
    (context / "Dockerfile").write_text(
        f"FROM {images['serialize']}\nCOPY processes /opt/trained/\n"
    )
    docker("build", "-q", "-t", "winnow-serialize-head:test", str(context))
    return "winnow-serialize-head:test", processes


def test_a_head_is_in_the_image_and_what_it_was_measured_by_is_not(
    with_head: tuple[str, Path],
) -> None:
    image, _ = with_head
    assert _listed(image, "/opt/trained") == ["bank.head", "bank.yaml"]
    assert _listed(image, "/opt/trained/bank.head") == ["head.json", "head.npz"]


def test_a_file_is_judged_by_the_head_in_the_images(
    with_head: tuple[str, Path],
    containers: dict[str, Container],
    s3: Storage,
    tmp_path: Path,
) -> None:
    image, processes = with_head
    made = rows(60, seed=5, noise=0)
    settings = {**s3.environment, "RESULTS_BUCKET": RESULTS, "PROCESS_DIR": "/opt/trained"}
    with running(image, settings, HARDENED) as serialize:
        event = for_serialize(s3, write_rows(tmp_path / "cases.csv", made))
        run = Serialized.model_validate(serialize.invoke(event))
    assert run.process.id == "bank"
    for line in get(s3, run.manifest).splitlines():
        containers["classify"].invoke(json.loads(line))
        filter_whole(containers["filter"], run, ChunkTask.model_validate_json(line))
    done = Filtered.model_validate(containers["filter"].invoke(run.model_dump(mode="json")))
    result = Result.model_validate_json(get(s3, done.result))
    assert result.head == ProcessRegistry.from_directory(processes).heads["bank"].card().info
    assert result.drift == done.drift
    assert done.drift is not None
    lines = [json.loads(line) for line in get(s3, result.files[Outcome.ACCEPTED]).splitlines()]
    assert len(lines) > 40
    assert {line["calibration"] for line in lines} == {result.head and result.head.calibration}
    right = [line["decision"]["value"] == made[line["record"] - 1][1] for line in lines]
    assert sum(right) > 0.9 * len(right)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_locked_packages_win_and_are_compiled(images: dict[str, str], function: str) -> None:
    found = _python(
        images[function],
        "import boto3, pydantic, winnow, json;"
        "print(json.dumps([[m.__file__, m.__cached__] for m in (boto3, pydantic, winnow)]))",
    )
    for file, cached in json.loads(found):
        assert file.startswith(("/var/task/", "/opt/python/"))
        assert _python(images[function], f"import os; print(os.path.exists({cached!r}))") == "True"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_stays_out(images: dict[str, str], function: str) -> None:
    unwanted = {"tensorflow", "keras", "pip", "winnow_local", "winnow_model"}
    if function not in JUDGING:
        unwanted |= {"ai_edge_litert", "winnow_encoder"}
    if function != "scan":
        unwanted |= {"cv2", "onnxruntime", "rapidocr", "winnow_ocr"}
    if function not in SEARCHING:
        unwanted |= {"duckdb", "winnow_search"}
    if function not in (*JUDGING, *SEARCHING, "scan"):
        unwanted |= {"numpy"}
    found = [*_listed(images[function], "/var/task"), *_listed(images[function], "/opt/python")]
    assert "app.py" in found
    assert not unwanted & set(found)
    assert not [name for name in found if name.startswith("tensorflow")]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_image_holds_of_our_code_what_its_function_reaches(
    images: dict[str, str], function: str
) -> None:
    found = _python(images[function], _OURS)
    assert set(json.loads(found)) == {str(place) for place in selected(function)}


def test_sweep_starts_a_lost_upload_as_a_stranger_on_a_read_only_disk(
    images: dict[str, str], s3: Storage
) -> None:
    lost = lose(s3, "images")
    with running(images["sweep"], {**s3.environment, **lost.settings}, HARDENED) as sweep:
        report = SweepReport.model_validate(sweep.invoke({}))
    assert report.restarted == report.versions >= 1
    assert lost.key in lost.started()


def test_what_a_run_found_is_indexed_and_found_as_a_stranger_on_a_read_only_disk(
    images: dict[str, str], containers: dict[str, Container], s3: Storage
) -> None:
    run = Serialized.model_validate(containers["serialize"].invoke(for_serialize(s3)))
    for line in get(s3, run.manifest).splitlines():
        containers["classify"].invoke(json.loads(line))
        filter_whole(containers["filter"], run, ChunkTask.model_validate_json(line))
    done = Filtered.model_validate(containers["filter"].invoke(run.model_dump(mode="json")))
    told = {
        **s3.environment,
        "RESULTS_BUCKET": RESULTS,
        "CHANGES_QUEUE_URL": s3.queue("changes"),
    }
    limits = (*HARDENED, f"--memory={MEMORY_MB}m", f"--memory-swap={MEMORY_MB}m")
    changed = {"detail": {"object": {"key": done.result.key}}}
    with running(images["index"], told, limits) as index:
        report = IndexReport.model_validate(index.invoke(_messages(changed)))
        assert (report.uploads, report.records) == (1, run.records)
        assert not report.batchItemFailures
        assert IndexReport.model_validate(index.invoke({"index": "maintain"})).upkeep
    asked = {"filters": {"uploads": [run.upload.upload_id]}}
    with running(images["search"], told, limits) as search:
        found = SearchOutput.model_validate(search.invoke({"search": asked})).search
        drawn = SearchOutput.model_validate(
            search.invoke({"stats": {**asked, "chart": "outcomes"}})
        ).stats
        refused = SearchOutput.model_validate(search.invoke({"search": {"query": "?!"}})).refused
    assert found is not None
    assert drawn is not None
    assert found.total == drawn.total == run.records
    assert refused is not None
    assert refused.code == "search_invalid"


def _messages(*bodies: object) -> dict[str, object]:
    """A batch of the queue."""
    return {
        "Records": [
            {"messageId": str(number), "body": json.dumps(body)}
            for number, body in enumerate(bodies)
        ]
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_bill_of_materials_is_what_the_image_holds(
    images: dict[str, str], function: str
) -> None:
    [image] = [one for one in supply.images() if one.name == function]
    found = json.loads(_python(images[function], _HELD))
    assert {tuple(one) for one in found["packages"]} == {
        (pin.name, pin.version) for pin in image.pins
    }
    listed = {file.path: file.sha256 for files in supply.models(image).values() for file in files}
    assert found["models"] == listed


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_what_judges_has_the_model(images: dict[str, str], function: str) -> None:
    files = [*MODEL_FILES] if function in JUDGING else []
    if function in ("classify", "train"):
        files.append("pictures")
    assert _listed(images[function], "/opt/model") == sorted(files)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_the_api_has_the_page(images: dict[str, str], function: str) -> None:
    page = {path.name for path in (ROOT / "web").glob("*.*")} - {"README.md"}
    assert "index.html" in page
    assert set(_listed(images[function], "/opt/web")) == (page if function == "api" else set())


def test_the_api_answers_as_a_stranger_on_a_read_only_disk(
    images: dict[str, str], s3: Storage
) -> None:
    told = {**s3.environment, "RESULTS_BUCKET": RESULTS, **API}
    event = json.loads((ROOT / "events" / "api.json").read_text("utf-8"))
    with running(images["api"], told, HARDENED) as api:
        answer = api.invoke(event)
        page = api.invoke({**event, "routeKey": "GET /", "rawPath": "/"})
    assert answer["statusCode"] == 200
    assert page["statusCode"] == 200


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nothing_asks_for_a_newer_libc_than_the_base_has(
    images: dict[str, str], function: str
) -> None:
    """A stand-in of the base may have a newer one, and would hide it."""
    found = json.loads(_python(images[function], _SYMBOL_VERSIONS))
    assert "GLIBC" in found
    for library, newest in found.items():
        assert tuple(newest) <= OF_THE_BASE[library], library


def _listed(image: str, folder: str) -> list[str]:
    """What lies in a folder of an image, sorted; nothing where there is no such folder."""
    script = f"import pathlib; print(*(p.name for p in pathlib.Path({folder!r}).glob('*')))"
    return sorted(_python(image, script).split())


def _python(image: str, script: str) -> str:
    """What a script prints in the image, with the search path that the runtime sets."""
    script = f"import sys; sys.path.insert(0, '/var/task'); {script}"
    return docker("run", "--rm", "--entrypoint=/var/lang/bin/python3.13", image, "-c", script)
