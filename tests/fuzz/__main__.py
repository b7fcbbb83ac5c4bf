"""Run the fuzz targets for a bounded time: `python -m tests.fuzz [--seconds N] [--target NAME]`.

Each target runs in a process of its own. Ends with 1 when one of them found something.
"""

import argparse
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOUND = ROOT / "build" / "fuzz"


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.fuzz")
    arguments.add_argument("--seconds", type=int, default=10, help="for each target")
    arguments.add_argument(
        "--target", action="append", help="a target by name; several may be given"
    )
    arguments.add_argument("--seed", type=int, default=0, help="0: another one each time")
    arguments.add_argument("--inside", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("skipped: atheris, which guides the fuzzing, has no wheel for this Python or system")
        return 0
    if given.inside:
        return inside(given.inside, given.seconds, given.seed)

    from tests.fuzz.targets import TARGETS

    FOUND.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in given.target or TARGETS:
        command = [sys.executable, "-m", "tests.fuzz", "--inside", name]
        command += ["--seconds", str(given.seconds), "--seed", str(given.seed)]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False
        )
        runs = [
            line for line in done.stderr.splitlines() if line.startswith("#") and "exec/s" in line
        ]
        print(f"{name:6} {'ok' if not done.returncode else 'FAILED'}  {runs[-1] if runs else ''}")
        if done.returncode:
            failed += 1
            print(done.stdout[-4_000:], "\n".join(done.stderr.splitlines()[-5:]), sep="\n")
    return 1 if failed else 0


def inside(name: str, seconds: int, seed: int) -> int:
    """Run one target in this process, its modules instrumented."""
    import atheris

    with atheris.instrument_imports(include=["winnow.readers", "winnow.parsers"]):
        from tests.fuzz.targets import CORPUS, TARGETS

        target = TARGETS[name]()
    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate(CORPUS[name]):
            Path(folder, f"{number:03}").write_bytes(content)
        atheris.Setup(
            [
                "fuzz",
                folder,
                f"-max_total_time={seconds}",
                f"-seed={seed}",
                "-max_len=8192",
                "-timeout=10",
                "-rss_limit_mb=2048",
                f"-artifact_prefix={FOUND}/{name}-",
                "-print_final_stats=0",
            ],
            target,
        )
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
