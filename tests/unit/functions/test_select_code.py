"""What each image holds of our code: all that its function reaches, and nothing else."""

import json
import re
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

import pytest

from tests.scripts import load

ROOT = Path(__file__).parents[3]
SCRIPT = ROOT / "functions" / "select_code.py"
LAYERS = sorted(ROOT.glob("layers/*/python"))
TRAINING = ROOT / "training"
"""What the image of train has besides."""
APPS = {app.parent.name: app for app in sorted(ROOT.glob("functions/*/app.py"))}

select_code = load(SCRIPT)

READ_FILES = {
    *("winnow", "winnow/heads", "winnow/limits", "winnow/processes"),
    *("winnow/parsers", "winnow/parsers/docx", "winnow/parsers/html", "winnow/parsers/mail"),
    *("winnow/parsers/pdf", "winnow/parsers/xlsx"),
    *("winnow/readers", "winnow/readers/pages", "winnow/readers/tabular", "winnow/steps"),
    *("winnow/registry", "winnow/storage", "winnow/tables", "winnow_aws"),
}
RECOVER = {
    *("winnow", "winnow/limits", "winnow/parsers", "winnow/parsers/mail", "winnow/recovery"),
    "winnow/steps",
    *("winnow/storage", "winnow/tables", "winnow_aws"),
}
INDEX = {
    *("winnow", "winnow/limits", "winnow/processes", "winnow/reviews", "winnow/search"),
    *("winnow/storage", "winnow_aws", "winnow_search"),
}
FOLDERS = {
    "serialize": READ_FILES,
    "scan": READ_FILES | {"winnow_ocr"},
    "classify": {
        *("winnow", "winnow/heads", "winnow/judging", "winnow/judging/criteria"),
        "winnow/judging/facts",
        *("winnow/judging/labels", "winnow/judging/text", "winnow/limits", "winnow/processes"),
        *("winnow/steps", "winnow/storage", "winnow/tables", "winnow_aws", "winnow_encoder"),
        *("winnow/registry", "winnow/judging/pictures"),
    },
    "filter": {
        *("winnow", "winnow/heads", "winnow/limits", "winnow/processes", "winnow/steps"),
        *("winnow/costs", "winnow/storage", "winnow_aws"),
    },
    "sweep": RECOVER | {"winnow/costs", "winnow/registry", "winnow/reviews"},
    "dispatch": RECOVER,
    "digest": {"winnow", "winnow/limits", "winnow/steps", "winnow_aws"},
    "notify": {"winnow", "winnow/limits", "winnow/steps", "winnow_aws"},
    "queue": RECOVER
    | {"winnow/processes", "winnow/registry", "winnow/releases", "winnow/reviews"}
    | {"winnow/costs"},
    "api": {
        *("winnow", "winnow/heads", "winnow/judging", "winnow/judging/criteria"),
        "winnow/judging/facts",
        *("winnow/judging/labels", "winnow/judging/text", "winnow/limits", "winnow/parsers"),
        *("winnow/parsers/mail", "winnow/processes", "winnow/recovery", "winnow/reviews"),
        *(
            "winnow/steps",
            "winnow/storage",
            "winnow/tables",
            "winnow_aws",
            "winnow_api",
            "winnow/search",
        ),
        *("winnow/costs", "winnow/registry", "winnow/releases", "winnow_encoder"),
    },
    "index": INDEX,
    # Texts of an exported CSV are no formulas.
    "search": INDEX | {"winnow/tables"},
    "publish": {
        *("winnow", "winnow/heads", "winnow/judging", "winnow/judging/criteria"),
        *("winnow/judging/facts", "winnow/judging/labels", "winnow/judging/text"),
        *("winnow/limits", "winnow/processes", "winnow/registry"),
        *("winnow/storage", "winnow/tables", "winnow_aws", "winnow_encoder"),
    },
    "train": {
        *("winnow", "winnow/heads", "winnow/judging", "winnow/judging/criteria"),
        "winnow/judging/pictures",
        *("winnow/judging/facts", "winnow/judging/labels", "winnow/judging/text"),
        *("winnow/limits", "winnow/processes", "winnow/registry", "winnow/releases"),
        *("winnow/reviews", "winnow/storage", "winnow/tables", "winnow_aws", "winnow_encoder"),
        # The rows that shipped heads were trained on are read like any file.
        *("winnow/parsers", "winnow/parsers/docx", "winnow/parsers/html", "winnow/parsers/mail"),
        *("winnow/parsers/pdf", "winnow/parsers/xlsx"),
        *("winnow/readers", "winnow/readers/pages", "winnow/readers/tabular"),
        "winnow_train",
    },
}
"""Image -> the packages that it has modules of. One more is a longer cold start: is it meant?"""
IN_NO_IMAGE = {
    "winnow_api/openapi.py",  # writes docs/openapi.json
    "winnow/reviews/forget.py",  # of the command line alone, as the next two
    "winnow_aws/erasing.py",
    "winnow/search/erasure.py",
    "winnow/judging/criteria/explain.py",  # and of `predict --explain`
    "winnow/judging/criteria/limits.py",  # and what of it caps a confidence
    "winnow/py.typed",  # for mypy
    "winnow/search/svg.py",  # of `winnow stats`
    "winnow/storage/text_files.py",  # what the command line reads
    *(f"winnow/costs/{name}.py" for name in ("estimate", "month")),  # of commands
    # Of commands: what is wrong with the registry, what is copied to another, and how a release is.
    *(f"winnow/registry/{name}.py" for name in ("audit", "copies", "erasure")),
    "winnow/releases/status.py",
}

IMPORT_ALL = """
import importlib, json, sys
sys.path[:0] = [sys.argv[1], sys.argv[2]]
sys.path.append(sys.argv[3])  # after the copy, and without what its .pth files would add
for name in json.loads(sys.argv[4]):
    if not name.endswith("__main__"):
        importlib.import_module(name)
ours = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
print(json.dumps({n: file for n, file in ours.items() if n.split(".")[0].startswith("winnow")}))
"""


def roots_of(function: str) -> list[Path]:
    return [*LAYERS, TRAINING] if function == "train" else LAYERS


@cache
def selected(function: str) -> dict[Path, Path]:
    files: dict[Path, Path] = select_code.select(APPS[function], roots_of(function))
    return files


def ours() -> set[str]:
    """Every file of the layers that could travel."""
    return {
        str(file.relative_to(root))
        for root in LAYERS
        for file in root.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".md"
    }


@pytest.mark.parametrize("function", APPS)
def test_an_image_has_modules_of_these_packages_and_no_other(function: str) -> None:
    assert {str(place.parent) for place in selected(function)} == FOLDERS[function]


def test_every_file_of_the_layers_is_in_an_image_or_said_to_be_in_none() -> None:
    shipped = {str(place) for function in APPS for place in selected(function)}
    assert ours() - shipped == IN_NO_IMAGE


@pytest.mark.parametrize("function", APPS)
def test_what_is_copied_runs_by_itself(function: str, tmp_path: Path) -> None:
    roots = [str(root) for root in roots_of(function)]
    subprocess.run([sys.executable, SCRIPT, APPS[function], tmp_path, *roots], check=True)
    modules = sorted(
        ".".join(file.relative_to(tmp_path).with_suffix("").parts).removesuffix(".__init__")
        for file in tmp_path.rglob("*.py")
    )
    packages = sysconfig.get_path("purelib")
    arguments = [str(tmp_path), str(APPS[function].parent), packages, json.dumps(["app", *modules])]
    loaded = subprocess.run(
        [sys.executable, "-I", "-S", "-c", IMPORT_ALL, *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    files = json.loads(loaded.stdout)
    assert files.keys() >= {name for name in modules if not name.endswith("__main__")}
    assert all(file.startswith(str(tmp_path)) for file in files.values())


def test_data_files_travel_with_the_module_that_reads_them() -> None:
    data = {
        str(place): [f for f in APPS if place in selected(f)]
        for place in map(Path, ours())
        if place.suffix in (".tsv", ".json")
    }
    every_definition = data.pop("winnow/processes/imagenet.tsv")
    assert every_definition == [
        f for f in APPS if Path("winnow/processes/schema.py") in selected(f)
    ]
    assert len(data) == 7
    assert all(images == ["api", "classify", "publish", "train"] for images in data.values())


def test_the_build_selects_for_every_function_from_all_layers() -> None:
    text = (ROOT / "functions" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    layers = ("core", "aws", "encoder", "ocr", "api", "search")
    (command,) = re.findall(r'ENV SELECT="python3.13 select_code.py (.*)"', text)
    assert command.split() == [
        *("app/app.py", "/opt/python"),
        *(f"layers/{layer}/python" for layer in layers),
    ]
    assert {root.parent.name for root in LAYERS} == set(layers)
    assert text.count("RUN $SELECT ") == len(APPS)
    assert text.count("RUN $SELECT training ") == 1
    for function in APPS:
        assert f"COPY --from={function}-code /opt/python /opt/python" in text


# -- the rules, on packages made for it ----------------------------------------------------------

HOUSE = {
    "house/__init__.py": "",
    "house/hall.py": "import house.attic\n",
    "house/attic.py": 'TABLES = ("attic.tsv", "cellar")  # the second is a folder\n',
    "house/attic.tsv": "",
    "house/hall.tsv": "",
    "house/README.md": "",
    "house/cellar/__init__.py": "",
    "house/cellar/wine.py": "",
    "other/__init__.py": "",
    "other/thing.py": "",
}


@pytest.mark.parametrize(
    ("app", "reached"),
    [
        ("import json", set()),
        ("import house", {"house/__init__.py"}),
        (
            "from house import hall",
            {"house/__init__.py", "house/hall.py", "house/attic.py", "house/attic.tsv"},
        ),
        (
            "def late():\n    from house.cellar.wine import red",
            {"house/__init__.py", "house/cellar/__init__.py", "house/cellar/wine.py"},
        ),
        (
            'NAMES = {"w": "house.cellar.wine"}',
            {"house/__init__.py", "house/cellar/__init__.py", "house/cellar/wine.py"},
        ),
        ('"""Of house.cellar.wine, and more."""', set()),
        (
            "if TYPE_CHECKING:\n    import other.thing\nelse:\n    import other",
            {"other/__init__.py"},
        ),
    ],
)
def test_a_module_is_reached_by_import_or_by_name(
    app: str, reached: set[str], tmp_path: Path
) -> None:
    for name, text in HOUSE.items():
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).write_text(text)
    (tmp_path / "app.py").write_text(app)
    files = select_code.select(tmp_path / "app.py", [tmp_path / "root"])
    assert {str(place) for place in files} == reached


def test_an_import_of_a_module_that_is_not_there_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "root" / "house").mkdir(parents=True)
    (tmp_path / "root" / "house" / "__init__.py").write_text("")
    (tmp_path / "app.py").write_text("import house.garage\n")
    with pytest.raises(SystemExit, match=r"house\.garage"):
        select_code.select(tmp_path / "app.py", [tmp_path / "root"])
