"""Looks at a stack: its metrics and its alarms."""

from winnow_aws.alarms import StackAlarms
from winnow_cli.cloud_metrics import CloudMetrics
from winnow_cli.dashboard import Dashboard, Source, Window
from winnow_cli.local_metrics import LocalMetrics
from winnow_cli.target import Target, aws_errors


def look(target: Target, window: Window) -> Dashboard:
    """What the stack did in the window, and which of its alarms ring now."""
    source: Source = LocalMetrics(target) if target.local else CloudMetrics(target)
    with aws_errors(target):
        alarms = StackAlarms(target.client("cloudwatch"), target.stack_name).ringing()
    return Dashboard(
        window=window,
        runs=source.runs(window),
        records=source.records(window),
        functions=source.functions(window),
        alarms=alarms,
    )
