"""Every command is given text that would steer a terminal, wherever it takes or shows text."""

import io
import json
import os
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
import typer

from winnow_cli.__main__ import main
from winnow_cli.app import app
from winnow_local.template import Checkout

from .conftest import SURE, Stack, winnow

PLANT = "\x1b]0;own\x07\x1b[2J\x9b31m\x7f\u202e\u2066\u200b"
NAME = os.fsdecode(b"n\x1b[31m\xe2\x80\xae\xff.csv")
UNTRIED = {
    "down": "ends the stack of these tests",
    "destroy": "shows the stage's name, which stages.toml holds to letters and digits",
    "stages promote": "shows the stage's name, which stages.toml holds to letters and digits",
    "model build": "fetches the model; shows only names from the lock",
    "evaluate-similarity": "shows figures only, and the file's name as evaluate does",
    "tune": "shows the columns that evaluate shows",
}
# What Rich itself sends: colours, the cursor, a line cleared.
CODES = re.compile(r"\x1b\[[0-9;]*[mAK]|\x1b\[\?25[lh]|\r")

Run = Callable[..., str]


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.fixture(params=["terminal", "pipe"])
def shown(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command as a user does; gives all that it shows, without Rich's own codes."""

    def run(*arguments: str) -> str:
        kind = io.TextIOWrapper if request.param == "pipe" else Terminal
        streams = [kind(io.BytesIO(), encoding="utf-8") for _ in range(2)]
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", streams[0])
            patched.setattr(sys, "stderr", streams[1])
            patched.setattr(sys, "argv", ["winnow", *arguments])
            patched.setenv("COLUMNS", "70")
            patched.setenv("TERM", "xterm-256color")
            with pytest.raises(SystemExit) as ended:
                main()
            for stream in streams:
                stream.flush()
        assert ended.value.code in (0, 1, 2)
        text = "".join(stream.buffer.getvalue().decode() for stream in streams)  # type: ignore[attr-defined]
        return text if request.param == "pipe" else CODES.sub("", text)

    return run


@pytest.fixture(scope="module")
def planted(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files of hostile names and texts, and uploads of them that succeeded and failed."""
    folder = tmp_path_factory.mktemp("planted")
    file = folder / NAME
    rows = f'"A{PLANT}","{SURE} {PLANT}"\n"B{PLANT}",\n'
    file.write_text(f"id,text\n{rows}", "utf-8")
    labelled = folder / f"l{NAME}"
    lines = [f'"{SURE} {n} {PLANT}",joy,s{PLANT}\n"I was sad {n}",sadness,b\n' for n in range(3)]
    labelled.write_text(f'text,label,"site{PLANT}"\n' + "".join(lines), "utf-8")
    broken = folder / f"b{NAME}.yaml"
    escaped = json.dumps(f"x{PLANT}")
    broken.write_text(f"id: {escaped}\nversion: 1\nkind: labels\n{escaped}: 1\n", "utf-8")
    good = folder / f"g{NAME}.yaml"
    good.write_bytes((Checkout.here().root / "processes" / "emotions.yaml").read_bytes())
    titled = folder / "titled.yaml"
    titled.write_text(
        "id: moods\nversion: 1.0.0\nkind: labels\n"
        f"title: {json.dumps(f't{PLANT}')}\nlabels:\n"
        f"  - {{id: joy, examples: [{json.dumps(f'I am glad {PLANT}')}]}}\n"
        "  - {id: sadness, examples: [I am sad.]}\n",
        "utf-8",
    )
    processes = folder / "processes"
    processes.mkdir()
    (processes / "emotions.yaml").write_bytes(good.read_bytes())

    def submitted(process: str) -> dict[str, Any]:
        ran = winnow("submit", file, "--process", process, "--wait", "--json")
        return dict(ran.document()["uploads"][0])

    done, failed = submitted("emotions"), submitted("unknown")
    assert (done["state"], failed["state"]) == ("SUCCEEDED", "FAILED")
    stack.mails(done["upload_id"])
    key = stack.put(f"k{PLANT}\n.jsonl".replace("\n", ""), f'{{"text": "{SURE}"}}\n')
    foreign = stack.wait(key).upload_id
    # MiniStack cannot list a bucket that has such a key; the row is enough here.
    stack.s3.delete_object(
        Bucket=stack.target.uploads_bucket,
        Key=key,
        VersionId=stack.s3.head_object(Bucket=stack.target.uploads_bucket, Key=key)["VersionId"],
    )
    return {
        "file": str(file),
        "labelled": str(labelled),
        "broken": str(broken),
        "good": str(good),
        "titled": str(titled),
        "folder": str(folder),
        "processes": str(processes),
        "page": str(folder / "page.html"),
        "done": done["upload_id"],
        "failed": failed["upload_id"],
        "foreign": foreign,
    }


CALLS: dict[str, list[list[str]]] = {
    "menu": [[], [PLANT]],
    "up": [[], ["--json"], ["--parameter", f"{PLANT}=1"]],
    "deploy": [
        ["local", "--no-verify"],
        ["local", "--no-verify", "--json"],
        ["local", "--parameter", f"{PLANT}=1"],
        [PLANT, "--yes"],
        ["local", "--stages", PLANT],
    ],
    "stages": [[], ["--json"], ["--stages", PLANT]],
    "stages set": [
        [PLANT],
        ["x", "--account", PLANT, "--stages", "{folder}/stages.toml"],
        ["x", "--parameter", PLANT, "--stages", "{folder}/stages.toml"],
        ["x", "--tag", f"{PLANT}={PLANT}", "--stages", "{folder}/stages.toml"],
    ],
    "training create": [["local"], ["local", "--json"], [PLANT, "--yes"]],
    "training run": [["local", "moods"], ["local", PLANT], [PLANT, "moods", "--json"]],
    "training status": [["local"], ["local", "--json"], [PLANT], ["local", "--stages", PLANT]],
    "training destroy": [["local"], ["local", "--json"], [PLANT, "--yes", "--confirm", PLANT]],
    "stages remove": [[PLANT, "--stages", "{folder}/stages.toml"]],
    "mail": [[], ["--json"]],
    "submit": [
        ["{file}", "--process", "emotions"],
        ["{file}", "--process", "unknown", "--wait"],
        ["{file}", "--process", "emotions", "--json"],
        ["{file}", "--process", PLANT],
        ["{file}" + PLANT, "--process", "emotions"],
    ],
    "status": [[], ["--json"], ["{foreign}"], [PLANT], ["x", PLANT]],
    "why": [["{done}"], ["{failed}"], ["{foreign}"], ["{failed}", "--json"], [PLANT]],
    "results": [
        ["{done}"],
        ["{done}", "--format", "csv"],
        ["{done}", "--json"],
        ["{done}", "--record", "1"],
        ["{done}", "--record", "2", "--json"],
        ["{done}", "--outcome", "invalid"],
        ["{done}", "--outcome", PLANT],
        ["{failed}"],
        ["{done}", "--format", PLANT],
    ],
    "search": [
        [],
        ["overjoyed", "--limit", "2"],
        ["--json", "--upload", "{done}"],
        [PLANT],
        ["--decision", PLANT, "--case", PLANT],
        ["--process", PLANT],
        ["--confidence", PLANT],
        ["--export", PLANT],
        ["--upload", PLANT],
        ["--like-record", PLANT],
        [NAME],
        [PLANT, "--save", "hostile"],
        ["--save", PLANT],
        ["--save", NAME],
        ["--saved", PLANT],
        ["--saved", "hostile"],
    ],
    "searches": [[], ["--json"]],
    "searches delete": [[PLANT], [NAME]],
    "index status": [[], ["--json"]],
    "index rebuild": [["--stack", PLANT]],
    "stats": [
        [],
        ["decisions", "--upload", "{done}", "--json"],
        ["reasons", "--query", PLANT],
        ["reasons", "--query", NAME],
        [PLANT],
        ["cost", "--since", PLANT],
        ["cost", "--svg", "{folder}/" + PLANT + "/c.svg"],
    ],
    "queue": [[], ["--json"], ["--process", PLANT], ["--add", PLANT]],
    "history": [["{done}", "1"], ["{done}", "1", "--json"], [PLANT, "1"]],
    "review": [["--print"], ["--terminal"], ["--terminal", "--process", PLANT]],
    "reviews export": [
        ["--process", "emotions", "--output", "{page}"],
        ["--process", PLANT, "--output", "{page}"],
        ["--since", PLANT],
    ],
    "forget": [["{failed}"], [PLANT], [PLANT, "1", "--yes"]],
    "costs": [[], ["--json"], ["--days", PLANT], ["--stack", PLANT]],
    "dashboard": [[], ["--json"], ["--hours", PLANT], ["--stack", PLANT]],
    "users add": [
        [f"{PLANT}@example.org", "--group", "admin"],
        ["p@example.org", "--group", PLANT],
        ["p@example.org", "--group", "admin", "--name", PLANT],
    ],
    "users list": [[], ["--json"]],
    "users remove": [["--yes", PLANT], ["--yes", f"{PLANT}@example.org"], [PLANT]],
    "bootstrap": [
        [PLANT, "--repository", "example/winnow", "--yes"],
        ["local", "--repository", PLANT, "--yes"],
        ["local", "--repository", "example/winnow", "--yes"],
    ],
    "policy": [["read"], ["drop", "--json"], [PLANT], ["read", "--stack", PLANT]],
    "audit": [[], ["--json"]],
    "redrive": [["{done}"], [PLANT], ["--failed-since", PLANT]],
    "predict": [
        ["--process", "emotions", f"{SURE} {PLANT}"],
        ["--process", "emotions", "--file", "{file}"],
        ["--process", "emotions", "--file", "{file}", "--json"],
        ["--process", PLANT, "x"],
        ["--process", "L33774", "--explain", f"Melena {PLANT}. EGD was negative {PLANT}."],
        ["--process", "L33774", "--explain", "--file", "{file}"],
        ["--process", "L33774", "--explain", "--file", "{file}", "--json"],
    ],
    "evaluate": [
        [
            *("--process", "emotions", "--data", "{labelled}", "--label-column", "label"),
            *("--slice", f"site{PLANT}", "--html", "{page}"),
        ],
        ["--process", "emotions", "--data", "{labelled}", "--label-column", PLANT],
    ],
    "train": [
        [
            *("--process", "moods", "--create", "--data", "{labelled}", "--label-column", "label"),
            *("--processes", "{processes}"),
        ],
        ["--process", "emotions", "--data", "{labelled}", "--label-column", PLANT],
    ],
    "process list": [
        ["--processes", "{folder}"],
        ["--processes", "{folder}", "--json"],
        ["--processes", f"{PLANT}"],
    ],
    "process new": [
        [PLANT, "--kind", "labels", "--processes", "{processes}"],
        ["fresh", "--kind", PLANT, "--processes", "{processes}"],
        [
            *("fresh", "--criterion", "pain", "--title", f"t{PLANT}", "--text-column", PLANT),
            *("--processes", "{processes}"),
        ],
        ["fresh", "--kind", "labels", "--processes", "{processes}" + PLANT, "--json"],
    ],
    "process validate": [["{good}"], ["{broken}"], ["{broken}", "--json"], ["{good}" + PLANT]],
    "process publish": [
        ["{good}", "--as", "challenger"],
        ["{good}", "--json", "--reason", f"r{PLANT}"],
        ["{broken}"],
        ["{broken}", "--json"],
        ["{good}" + PLANT],
        ["{good}", "--as", PLANT],
        ["{good}", "--head", "{folder}"],
        ["{good}", "--data", "{labelled}"],
        ["{titled}", "--reason", f"r{PLANT}"],
    ],
    "retrain": [
        ["moods"],
        ["moods", "--json"],
        ["L33774", "--html", "{page}", "--min-reviews", PLANT],
        ["moods", "--html", PLANT + "/x/page.html"],
        [PLANT],
    ],
    "reproduce": [
        ["moods"],
        ["moods", "champion", "--json"],
        ["moods", PLANT],
        [PLANT],
        ["L33774", "champion", "--data", "{labelled}"],
    ],
    "model list": [[], ["--json"], ["moods"], [PLANT]],
    "model show": [
        ["moods"],
        ["moods", "--json"],
        ["moods", PLANT],
        [PLANT],
    ],
    "model diff": [
        ["moods", "champion", "challenger"],
        ["moods", "champion", "champion", "--json"],
        ["moods", "champion", PLANT],
        [PLANT, PLANT, PLANT],
    ],
    "model promote": [
        ["moods", "--reason", f"r{PLANT}"],
        ["moods", PLANT, "--json"],
        ["moods", "--revision", PLANT],
    ],
    "model rollback": [["moods", "--reason", f"r{PLANT}"], [PLANT], ["moods", "--json"]],
    "release shadow": [
        ["moods", "--reason", f"r{PLANT}"],
        ["moods", "--version", PLANT],
        [PLANT, "--json"],
    ],
    "release canary": [
        ["moods", "--percent", "5", "--reason", f"r{PLANT}", "--json"],
        ["moods", "--percent", PLANT],
        ["moods", "--percent", "5", "--model", PLANT],
        ["--code", "--percent", "5", "--version", PLANT, "--reason", PLANT],
    ],
    "release status": [[], ["--json"], ["moods"], [PLANT]],
    "release check": [["moods"], ["moods", "--json"], [PLANT]],
    "release stop": [["moods", "--reason", f"r{PLANT}"], [PLANT, "--json"]],
    "release promote": [["moods", PLANT], [PLANT, "--json"], ["moods", "--revision", PLANT]],
    "release blue-green": [["moods", "--version", PLANT], [PLANT, "--json"]],
    "release rollback": [["moods", "--reason", f"r{PLANT}"], [PLANT], ["moods", "--json"]],
    "model info": [[], ["--model", PLANT]],
}


def commands() -> set[str]:
    top = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return {
        name if not hasattr(found, "commands") else f"{name} {below}"
        for name, found in top.items()
        for below in (getattr(found, "commands", None) or [""])
    } | {name for name, found in top.items() if getattr(found, "invoke_without_command", False)}


def test_every_command_is_tried() -> None:
    assert commands() == CALLS.keys() | UNTRIED.keys()


@pytest.mark.model
@pytest.mark.parametrize("command", CALLS)
def test_no_text_steers_the_terminal(shown: Run, planted: dict[str, str], command: str) -> None:
    for arguments in CALLS[command]:
        given = [re.sub(r"\{(\w+)\}", lambda m: planted[m[1]], one) for one in arguments]
        text = shown(*command.split(), *given)
        assert text.strip()
        assert "internal:" not in text
        assert "Traceback" not in text
        if "csv" in given:  # Marks that turn text are text in a file.
            text = text.translate(dict.fromkeys(map(ord, "\u202e\u2066\u200b\r")))
        steering = {c for c in text if not (c.isprintable() or c in "\n\t")}
        assert not steering, (command, given)
