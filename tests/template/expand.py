"""template.yaml as CloudFormation sees it: SAM's resources expanded, offline.

`python tests/template/expand.py OUT.json` writes it, for linters that do not know SAM.
"""

import json
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
REGION = "us-east-1"

Template = dict[str, Any]


class _NoManagedPolicies:
    """SAM asks for AWS's managed policies by name; the template uses none."""

    def load(self) -> dict[str, str]:
        return {}


def read() -> Template:
    """template.yaml as plain data, `!Ref` and the like in their long form."""
    return _parsed(TEMPLATE.read_text("utf-8"))


def _parsed(text: str) -> Template:
    # A YAML anchor gives one object in several places, which SAM then changes in each of them.
    return json.loads(json.dumps(yaml_parse(text)))  # type: ignore[no-any-return]


@cache
def cached(text: str) -> str:
    """The expanded template of a template's text, as JSON."""
    return json.dumps(_expanded(text))


def expand() -> Template:
    """The expanded template. What `sam deploy` uploads is stood for by made-up addresses."""
    return json.loads(cached(TEMPLATE.read_text("utf-8")))  # type: ignore[no-any-return]


def _expanded(text: str) -> Template:
    source = _parsed(text)
    for name, resource in source["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["ImageUri"] = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/{name}:1"
        elif resource["Type"] == "AWS::Serverless::StateMachine":
            properties["DefinitionUri"] = {"Bucket": "deployed", "Key": properties["DefinitionUri"]}
        elif resource["Type"] == "AWS::CloudFormation::Stack":
            address = f"https://s3.{REGION}.amazonaws.com/deployed/{properties['TemplateURL']}"
            properties["TemplateURL"] = address
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    return transform(  # type: ignore[no-any-return]
        source, {}, _NoManagedPolicies(), passthrough_metadata=True
    )


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(expand(), indent=2) + "\n", "utf-8")
