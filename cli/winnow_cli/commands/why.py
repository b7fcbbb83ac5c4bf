"""`winnow why`: why an upload failed, and what to do about it."""

import re

import typer

from winnow_cli.console import clean, emit_json, pasteable, say
from winnow_cli.options import FILES, AsJson, StackName, UploadId, handle_errors


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=FILES)(why)


@handle_errors
def why(upload_id: UploadId, stack: StackName = None, as_json: AsJson = False) -> None:
    """Say why an upload failed, and what to do about it."""
    from winnow_cli.render.uploads import counts_line
    from winnow_cli.target import find_target
    from winnow_cli.uploads import Uploads
    from winnow_cli.workflow_errors import advice_for

    target = find_target(stack)
    row = Uploads(target).find(upload_id)
    hint = advice_for(row.error_code, row.error_message or "")
    if as_json:
        emit_json(
            {
                "upload_id": row.upload_id,
                "state": row.state,
                "code": row.error_code,
                "message": row.error_message,
                "advice": hint if row.state == "FAILED" else None,
                "run": row.run,
            }
        )
    elif row.state == "RUNNING":
        say("The run has not ended.")
    elif row.state == "SUCCEEDED":
        say(f"The run succeeded: {counts_line(row)}.")
        if row.review or row.invalid:
            how = target.hint(f"results {row.upload_id}")
            say(f"`{how}` shows why not every record was accepted.")
    elif row.state == "DAMAGED":
        say(f"The upload's row cannot be read. `{target.hint('audit')}` says what to do.")
    else:
        say(f"{row.error_code}: {_clean_lines(row.error_message or '')}")
        on_this_stack = re.sub(
            "`winnow ([a-z]+) UPLOAD_ID`",
            lambda named: f"`{target.hint(f'{named[1]} {row.upload_id}')}`",
            hint,
        )
        say(f"What to do: {pasteable(on_this_stack)}")
        say(f"File: s3://{row.bucket}/{clean(row.object_key)}")
        say(f"Run:  {row.run}")


def _clean_lines(text: str) -> str:
    return "\n".join(clean(line) for line in text.splitlines())
