"""Looks at a stack: its metrics, its versions in use, and its alarms."""

from collections.abc import Sequence

from winnow_aws.alarms import StackAlarms
from winnow_cli.cloud_metrics import CloudMetrics
from winnow_cli.dashboard import Dashboard, Records, Source, Window
from winnow_cli.local_metrics import LocalMetrics
from winnow_cli.models import StackModels, deployed_code, models_if_any
from winnow_cli.target import Target, aws_errors


def look(target: Target, window: Window) -> Dashboard:
    """What the stack did in the window, and which of its alarms ring now."""
    source: Source = LocalMetrics(target) if target.local else CloudMetrics(target)
    with aws_errors(target):
        alarms = StackAlarms(target.client("cloudwatch"), target.stack_name).ringing()
        models = models_if_any(target)
        code = deployed_code(target)
        records = source.records(window)
        if models is not None:
            records = with_versions(records, models)
    return Dashboard(
        window=window,
        runs=source.runs(window),
        records=records,
        functions=source.functions(window),
        alarms=alarms,
        code=code,
    )


def with_versions(records: Sequence[Records], models: StackModels) -> list[Records]:
    """The rows with alias and age of their versions, and rows of those that judged nothing."""
    rows = list(records)
    for entry in models.entries():
        for alias, sha256 in (("champion", entry.champion), ("challenger", entry.challenger)):
            if sha256 is None:
                continue
            key = entry.process, sha256[:12]
            row = next((one for one in rows if (one.process, one.version) == key), None)
            if row is None:
                row = Records(*key)
                rows.append(row)
            row.alias = alias
            row.created = models.registry.version(entry.process, sha256).created
    return sorted(rows, key=lambda one: (one.process, one.version))
