"""/demo/mail: the mails that a demonstration would have sent. This door is opened by `petition demo` alone."""

import email
import re
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from litestar import Response, Router, get

from petition import keyfiles
from petition.domain import passwords
from petition.errors import NotFound
from petition.web import parts, problems
from petition.web.answers import html
from petition.web.pages import DemoMail, Letter
from petition.web.parts import Asked

MOST_SHOWN = 50
LINK = re.compile(r"https?://\S+/(?:signature/[A-Za-z0-9_-]{43}|organizer/[a-z-]+)")


@get("/demo/mail")
async def mails(request: Asked) -> Response[bytes]:
    """The newest first."""
    held = parts.of(request)
    folder = held.mail_folder or Path()
    files = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns, reverse=True)[:MOST_SHOWN]
    letters = tuple(_letter(path) for path in files)
    return html(held, DemoMail(letters), problems.language_of(request))


@get("/demo/code")
async def code(request: Asked) -> Response[str]:
    """What the made-up organizer's authenticator would show now."""
    held = parts.of(request)
    login = keyfiles.demo_login(held.settings)
    if login is None:
        raise NotFound()
    shown = passwords.totp_code(bytes.fromhex(login["totp"]), held.clock())
    return Response(shown + "\n", media_type="text/plain", headers={"Cache-Control": "no-store"})


def _letter(path: Path) -> Letter:
    mail = email.message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(("plain",))
    text = body.get_content() if body else ""
    found = LINK.search(text)
    return Letter(
        to=str(mail["To"]),
        subject=str(mail["Subject"]),
        link=found[0] if found else "",
        text=text,
        language=str(mail["Content-Language"] or "en"),
    )


router = Router(path="/", include_in_schema=False, route_handlers=[mails, code])
