"""Mail servers on their worst days, and ours: what was claimed is never left behind, sent twice or sent bare."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import update

from petition.db import tables
from petition.mail import transports
from petition.settings import Settings
from tests.db.weather import away
from tests.factories import petition_text
from tests.house import House
from tests.mail.smtp import Postbox, SecurePostbox
from tests.mail.test_delivery import letters
from tests.people import KARIM, LAYLA, OMAR, SALMA, someone

Open = Callable[..., Awaitable[House]]


async def states(house: House) -> list[str]:
    return sorted(letter.state for letter in await letters(house))


async def again(house: House, **span: float) -> None:
    house.clock.pass_(**span)
    await house.deliver()


# Refusals


@pytest.mark.parametrize("reply", ["554 5.7.1 refused as spam", "552 5.3.4 too large"])
async def test_a_refusal_of_the_whole_mail_ends_it_at_once(open_house: Open, reply: str) -> None:
    with Postbox() as postbox:
        postbox.at_the_end = lambda: reply
        house = await open_house(smtp_url=postbox.url)
        await house.sign(LAYLA)
        await house.deliver()
        await again(house, days=1)
        assert postbox.asked == [LAYLA.email]
        (letter,) = await letters(house)
        assert (letter.state, letter.payload, letter.claimed_by) == ("failed", None, None)


async def test_a_mail_put_off_at_its_end_is_sent_once_in_the_end(open_house: Open) -> None:
    with Postbox() as postbox:
        postbox.at_the_end = lambda: "452 4.3.1 no room"
        house = await open_house(smtp_url=postbox.url)
        await house.sign(LAYLA)
        await house.sign(OMAR)
        await house.deliver()
        assert await states(house) == ["waiting", "waiting"]
        postbox.at_the_end = lambda: None
        for _ in range(3):
            await again(house, minutes=2)
        assert sorted(mail.to for mail in postbox.mails) == sorted([LAYLA.email, OMAR.email])
        assert await states(house) == ["sent", "sent"]


async def test_a_server_that_closes_its_doors_is_not_the_mails_fault(open_house: Open) -> None:
    """421 is about the server: every mail waits, none is counted as refused."""
    with Postbox() as postbox:
        postbox.answer = lambda _: "421 4.3.2 shutting down"
        house = await open_house(smtp_url=postbox.url)
        for person in (LAYLA, OMAR, SALMA):
            await house.sign(person)
        await house.deliver()
        assert len(postbox.asked) == 1
        assert await states(house) == ["waiting"] * 3
        postbox.answer = lambda _: None
        await again(house, minutes=6)
        assert await states(house) == ["sent"] * 3


async def test_a_server_that_does_not_answer_in_time_is_away(open_house: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "TIMEOUT", 0.3)
    with Postbox() as postbox:
        postbox.slow = 2.0
        house = await open_house(smtp_url=postbox.url)
        await house.sign(LAYLA)
        await house.deliver()
        assert await states(house) == ["waiting"]
        assert (await house.sign(OMAR)).status_code == 303
        postbox.slow = 0.0
        await again(house, minutes=6)
        assert await states(house) == ["sent", "sent"]


async def test_while_a_server_is_away_it_is_asked_ever_more_rarely(open_house: Open) -> None:
    with Postbox() as postbox:
        postbox.answer = lambda _: "drop"
        house = await open_house(smtp_url=postbox.url)
        await house.sign(LAYLA)
        for _ in range(600):
            await again(house, seconds=1)
        assert 5 <= len(postbox.asked) <= 12


# Our own failures in the middle of it


async def test_a_mail_handed_over_while_the_database_went_away_is_not_sent_again(
    open_house: Open, request: pytest.FixtureRequest
) -> None:
    with Postbox() as postbox:
        house = await open_house(smtp_url=postbox.url)
        await house.sign(LAYLA)
        weather = away(house, request)
        postbox.at_the_end = lambda: weather.__enter__()  # type: ignore[func-returns-value]
        with pytest.raises(Exception, match="unavailable"):
            await house.deliver()
        weather.__exit__(None, None, None)
        postbox.at_the_end = lambda: None
        assert await states(house) == ["waiting"]
        await again(house, seconds=1)
        assert [mail.to for mail in postbox.mails] == [LAYLA.email]
        (letter,) = await letters(house)
        assert (letter.state, letter.payload) == ("sent", None)


async def test_what_was_claimed_when_the_database_went_away_is_sent_when_it_is_back(
    open_house: Open, request: pytest.FixtureRequest
) -> None:
    people = [someone(number) for number in range(8)]
    with Postbox() as postbox:
        house = await open_house(smtp_url=postbox.url)
        for person in people:
            await house.sign(person)
        weather = away(house, request)
        postbox.at_the_end = lambda: weather.__enter__()  # type: ignore[func-returns-value]
        with pytest.raises(Exception, match="unavailable"):
            await house.deliver()
        weather.__exit__(None, None, None)
        postbox.at_the_end = lambda: None
        await again(house, seconds=1)
        assert sorted(mail.to for mail in postbox.mails) == sorted(person.email for person in people)
        assert await states(house) == ["sent"] * 8


async def test_a_letter_that_breaks_us_keeps_back_no_other(open_house: Open, caplog: pytest.LogCaptureFixture) -> None:
    """Its language was taken out of the program since it was signed."""
    with Postbox() as postbox:
        house = await open_house(smtp_url=postbox.url)
        await house.sign(LAYLA, lang="en")
        for person in (OMAR, KARIM, SALMA):
            await house.sign(person, lang="ar")
        composer = house.worker._delivery._composer
        composer._catalogues = {"ar": house.parts.catalogues["ar"]}
        await house.deliver()
        await again(house, minutes=10)
        assert {mail.to for mail in postbox.mails} == {OMAR.email, KARIM.email, SALMA.email}
        assert await states(house) == ["sent", "sent", "sent", "waiting"]
        assert LAYLA.full_name not in caplog.text
        composer._catalogues = house.parts.catalogues
        await again(house, hours=1)
        assert await states(house) == ["sent"] * 4


async def test_starting_anew_while_the_mail_server_is_dead_costs_nobody_their_mail(open_house: Open) -> None:
    """Each new leader claims again what waits: that must not use up the mailbox's two mails a day."""
    with Postbox() as postbox:
        postbox.answer = lambda _: "drop"
        house = await open_house(smtp_url=postbox.url, limits="on")
        await house.sign(LAYLA)
        for _ in range(4):
            await house.worker._delivery.begin()
            await again(house, minutes=6)
        assert await states(house) == ["waiting"]
        postbox.answer = lambda _: None
        await again(house, minutes=6)
        assert [mail.to for mail in postbox.mails] == [LAYLA.email]


async def test_a_payload_sealed_to_another_key_ends_without_holding_up_the_others(open_house: Open) -> None:
    house = await open_house()
    await house.sign(LAYLA)
    await house.sign(OMAR)
    rows = tables.table(tables.Outbox)
    first = (await letters(house))[0]
    async with house.parts.database.write() as tx:
        await tx.execute(update(rows).where(rows.c.id == first.id).values(payload=b"x" * 300))
    await house.deliver()
    assert await states(house) == ["failed", "sent"]
    assert all(letter.payload is None for letter in await letters(house))


# What a mailbox is spared


async def test_four_mails_a_week_and_two_a_day_reach_a_mailbox_however_it_is_spelled(open_house: Open) -> None:
    house = await open_house(limits="on")
    spellings = ("layla.haddad@gmail.com", "laylahaddad@gmail.com", "LaylaHaddad+x@gmail.com", "l.aylahaddad@gmail.com")
    sent = []
    for _ in range(9):
        for spelling in spellings:
            await house.sign(LAYLA, email=spelling)
        before = len(house.mails())
        await house.deliver()
        sent.append(len(house.mails()) - before)
        await house.next_day()
    assert all(sum(sent[day : day + 2]) <= 2 for day in range(8))
    assert all(sum(sent[day : day + 7]) <= 4 for day in range(3))
    assert sum(sent[:3]) >= 3
    assert len(house.mails()) == sum(sent)


async def test_a_budget_outlives_a_restart(open_house: Open) -> None:
    house = await open_house(limits="on")
    for _ in range(2):
        await house.sign(LAYLA)
    await house.deliver()
    later = await house.restarted()
    try:
        await later.sign(LAYLA)
        await later.deliver()
        assert len(later.mails()) == 2
    finally:
        await later.stop()


async def test_no_reminder_once_denied_erased_or_lapsed(open_house: Open) -> None:
    house = await open_house(petition_text(reminder=True))
    for person, act in ((LAYLA, "deny"), (OMAR, "erase"), (SALMA, "withdraw")):
        await house.post(await house.signed(person), act)
    await house.next_day(4)
    await house.deliver()
    assert len(house.mails()) == 3
    assert not any(letter.payload for letter in await letters(house))


# Whom mail is handed to


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key of a mail server at 127.0.0.1, signed by nobody but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


sqlite_is_enough = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
# The test's own server is told to ask for a password on a plain line.
on_a_plain_line = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


LOGIN = ("petition", "p@ss:w/ord")


def smtp_url(postbox: SecurePostbox, wrapped: bool) -> str:
    at = f"petition:p%40ss%3Aw%2Ford@127.0.0.1:{postbox.port}"
    return f"smtps://{at}" if wrapped else f"smtp://{at}?starttls=true"


@sqlite_is_enough
@pytest.mark.parametrize("wrapped", [False, True], ids=["starttls", "smtps"])
async def test_mail_goes_encrypted_to_a_server_that_is_vouched_for(
    open_house: Open, certificate: Path, wrapped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with SecurePostbox(server_side(certificate), LOGIN, wrapped=wrapped) as postbox:
        house = await open_house(smtp_url=smtp_url(postbox, wrapped))
        await house.sign(LAYLA)
        await house.deliver()
        assert [mail.to for mail in postbox.mails] == [LAYLA.email]
        await house.worker._delivery.close()


@sqlite_is_enough
@pytest.mark.parametrize("wrapped", [False, True], ids=["starttls", "smtps"])
async def test_a_server_that_nobody_vouches_for_gets_no_mail_and_no_password(
    open_house: Open, certificate: Path, wrapped: bool
) -> None:
    async with SecurePostbox(server_side(certificate), LOGIN, wrapped=wrapped) as postbox:
        house = await open_house(smtp_url=smtp_url(postbox, wrapped))
        await house.sign(LAYLA)
        await house.deliver()
        assert postbox.mails == []
        assert not {"AUTH", "MAIL", "RCPT"} & set(postbox.said)
        assert await states(house) == ["waiting"]


@sqlite_is_enough
async def test_where_starttls_is_asked_for_nothing_goes_in_the_clear(open_house: Open) -> None:
    with Postbox() as postbox:
        house = await open_house(smtp_url=f"{postbox.url}?starttls=true")
        await house.sign(LAYLA)
        await house.deliver()
        assert postbox.asked == []
        assert await states(house) == ["waiting"]


@sqlite_is_enough
@on_a_plain_line
async def test_a_wrong_password_keeps_mail_waiting_until_it_is_mended(open_house: Open) -> None:
    with Postbox(login=("petition", "right")) as postbox:
        house = await open_house(smtp_url=f"smtp://petition:wrong@127.0.0.1:{postbox.port}")
        await house.sign(LAYLA)
        await house.deliver()
        assert postbox.asked == []
        assert await states(house) == ["waiting"]
        mended = Settings.from_env({"PETITION_SMTP_URL": f"smtp://petition:right@127.0.0.1:{postbox.port}"})
        later = await house.restarted(smtp=mended.smtp)
        try:
            await later.worker._delivery.begin()
            await later.deliver()
            assert await states(later) == ["sent"]
        finally:
            await later.stop()
