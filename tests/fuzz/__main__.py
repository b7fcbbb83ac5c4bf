"""Run the fuzz targets for a bounded time: `python -m tests.fuzz [--seconds N] [--target NAME]`.

Each target runs in a process of its own. Ends with 1 when one of them found something.
"""

import argparse
import importlib
import importlib.util
import pkgutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOUND = ROOT / "build" / "fuzz"
CORPUS = Path(__file__).parent / "corpus"
"""A ZIP a target: the inputs that reach what the seeds do not, as few as do."""
INSTRUMENTED = (
    "winnow.readers",
    "winnow.parsers",
    "winnow.tables.columns",
    "PIL.Image",
    "PIL.ImageFile",
    "PIL.GifImagePlugin",
    "PIL.JpegImagePlugin",
    "PIL.PngImagePlugin",
    "PIL.TiffImagePlugin",
    "PIL.WebPImagePlugin",
    "email",
)
_LONGEST = 8_192


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.fuzz")
    arguments.add_argument("--seconds", type=int, default=10, help="for each target")
    arguments.add_argument(
        "--target", action="append", help="a target by name; several may be given"
    )
    arguments.add_argument("--jobs", type=int, default=1, help="targets that run at a time")
    arguments.add_argument("--seed", type=int, default=0, help="0: another one each time")
    arguments.add_argument(
        "--keep", action="store_true", help="add what was found to the corpus, as little as does"
    )
    arguments.add_argument("--inside", help=argparse.SUPPRESS)
    given, of_the_fuzzer = arguments.parse_known_args()
    if of_the_fuzzer and not given.inside:
        arguments.error(f"unknown: {' '.join(of_the_fuzzer)}")
    if importlib.util.find_spec("atheris") is None:
        print("skipped: atheris, which guides the fuzzing, has no wheel for this Python or system")
        return 0
    if given.inside:
        return inside(given.inside, of_the_fuzzer)

    from tests.fuzz.targets import TARGETS

    def fuzzed(name: str) -> "subprocess.CompletedProcess[str]":
        corpus = FOUND / "corpus" / name
        unpack(name, corpus)
        return run(name, str(corpus), f"-max_total_time={given.seconds}", f"-seed={given.seed}")

    failed = 0
    names = given.target or list(TARGETS)
    pool = ThreadPoolExecutor(given.jobs)
    for name, done in zip(names, pool.map(fuzzed, names), strict=True):
        runs = [
            line for line in done.stderr.splitlines() if line.startswith("#") and "exec/s" in line
        ]
        print(
            f"{name:6} {'ok' if not done.returncode else 'FAILED'}  {runs[-1] if runs else ''}",
            flush=True,
        )
        if done.returncode:
            failed += 1
            print(done.stdout[-4_000:], "\n".join(done.stderr.splitlines()[-5:]), sep="\n")
        elif given.keep:
            with tempfile.TemporaryDirectory() as least:
                run(name, "-merge=1", least, str(FOUND / "corpus" / name))
                pack(name, Path(least).iterdir())
    return 1 if failed else 0


def run(name: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """A target in a process of its own; the options are those of libFuzzer."""
    command = [sys.executable, "-m", "tests.fuzz", "--inside", name, *options]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False
    )


def unpack(name: str, folder: Path) -> None:
    """The seeds and the kept corpus of a target, next to what earlier runs found."""
    from tests.fuzz.targets import SEEDS

    folder.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(SEEDS[name]):
        (folder / f"seed-{number:03}").write_bytes(content)
    if (CORPUS / f"{name}.zip").exists():
        with zipfile.ZipFile(CORPUS / f"{name}.zip") as kept:
            for member in kept.namelist():
                (folder / Path(member).name).write_bytes(kept.read(member))


def pack(name: str, inputs: Iterable[Path]) -> None:
    """Keep these inputs as the corpus of a target; the same inputs make the same file."""
    CORPUS.mkdir(exist_ok=True)
    with zipfile.ZipFile(CORPUS / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as kept:
        for path in sorted(inputs):
            kept.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED)


def inside(name: str, options: Sequence[str]) -> int:
    """Run one target in this process, its modules instrumented."""
    import atheris

    with atheris.instrument_imports(include=list(INSTRUMENTED)):
        for package in ("winnow.readers", "winnow.parsers"):
            folder = importlib.import_module(package)
            for module in pkgutil.walk_packages(folder.__path__, f"{package}."):
                if not module.name.endswith("__main__"):
                    importlib.import_module(module.name)
        for module_name in INSTRUMENTED[3:]:
            importlib.import_module(module_name)
        from tests.fuzz.targets import TARGETS, patched, reader

    atheris.Setup(
        [
            # A merge starts itself again, by this command.
            f"{sys.executable} -m tests.fuzz --inside {name}",
            f"-max_len={_LONGEST}",
            "-timeout=10",
            "-rss_limit_mb=2048",
            *options,
            f"-artifact_prefix={FOUND}/{name}-",
            "-print_final_stats=0",
        ],
        patched(reader(TARGETS[name])),
    )
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
