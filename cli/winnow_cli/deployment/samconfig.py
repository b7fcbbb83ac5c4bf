"""samconfig.toml: one environment a stage, so that `sam deploy --config-env STAGE` goes on working.

Only what is written here is changed: environments whose first table has the comment below.
"""

from typing import Any

from winnow.errors import StagesInvalidError
from winnow_cli.deployment.stages import Stage, Stages

MARK = "written by winnow, from stages.toml"


def synced(stages: Stages, text: str) -> str:
    """The file's text with an environment for each stage, and without those of former stages.

    Raises:
        StagesInvalidError: the text is not TOML, or has an environment of a stage's name that
            somebody else wrote.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise StagesInvalidError(f"samconfig.toml is not TOML: {error}") from None
    deploy = document.get("default", {}).get("deploy", {}).get("parameters", {})
    wanted = {stage.name: _environment(stage, deploy) for stage in stages.deployed}
    for name in [name for name in document if _ours(document[name])]:
        if name not in wanted:
            document.remove(name)
    for name, environment in wanted.items():
        if name in document and not _ours(document[name]):
            raise StagesInvalidError(
                f"samconfig.toml has an environment [{name}.…] of its own, and stages.toml a stage "
                "of that name. Rename one of the two."
            )
        if name not in document or document[name].unwrap() != environment:
            document[name] = _table(environment)
    return tomlkit.dumps(document)


def _environment(stage: Stage, deploy: Any) -> dict[str, Any]:
    """What SAM reads: the default environment's options of `deploy`, with the stage's own."""
    options = deploy.unwrap() if hasattr(deploy, "unwrap") else dict(deploy)
    options |= {"s3_prefix": stage.stack}
    if stage.parameters:
        options["parameter_overrides"] = dict(stage.parameters)
    if stage.tags:
        options["tags"] = [f'"{name}"="{value}"' for name, value in stage.tags.items()]
    everywhere = {"stack_name": stage.stack, "region": stage.region}
    if stage.profile is not None:
        everywhere["profile"] = stage.profile
    return {"global": {"parameters": everywhere}, "deploy": {"parameters": options}}


def _table(environment: dict[str, Any]) -> Any:
    import tomlkit

    outer = tomlkit.table(is_super_table=True)
    for command, content in environment.items():
        holder = tomlkit.table(is_super_table=True)
        parameters = tomlkit.table()
        if command == "global":
            parameters.comment(MARK)
        for key, value in content["parameters"].items():
            if isinstance(value, dict):
                inline = tomlkit.inline_table()
                inline.update(value)
                parameters.add(key, inline)
            else:
                parameters.add(key, value)
        parameters.add(tomlkit.nl())
        holder.add("parameters", parameters)
        outer.add(command, holder)
    return outer


def _ours(environment: Any) -> bool:
    """Whether it has the comment."""
    try:
        return MARK in environment["global"]["parameters"].trivia.comment
    except (KeyError, TypeError, AttributeError):
        return False
