#!/bin/sh
# Make .venv-NAME from requirements/NAME.txt, for a tool whose packages would not go with ours.
# Usage: .ci/venv.sh NAME (sam, checkov). Does nothing while the lock file is unchanged.
set -eu
cd "$(dirname "$0")/.."
name=$1
lock=requirements/$name.txt
venv=.venv-$name
if [ -f "$venv/.installed" ] && cmp -s "$lock" "$venv/.installed"; then
    exit 0
fi
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/python" -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r "$lock"
cp "$lock" "$venv/.installed"
