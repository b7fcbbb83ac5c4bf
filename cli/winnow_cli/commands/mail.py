"""`winnow mail`: the e-mails of the local stack."""

import typer

from winnow_cli.console import clean, emit_json, note, say, stdout
from winnow_cli.options import LOCAL, AsJson, handle_errors


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(rich_help_panel=LOCAL)(mail)


@handle_errors
def mail(as_json: AsJson = False) -> None:
    """Show the e-mails of the local stack, oldest first."""
    from winnow_local import mailbox
    from winnow_local.state import StateDir

    folder = StateDir.default().mail
    mails = list(mailbox.read(folder))
    if as_json:
        emit_json(
            {
                "mails": [
                    {
                        "subject": mail.subject,
                        "sent_at": mail.sent_at.isoformat(),
                        "body": mail.body,
                        "file": str(mail.file),
                    }
                    for mail in mails
                ]
            }
        )
        return
    if not mails:
        note("The mailbox is empty.")
    for number, mail in enumerate(mails):
        if number:
            say()
        print_mail(mail.subject, f"{mail.sent_at:%Y-%m-%d %H:%M:%S} UTC", mail.body)


def print_mail(subject: str, date: str, body: str) -> None:
    """One e-mail, as a mail program would show it."""
    from rich.text import Text

    screen = stdout()
    screen.print(Text(f"Subject: {clean(subject)}", style="bold"))
    screen.print(Text(f"Date: {date}", style="dim"))
    for line in body.rstrip().splitlines():
        screen.print(Text(f"  {line}"))
