"""What the menu looks up, to offer choices and defaults. Whatever cannot be found is left out."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from winnow.errors import WinnowError

if TYPE_CHECKING:
    from winnow_cli.deployment.parameters import Parameters
    from winnow_cli.deployment.stages import Stages
    from winnow_cli.target import Target

T = TypeVar("T")

LOCAL = "local"
MAX_UPLOADS = 9
DEFAULT_REGION = "eu-central-1"


class Facts(Protocol):
    """What there is to choose from. None of it raises an error."""

    @property
    def stage(self) -> str:
        """The name of the stage that the menu works on."""
        ...

    def stages(self) -> "Stages":
        """What stages.toml has."""
        ...

    def parameters(self) -> "Parameters":
        """The parameters of template.yaml."""
        ...

    def processes(self) -> list[str]:
        """Ids of the processes of the checkout."""
        ...

    def published(self) -> list[str]:
        """Ids of the processes that have versions in the stage."""
        ...

    def uploads(self) -> list[tuple[str, str]]:
        """The latest uploads of the stage: id, and what it was."""
        ...

    def samples(self) -> list[Path]:
        """The sample files, as they would be typed."""
        ...

    def definitions(self) -> list[Path]:
        """The files of the processes of the checkout, as they would be typed."""
        ...

    def account(self) -> str:
        """The AWS account of this machine's credentials; empty if there are none."""
        ...

    def region(self) -> str:
        """The AWS region of this machine's settings."""
        ...

    def state(self) -> str:
        """How the stage is, in a few words."""
        ...


class StackFacts:
    """Facts about this checkout and one of its stages."""

    def __init__(self, stage: str = LOCAL) -> None:
        self.stage = stage
        self.trouble: WinnowError | None = None
        """Why stages.toml could not be read."""

    def stages(self) -> "Stages":
        """What stages.toml has; the local stage alone if it cannot be read."""
        from winnow_cli.deployment.stages import default_path, parse_stages, read_stages

        self.trouble = None
        try:
            return read_stages()
        except WinnowError as error:
            self.trouble = error
        except OSError as error:
            from winnow_cli.options import unusable_file

            self.trouble = unusable_file(error)
        return parse_stages("", default_path())

    def parameters(self) -> "Parameters":
        """The parameters of template.yaml."""
        from winnow_cli.deployment.parameters import Parameters
        from winnow_local.template import Checkout

        return Parameters.read(Checkout.here().template)

    def processes(self) -> list[str]:
        """Ids of the processes of the checkout."""
        from winnow_cli.definitions import read_definition

        found = [read_definition(path).definition for path in self.definitions()]
        return [definition.id for definition in found if definition is not None]

    def published(self) -> list[str]:
        """Ids of the processes that have versions in the stage."""
        from winnow_cli.models import open_models

        return self._of_stack(
            lambda target: [entry.process for entry in open_models(target).entries()]
        )

    def uploads(self) -> list[tuple[str, str]]:
        """The latest uploads of the local stage: id, and what it was."""
        from winnow_cli.render.uploads import SHORT_ID
        from winnow_cli.uploads import Uploads

        def latest(target: "Target") -> list[tuple[str, str]]:
            uploads = Uploads(target)
            if self.stage != LOCAL and not uploads.have_index:
                return []  # A table in AWS can have millions of rows.
            return [
                (row.upload_id[:SHORT_ID], f"{row.file_name}, {row.state.lower()}")
                for row in uploads.latest(MAX_UPLOADS)
            ]

        return self._of_stack(latest)

    def samples(self) -> list[Path]:
        """The sample files, as they would be typed."""
        from winnow_cli.console import here
        from winnow_local.template import Checkout

        folder = Checkout.here().root / "samples"
        return [
            Path(here(path))
            for path in sorted(folder.glob("*"))
            if path.is_file() and path.suffix != ".md"
        ]

    def definitions(self) -> list[Path]:
        """The files of the processes of the checkout, as they would be typed."""
        from winnow_cli.console import here
        from winnow_cli.options import DEFAULT_PROCESSES

        folder = Path(os.environ.get("WINNOW_PROCESSES") or DEFAULT_PROCESSES)
        return [Path(here(path)) for path in sorted(folder.glob("*.yaml"))]

    def account(self) -> str:
        """The AWS account of this machine's credentials; empty if there are none."""
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        quick = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})
        try:
            client = boto3.Session().client("sts", region_name=self.region(), config=quick)
            return str(client.get_caller_identity()["Account"])
        except (BotoCoreError, ClientError, ValueError):
            return ""

    def region(self) -> str:
        """The AWS region of this machine's settings."""
        import boto3

        return os.environ.get("AWS_REGION") or str(boto3.Session().region_name or DEFAULT_REGION)

    def state(self) -> str:
        """How the stage is, in a few words; nothing is asked of AWS."""
        if self.stage != LOCAL:
            stage = self.stages().find(self.stage)
            return "" if stage is None else f"{stage.region}, account {stage.account}"
        from winnow_local.stack import running
        from winnow_local.state import StateDir

        try:
            running(StateDir.default())
        except WinnowError:
            return "not running"
        return "running"

    def _of_stack(self, ask: "Callable[[Target], list[T]]") -> list[T]:
        from winnow_cli.target import aws_errors, find_target

        try:
            target = find_target(None if self.stage == LOCAL else self.stage)
            with aws_errors(target):
                return ask(target)
        except (WinnowError, OSError):
            return []
