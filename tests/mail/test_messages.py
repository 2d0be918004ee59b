"""What a mail looks like to whoever finds it in somebody's mailbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from email.utils import parsedate_to_datetime

import pytest

from petition import rendering, words
from petition.mail.messages import KINDS, Composer, Message
from tests.factories import petition_text
from tests.house import House, Mail, read_mail
from tests.people import LAYLA, OMAR

NOW = datetime(2017, 12, 27, 10, 0, tzinfo=UTC)
CATALOGUES = words.load()
COMPOSER = Composer(
    rendering.environment(CATALOGUES, mails=True), CATALOGUES, "https://petition.example", "noreply@petition.example"
)
TOKEN = "A" * 43
EVERY = [(kind, language) for kind in KINDS for language in CATALOGUES]


def composed(kind: str, language: str, name: str = LAYLA.full_name, to: str = LAYLA.email) -> Mail:
    return read_mail(bytes(COMPOSER.compose(Message(kind, b"i" * 16, to, name, TOKEN, language), now=NOW)))


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_every_mail_is_text_and_html_in_the_signatorys_language(kind: str, language: str) -> None:
    mail = composed(kind, language)
    assert mail.message.get_content_type() == "multipart/alternative"
    assert mail.message["Content-Language"] == language
    assert f'dir="{CATALOGUES[language].direction}"' in mail.html
    assert f'lang="{language}"' in mail.html


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_every_mail_has_one_link_and_loads_nothing(kind: str, language: str) -> None:
    mail = composed(kind, language)
    link = f"https://petition.example/{language}/signature/{TOKEN}"
    assert mail.text.count("://") == 1
    assert link in mail.text
    assert {part.split('"')[0] for part in mail.html.split('href="')[1:]} == {link}
    assert "src=" not in mail.html
    assert "url(" not in mail.html


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_the_headers_are_whole(kind: str, language: str) -> None:
    message = composed(kind, language).message
    assert parsedate_to_datetime(message["Date"]) == NOW
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@petition.example>")
    assert message["From"] == "noreply@petition.example"
    assert message["To"] == LAYLA.email


@pytest.mark.parametrize(("kind", "language"), EVERY)
def test_lines_are_short_enough_for_every_relay(kind: str, language: str) -> None:
    raw = bytes(COMPOSER.compose(Message(kind, b"i" * 16, LAYLA.email, "ن" * 200, TOKEN, language), now=NOW))
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")


async def test_the_mail_does_not_name_the_petition(open_house: Callable[..., Awaitable[House]]) -> None:
    house = await open_house(petition_text(title={"en": "No to Sochi", "ar": "لا لمؤتمر سوتشي"}))
    petition = house.parts.hub.snapshot("boycott-sochi").petition
    for person, language in ((LAYLA, "ar"), (OMAR, "en")):
        await house.signed(person, lang=language)
        (mail,) = house.mails(to=person.email)
        for telling in (*petition.title.values(), person.full_name, "boycott", "petition for", "عريضة", "سوتشي"):
            assert telling not in mail.subject
        assert petition.title[language] not in mail.text


@pytest.mark.parametrize(
    "name", ["<b>x</b>", "Layla\r\nBcc: all@example.org", "{{ 7 * 7 }}", '"><script>', "ليلى \u202e dab"]
)
def test_a_hostile_name_stays_a_name(name: str) -> None:
    mail = composed("confirm", "en", name=name)
    assert "Bcc" not in mail.message
    assert "<b>x" not in mail.html
    assert "<script" not in mail.html
    assert "49" not in mail.text


def test_an_address_in_arabic_letters_is_written_as_it_is() -> None:
    raw = bytes(COMPOSER.compose(Message("confirm", b"i" * 16, "ليلى@example.org", "ليلى", TOKEN, "ar"), now=NOW))
    assert message_from_bytes(raw, policy=default)["To"] == "ليلى@example.org"
