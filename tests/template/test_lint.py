"""cfn-lint has nothing to say of the template, as written and as expanded."""

import json
from pathlib import Path

import pytest
from cfnlint.api import lint_file
from cfnlint.config import ManualArgs

from tests.template.expand import TEMPLATE, expand


@pytest.mark.parametrize("form", ["written", "expanded"])
def test_cfn_lint_is_silent(form: str, tmp_path: Path):
    path = TEMPLATE
    if form == "expanded":
        path = tmp_path / "template.json"
        path.write_text(json.dumps(expand()), "utf-8")
    assert lint_file(path, ManualArgs(include_checks=["I"], regions=["us-east-1"])) == []
