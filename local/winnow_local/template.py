"""The one difference between the template in AWS and here: image functions become zip functions.

A Docker engine may be missing, so each `PackageType: Image` function of template.yaml is
deployed as a zip of the files that its image contains:

| in the image | in the zip function |
|---|---|
| `functions/<name>/app.py` in the task root | `app.py` at the top of the zip |
| `layers/*/python` in `/opt/python` | the same packages beside `app.py` |
| `requirements.txt` installed | the packages of the environment that runs MiniStack |
| `processes/` in `/opt/processes` | `PROCESS_DIR` = the folder itself |
| the model in `/opt/model` | `MODEL_DIR` = the built model itself |
| the page's files in `/opt/web` | `WEB_DIR` = the folder itself |
| the base image's Python and runtime client | the Python that runs MiniStack; `bootstrap` |

With images that were built here (`winnow up --docker`) they stay image functions, with the names of
those images, as after `sam build`.

The local `DefinitionUri` of a state machine becomes its uploaded copy, as with `sam deploy`, and so
does the `TemplateURL` of a nested stack, which no local stack has.
Nothing else is changed: roles, policies, events, aliases, parameters and conditions are
deployed as they are written.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from winnow.errors import StackFailedError
from winnow.storage.text_files import read_text
from winnow_local.runtime import bootstrap

Template = dict[str, Any]

FUNCTION = "AWS::Serverless::Function"
STATE_MACHINE = "AWS::Serverless::StateMachine"
NESTED = "AWS::CloudFormation::Stack"
# Unlike its Python runtimes, MiniStack's `provided` ones keep the class name of an exception, by
# which the workflow retries.
RUNTIME = "provided.al2023"
_IMAGE_ONLY = ("PackageType", "ImageUri", "ImageConfig")
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Checkout:
    """The folders of the repository from which the local stack is made."""

    root: Path

    @classmethod
    def here(cls) -> "Checkout":
        """The checkout this package is installed from.

        Raises:
            StackFailedError: the package was not installed from a checkout (`make setup`).
        """
        root = Path(__file__).resolve().parents[2]
        if not (root / "template.yaml").is_file():
            raise StackFailedError(
                "There is no template.yaml next to the code: the local stack runs from a checkout "
                "of the repository."
            )
        return cls(root)

    @property
    def template(self) -> Path:
        return self.root / "template.yaml"

    @property
    def model(self) -> Path:
        return self.root / "build" / "model"


@dataclass(frozen=True)
class CodeUpload:
    """A file that the rewritten template refers to."""

    key: str
    content: bytes


def read_template(path: Path) -> Template:
    """template.yaml as plain data, short intrinsic functions (`!Ref`) in their long form.

    Raises:
        StackFailedError: the file is not YAML, or not in UTF-8.
    """
    import yaml
    from samtranslator.yaml_helper import yaml_parse

    try:
        parsed = yaml_parse(read_text(path, StackFailedError).text)
    except yaml.YAMLError as error:
        raise StackFailedError(f"{path.name} is not YAML: {error}") from error
    # YAML reads `2012-10-17` as a date; CloudFormation needs the text.
    template: Template = json.loads(json.dumps(parsed, default=str))
    return template


def image_targets(template: Template) -> list[str]:
    """The targets of functions/Dockerfile that the template's image functions are built from.

    Raises:
        StackFailedError: an image function has no target.
    """
    return sorted(
        {
            _target(name, resource)
            for name, resource in template["Resources"].items()
            if resource["Type"] == FUNCTION and _is_image(resource["Properties"], template)
        }
    )


def rewrite(
    template: Template,
    checkout: Checkout,
    bucket: str,
    environment: Mapping[str, str],
    images: Mapping[str, str] | None = None,
) -> tuple[Template, list[CodeUpload]]:
    """The template for MiniStack, and the files that must be in `bucket` before it is deployed.

    `environment` is added to every zip function's variables (the images set the same ones). With
    `images`, by target, there are no zip functions. The given template is not changed.

    Raises:
        StackFailedError: an image function has no Metadata, or its folder has no app.py.
    """
    local: Template = json.loads(json.dumps(template))
    uploads: list[CodeUpload] = []

    def stored(name: str, content: bytes) -> dict[str, str]:
        # Named by its hash, as `sam package` does: a changed file is deployed again.
        key = f"{hashlib.sha256(content).hexdigest()[:16]}/{name}"
        uploads.append(CodeUpload(key, content))
        return {"Bucket": bucket, "Key": key}

    for name, resource in local["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == FUNCTION and _is_image(properties, local):
            if images is None:
                _to_zip_function(name, resource, checkout, environment, stored)
            else:
                properties["ImageUri"] = images[_target(name, resource)]
                resource.pop("Metadata")
        elif resource["Type"] == STATE_MACHINE and isinstance(properties.get("DefinitionUri"), str):
            source = checkout.root / properties["DefinitionUri"]
            properties["DefinitionUri"] = stored(f"statemachine/{source.name}", source.read_bytes())
        elif resource["Type"] == NESTED:
            source = checkout.root / properties["TemplateURL"]
            place = stored(f"infra/{source.name}", source.read_bytes())
            url = f"https://{bucket}.s3.${{AWS::Region}}.${{AWS::URLSuffix}}/{place['Key']}"
            properties["TemplateURL"] = {"Fn::Sub": url}
    if images is None:
        _drop_image_globals(local)
    return local, uploads


def _is_image(properties: dict[str, Any], template: Template) -> bool:
    inherited = template.get("Globals", {}).get("Function", {}).get("PackageType", "Zip")
    return bool(properties.get("PackageType", inherited) == "Image")


def _to_zip_function(
    name: str,
    resource: dict[str, Any],
    checkout: Checkout,
    environment: Mapping[str, str],
    stored: Callable[[str, bytes], dict[str, str]],
) -> None:
    folder = _function_folder(name, resource, checkout)
    resource.pop("Metadata")
    properties = resource["Properties"]
    for key in _IMAGE_ONLY:
        properties.pop(key, None)
    # The zip runs on this machine's architecture.
    properties.pop("Architectures", None)
    properties["Runtime"] = RUNTIME
    properties["Handler"] = "app.handler"
    properties["CodeUri"] = stored(f"functions/{folder.name}.zip", function_zip(folder, checkout))
    properties.setdefault("Environment", {}).setdefault("Variables", {}).update(environment)


def _target(name: str, resource: dict[str, Any]) -> str:
    target = resource.get("Metadata", {}).get("DockerBuildTarget")
    if not target:
        raise StackFailedError(f"The image function {name} has no DockerBuildTarget in Metadata.")
    return str(target)


def _function_folder(name: str, resource: dict[str, Any], checkout: Checkout) -> Path:
    # One Dockerfile serves all functions; its build target is named for the function's folder.
    folder = checkout.root / "functions" / _target(name, resource)
    if not (folder / "app.py").is_file():
        raise StackFailedError(
            f"The image function {name} names no folder of functions/ with an app.py in its "
            "Metadata (DockerBuildTarget)."
        )
    return folder


def _drop_image_globals(template: Template) -> None:
    inherited = template.get("Globals", {}).get("Function", {})
    for key in (*_IMAGE_ONLY, "Architectures"):
        inherited.pop(key, None)


def function_zip(folder: Path, checkout: Checkout) -> bytes:
    """A function's app.py, all layers' packages, and the start program.

    The same files give the same bytes.
    """
    files = {"app.py": folder / "app.py"}
    for layer in sorted((checkout.root / "layers").glob("*/python")):
        for file in sorted(layer.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                files[file.relative_to(layer).as_posix()] = file
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("bootstrap", _EPOCH), bootstrap())
        for name, file in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), file.read_bytes())
    return buffer.getvalue()
