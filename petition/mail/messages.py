"""A kind of mail and its context become an EmailMessage: text and HTML, in the signatory's language, one link."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from jinja2 import Environment

from petition.domain.states import LAPSE_AFTER
from petition.words import Words

KINDS = ("confirm", "already", "reminder", "listed")
TO_ORGANIZERS = ("milestone",)


@dataclass(frozen=True, slots=True)
class Message:
    """What one mail says and to whom. `outbox_id` makes the Message-ID, the same at every try.

    A mail to an organizer has no name and no token: it tells a `number` and leads to the console.
    """

    kind: str
    outbox_id: bytes
    to: str
    name: str
    token: str
    language: str
    number: int = 0


class Composer:
    """Renders messages; made once with the templates, the catalogues and where links lead."""

    def __init__(self, templates: Environment, catalogues: Mapping[str, Words], base_url: str, sender: str) -> None:
        self._templates = templates
        self._catalogues = catalogues
        self._base_url = base_url
        self._sender = sender

    def compose(self, message: Message, *, now: datetime) -> EmailMessage:
        words = self._catalogues[message.language]
        context = {
            "words": words,
            "kind": message.kind,
            "name": message.name,
            "link": self._base_url + _path(message),
            "number": message.number,
            "host": self._base_url.split("://", 1)[1],
            "days": LAPSE_AFTER.days,
        }
        subject, text, html = (
            self._templates.get_template(f"mail/{message.kind}/{part}").render(context)
            for part in ("subject.txt", "body.txt", "body.html")
        )
        mail = EmailMessage(policy=SMTP if message.to.isascii() else SMTPUTF8)
        mail["From"] = self._sender
        mail["To"] = message.to
        mail["Subject"] = " ".join(subject.split())
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = self._message_id(message.outbox_id)
        mail["Auto-Submitted"] = "auto-generated"
        # Base64 whatever the script: lines stay short and no relay rewraps the link.
        mail.set_content(text, cte="base64")
        mail.add_alternative(html, subtype="html", cte="base64")
        # Set last: what begins with "Content-" belongs to the part that is there when it is set.
        mail["Content-Language"] = message.language
        return mail

    def _message_id(self, outbox_id: bytes) -> str:
        """Stable, so that a second copy after a crash is recognised; a digest, so that it leads to no row."""
        local = hashlib.sha256(b"petition/message-id/1/" + outbox_id).hexdigest()[:40]
        return f"<{local}@{self._sender.rpartition('@')[2]}>"


def _path(message: Message) -> str:
    """Where its one link leads. An organizer's names no petition: a mailbox may be read by others."""
    if message.kind in TO_ORGANIZERS:
        return f"/organizer/{message.language}"
    return f"/{message.language}/signature/{message.token}"
