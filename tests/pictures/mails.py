"""Two mails of the demo as a mail program shows them: a run succeeded, and a run failed."""

import html
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from tests.pictures import PICTURES
from tests.pictures.browser import shoot
from tests.pictures.desk import NOON, Desk

WIDTH = 900
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Mail</title><style>
body {{ margin: 0; padding: 20px; background: #fff; color: #1f2328; width: 860px;
  font: 15px/1.45 "Liberation Sans", "Helvetica Neue", Arial, sans-serif; }}
header {{ border-bottom: 1px solid #d0d7de; padding-bottom: 14px; display: grid;
  grid-template-columns: 44px 1fr auto; column-gap: 14px; }}
h1 {{ font-size: 21px; font-weight: 600; margin: 0 0 14px; grid-column: 1 / -1; }}
.face {{ width: 44px; height: 44px; border-radius: 50%; background: #1f5fa8; color: #fff;
  display: grid; place-items: center; font-size: 20px; grid-row: span 2; }}
.dim {{ color: #59636e; font-size: 14px; }}
pre {{ font: 13px/1.5 "DejaVu Sans Mono", Menlo, Consolas, monospace; margin: 18px 0 0;
  white-space: pre-wrap; overflow-wrap: anywhere; }}
</style><header><h1>{subject}</h1><div class="face">W</div>
<div><b>{name}</b> <span class="dim">&lt;{address}&gt;</span></div>
<div class="dim">{date}</div><div class="dim">to {to}</div></header><pre>{body}</pre></html>
"""
SHOWN = {"mail": "5 to review, 1 invalid", "mail-failed": " failed: "}
"""What the subject of the mail in each picture has."""


def make(desk: Desk) -> list[Path]:
    """Writes docs/pictures/mail.png and mail-failed.png, of what the demo had mailed."""
    mails = [
        BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(file.read_bytes())
        for file in (desk.folder / ".winnow" / "mail").glob("*.eml")
    ]
    return [
        _draw(desk, next(mail for mail in mails if part in mail["Subject"]), name)
        for name, part in SHOWN.items()
    ]


def _draw(desk: Desk, mail: EmailMessage, name: str) -> Path:
    sender = mail["From"].addresses[0]
    shown = {
        "subject": mail["Subject"],
        "name": sender.display_name,
        "address": sender.addr_spec,
        "to": mail["To"],
        "date": f"{NOON:%d %b %Y, %H:%M}",
        "body": mail.get_content(),
    }
    page = desk.folder / f"{name}.html"
    page.write_text(
        PAGE.format_map({key: html.escape(desk.stable(str(text))) for key, text in shown.items()})
    )
    return shoot(page, PICTURES / f"{name}.png", WIDTH)
