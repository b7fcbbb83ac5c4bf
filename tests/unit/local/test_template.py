"""The rewriting of template.yaml for MiniStack: image functions become zip functions."""

import copy
import io
import shlex
import sys
import zipfile
from pathlib import Path

import pytest

from winnow.errors import StackFailedError
from winnow_local.template import (
    Checkout,
    function_zip,
    image_targets,
    read_template,
    rewrite,
)

TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Timeout: 30, Architectures: [arm64]}
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Metadata: {DockerContext: ., Dockerfile: functions/Dockerfile, DockerBuildTarget: hello}
    Properties:
      PackageType: Image
      AutoPublishAlias: live
      Environment: {Variables: {BUCKET: !Ref Bucket, MODEL_DIR: /opt/model}}
      Policies:
        - Version: 2012-10-17
          Statement: [{Effect: Allow, Action: s3:GetObject, Resource: !Sub "${Bucket.Arn}/*"}]
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: statemachine/m.asl.json
      DefinitionSubstitutions: {Fn: !GetAtt Hello.Arn}
  Bucket: {Type: AWS::S3::Bucket}
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    files = {
        "template.yaml": TEMPLATE,
        "functions/hello/app.py": "def handler(event, context): ...\n",
        "statemachine/m.asl.json": '{"StartAt": "A"}',
        "layers/core/python/winnow/__init__.py": "",
        "layers/core/python/winnow/deep/part.py": "X = 1\n",
        "layers/core/python/winnow/__pycache__/x.pyc": "stale",
        "layers/aws/python/winnow_aws/__init__.py": "",
    }
    for name, content in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, "utf-8")
    return Checkout(tmp_path)


def test_an_image_function_becomes_a_zip_function_of_the_same_code(checkout: Checkout) -> None:
    template = read_template(checkout.template)
    local, uploads = rewrite(template, checkout, "artifacts", {"MODEL_DIR": "/here/model"})

    function = local["Resources"]["Hello"]
    assert "Metadata" not in function
    assert "PackageType" not in function["Properties"]
    assert function["Properties"]["Runtime"] == "provided.al2023"
    assert function["Properties"]["Handler"] == "app.handler"
    [zipped] = [one for one in uploads if one.key.endswith("/functions/hello.zip")]
    assert function["Properties"]["CodeUri"] == {"Bucket": "artifacts", "Key": zipped.key}
    archive = zipfile.ZipFile(io.BytesIO(zipped.content))
    assert set(archive.namelist()) == {
        "app.py",
        "bootstrap",
        "winnow/__init__.py",
        "winnow/deep/part.py",
        "winnow_aws/__init__.py",
    }
    assert archive.read("app.py") == (checkout.root / "functions/hello/app.py").read_bytes()
    start = archive.read("bootstrap").decode()
    assert start == f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -m winnow_local.runtime\n"


def test_with_images_of_its_own_nothing_but_their_names_is_added(checkout: Checkout) -> None:
    template = read_template(checkout.template)
    assert image_targets(template) == ["hello"]
    local, uploads = rewrite(
        template, checkout, "artifacts", {"MODEL_DIR": "/here"}, {"hello": "winnow-hello:local"}
    )
    expected = copy.deepcopy(template["Resources"]["Hello"])
    del expected["Metadata"]
    expected["Properties"]["ImageUri"] = "winnow-hello:local"
    assert local["Resources"]["Hello"] == expected
    assert local["Globals"] == template["Globals"]
    assert [upload.key.partition("/")[2] for upload in uploads] == ["statemachine/m.asl.json"]


def test_local_paths_replace_those_of_the_image_and_the_rest_stays(checkout: Checkout) -> None:
    local, _ = rewrite(
        read_template(checkout.template), checkout, "artifacts", {"MODEL_DIR": "/here/model"}
    )
    assert local["Resources"]["Hello"]["Properties"]["Environment"]["Variables"] == {
        "BUCKET": {"Ref": "Bucket"},
        "MODEL_DIR": "/here/model",
    }


def test_nothing_else_changes(checkout: Checkout) -> None:
    template = read_template(checkout.template)
    before = copy.deepcopy(template)
    local, _ = rewrite(template, checkout, "artifacts", {})

    assert template == before, "the given template was changed"
    for name in ("Policies", "AutoPublishAlias"):
        kept = local["Resources"]["Hello"]["Properties"][name]
        assert kept == before["Resources"]["Hello"]["Properties"][name]
    assert local["Resources"]["Bucket"] == before["Resources"]["Bucket"]
    assert local["Globals"]["Function"] == {"Timeout": 30}
    assert local["Resources"]["Hello"]["Properties"]["Policies"][0]["Version"] == "2012-10-17"


def test_a_definition_file_is_uploaded_and_keeps_its_substitutions(checkout: Checkout) -> None:
    local, uploads = rewrite(read_template(checkout.template), checkout, "artifacts", {})
    machine = local["Resources"]["Machine"]["Properties"]
    [definition] = [one for one in uploads if one.key.endswith("/statemachine/m.asl.json")]
    assert machine["DefinitionUri"] == {"Bucket": "artifacts", "Key": definition.key}
    assert machine["DefinitionSubstitutions"] == {"Fn": {"Fn::GetAtt": ["Hello", "Arn"]}}
    assert definition.content == b'{"StartAt": "A"}'


def test_what_has_changed_has_another_name_and_is_deployed_again(checkout: Checkout) -> None:
    def keys() -> set[str]:
        _, uploads = rewrite(read_template(checkout.template), checkout, "artifacts", {})
        return {one.key for one in uploads}

    before = keys()
    assert keys() == before
    app = checkout.root / "functions" / "hello" / "app.py"
    app.write_text("def handler(event, context): return event\n", "utf-8")
    assert len(keys() & before) == 1
    assert len(keys()) == len(before) == 2


def test_the_same_files_make_the_same_zip(checkout: Checkout) -> None:
    folder = checkout.root / "functions" / "hello"
    first = function_zip(folder, checkout)
    (folder / "app.py").touch()
    assert function_zip(folder, checkout) == first


def test_an_image_function_without_a_folder_is_refused(checkout: Checkout) -> None:
    template = read_template(checkout.template)
    template["Resources"]["Hello"]["Metadata"]["DockerBuildTarget"] = "other"
    with pytest.raises(StackFailedError, match="Hello"):
        rewrite(template, checkout, "artifacts", {})
    del template["Resources"]["Hello"]["Metadata"]["DockerBuildTarget"]
    with pytest.raises(StackFailedError, match="Hello has no DockerBuildTarget"):
        image_targets(template)


def test_a_template_that_is_not_yaml_is_refused(checkout: Checkout) -> None:
    checkout.template.write_text("a: [", "utf-8")
    with pytest.raises(StackFailedError, match="not YAML"):
        read_template(checkout.template)
