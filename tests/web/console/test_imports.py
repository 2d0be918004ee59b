"""Lists taken in by the console: sent and sealed, looked at, read otherwise, taken in, corrected, undone."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from petition.actions import importing, staging
from petition.db import tables
from petition.domain.actors import AUDITOR, OWNER, VERIFIER, Grant
from petition.web.console import taking_in, uploads
from tests.cli.lists import HEADING, PEOPLE, Desk, bomb, text_of, two_sheets, workbook
from tests.factories import SLUG, petition_text
from tests.house import House
from tests.organizers import Account, Browser, account
from tests.people import LAYLA, someone
from tests.promises.markup import Page

Open = Callable[..., Awaitable[House]]
HERE = f"/petitions/{SLUG}/imports"


class Console(Browser):
    """A browser whose forms may bring a file."""

    async def upload(self, content: bytes | str, name: str = "list.csv", **typed: str) -> httpx.Response:
        """Sends it and looks at the page it leads to."""
        await self.get(HERE)
        form = next(form for form in Page(self.page.text).forms if form.action.endswith("/imports"))
        content = content.encode() if isinstance(content, str) else content
        fields = {**dict(form.fields), "source": "Office of Gaziantep", **typed}
        self.page = await self.http.post(form.action, data=fields, files={"file": (name, content, "text/csv")})
        return await self.settled()

    async def settled(self) -> httpx.Response:
        """The page that was led to, looked at again until nothing is read of its list."""
        await self.follow()
        own_id = self.page.url.path.rpartition("/")[2]
        if len(own_id) == 32:
            await self.house.parts.taking_in.settled(bytes.fromhex(own_id))
            await self.get(self.page.url.path)
        return self.page

    async def read(self, **typed: str) -> httpx.Response:
        await self.send("/read", **typed)
        return await self.settled()

    async def take(self, **typed: str) -> httpx.Response:
        await self.send("/take", **typed)
        return await self.settled()

    async def go_on(self) -> httpx.Response:
        await self.send("/go-on")
        return await self.settled()

    async def taken(self, content: bytes | str, **typed: str) -> str:
        """Sent, taken in whole; what the page says then."""
        await self.upload(content, **typed)
        await self.take()
        assert self.page.status_code == 200, self.text
        await self.house.fold()
        return self.text


async def console_of(house: House, who: Account, lang: str = "en") -> Console:
    browser = Console(house, lang)
    await browser.sign_in(who)
    return browser


@pytest.fixture
async def owner(house: House) -> Account:
    return await account(house, "nour@example.org", Grant(None, OWNER))


async def rows_of(house: House, mapped: Any) -> list[Any]:
    async with house.parts.database.read() as connection:
        return list(await connection.execute(select(tables.table(mapped))))


def lines(response: httpx.Response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))


async def test_a_list_is_sent_looked_at_taken_in_corrected_and_undone(
    house: House, owner: Account, database_url: str
) -> None:
    """The whole way, as one goes it; what lies here in between is sealed to whoever sent it."""
    await house.confirmed(LAYLA)
    console = await console_of(house, owner)
    rows = [
        *PEOPLE,
        (LAYLA.full_name + "ا", "", "ناشطون", "", "SY"),
        ("Joined Mails", "a@example.org; b@example.org", "ناشطون", "", "SY"),
    ]
    page = await console.upload(text_of(rows), note="sheets 1 to 40", kind="sheets")
    assert page.status_code == 200, page.text
    told = console.text
    assert "Rows 5" in told
    assert "Would be added 4" in told
    assert "Refused 1" in told
    assert "a@example.org; b@example.org" in told, "each problem by row and column"
    assert LAYLA.full_name in told, "and whom somebody resembles"
    assert (await house.counts())["total"] == 1, "nobody counts by sending a list"
    if not database_url:
        for path in house.settings.data_dir.glob("petition.sqlite3*"):
            for word in ("suad@example.org", "سعاد الخطيب", "Gaziantep", "list.csv", "sheets 1 to 40"):
                assert word.encode() not in path.read_bytes(), (path, word)
    await console.take()
    await house.fold()
    assert "Added 4" in console.text
    counts = await house.counts()
    assert (counts["total"], counts["by_method"]["import"]) == (5, 4)
    refused = lines(await console.send("/refused"))
    assert [row[0] for row in refused[1:]] == ["Joined Mails"]
    assert refused[0][-2:] == ["Row in the list", "Why it was refused"]
    # Corrected where it stands, and the rest of the file with it.
    refused[1][1] = "a@example.org"
    again = io.StringIO(newline="")
    csv.writer(again).writerows(refused)
    assert "Added 1" in await console.taken(again.getvalue(), name="again.csv")
    # The same file adds nothing, and says so beforehand.
    await console.upload(text_of(rows))
    assert "taken in before" in console.text
    assert "nobody on it who could be added" in console.text
    await console.send("/discard")
    page = await console.follow()
    assert "Office of Gaziantep" in page.text
    assert "sheets 1 to 40" in page.text
    before = {str(row.id.hex()): row for row in await rows_of(house, tables.Import)}
    first = next(key for key, row in before.items() if row.added == 4)
    await console.send(f"/{first}/undo")
    await console.follow()
    await house.fold()
    counts = await house.counts()
    assert (counts["total"], counts["removed"]["invalidated"]) == (2, 4)
    entries = [e for e in await rows_of(house, tables.AuditEntry) if e.verb.startswith("import:")]
    assert {e.verb for e in entries} == {"import:look", "import:begin", "import:end", "import:undo"}
    facts = json.dumps([e.facts for e in entries], ensure_ascii=False)
    assert not any(word in facts for word in ("suad", "سعاد", "list.csv", "Gaziantep"))
    await Desk(house, database_url).holds()
    await house.next_day(8)
    assert await rows_of(house, tables.Staging) == []
    assert await rows_of(house, tables.StagingPart) == []


async def test_what_was_guessed_wrong_is_said_and_remembered_for_the_source(house: House, owner: Account) -> None:
    console = await console_of(house, owner)
    content = "م;المشارك;ملاحظة\n1;سعاد الخطيب;حمص\n2;رنا النجار;برلين\n".encode("windows-1256")
    await console.upload(content)
    assert "No column is known as a name" in console.text
    assert "المشارك" in console.text, "Arabic Windows is guessed, and shown to be seen"
    await console.read(encoding="windows-1252")
    assert console.page.text.count("المشارك") == 1, "in the line of its own encoding alone"
    await console.read(encoding="windows-1256", heading="1")
    await console.read(
        **{"column-1": "full_name", "column-2": "full_name", "usual-category": "activists", "usual-country": "SY"}
    )
    assert console.text.count("Two columns cannot be the same") == 4, "above, and at each of them"
    assert "Column B: Two columns" in console.text.replace(" :", ":")
    assert "column-1" not in console.text
    await console.get(str(console.page.url.path).removesuffix("/read"))
    await console.read(
        **{"column-1": "full_name", "column-2": "city", "usual-category": "activists", "usual-country": "SY"}
    )
    assert "Would be added 2" in console.text, console.text
    await console.take()
    await house.fold()
    assert (await house.counts())["total"] == 2
    # The next one of the same source, in another order of columns and in UTF-8.
    await console.upload("ملاحظة,المشارك\nParis,هند السيد\n", source="office of  GAZIANTEP")
    assert "Read as the last list of this source was" in console.text
    assert "Would be added 1" in console.text, console.text
    (layout,) = await rows_of(house, tables.Layout)
    assert not any(word in str(layout.layout) for word in ("المشارك", "Gaziantep", "gaziantep"))


async def test_what_is_no_list_is_said_in_the_readers_language_and_nothing_stays_half_done(
    house: House, owner: Account
) -> None:
    console, ours = await console_of(house, owner), await console_of(house, owner, "ar")
    for content, told, erzaehlt in (
        (b"%PDF-1.7\n...", "This is a PDF", "هذا ملفّ PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "has a password", "كلمة سرّ"),
        (bomb(), "unpacks to far more", "ينفكّ هذا الملفّ"),
        (workbook([HEADING, *PEOPLE])[:900], "is damaged", "تالف"),
        (b"name,category\n\xff\xfe\xfd\n", "Choose its encoding", "اختر ترميزه"),
        (b"name,country\nHuda Ali,SY\n", "Nothing says this for any row: Signs as", "الصفة"),
        (b'name,category\n"Huda Ali,activists\n' + b"x" * 200_000, "from this line on", "علامة اقتباس"),
    ):  # fmt: skip
        for browser, word in ((console, told), (ours, erzaehlt)):
            page = await browser.upload(content, "list.xlsx")
            assert page.status_code == 200
            assert word in browser.text, browser.text
            await browser.send("/discard")
    # What was said of a list stands when its file is refused: sent again it would count as what it is not.
    said = {"method": "paper", "kind": "sheets", "note": "sheets 1 to 40"}
    assert (await console.upload(b"", **said)).status_code == 422
    assert "Please choose a file" in console.text
    form = dict(next(form for form in Page(console.page.text).forms if form.action.endswith("/imports")).fields)
    assert {**form, **said, "source": "Office of Gaziantep"} == form
    assert await house.signatures() == []
    assert await rows_of(house, tables.Staging) == []
    titled = [("قائمة مكتب",), (), HEADING, *PEOPLE, *[()] * 500, ("<b>", "x", "y", "", "", *["more"] * 195)]
    await console.upload(workbook(titled), "list.xlsx")
    assert "Would be added 3" in console.text, console.text
    assert "Row 3" in console.text
    # Too large is said once all of it was sent, and nothing of it stays.
    small = uploads.received.__defaults__
    assert small is None
    for _ in range(staging.MOST - 1):
        await console.upload(text_of(PEOPLE))
    page = await console.upload(text_of(PEOPLE))
    assert (page.status_code, "lists of yours may lie here at once" in console.text) == (422, True)


async def test_who_may_and_whose_list_it_is(house: House, owner: Account) -> None:
    petition = house.parts.hub.any_petition(SLUG).id
    vera = await account(house, "vera@example.org", Grant(petition, VERIFIER))
    part = await account(house, "part@example.org", Grant(petition, VERIFIER, ("activists",)))
    auditor = await account(house, "auditor@example.org", Grant(petition, AUDITOR))
    console = await console_of(house, vera)
    await console.upload(text_of(PEOPLE))
    lies = console.page.url.path
    for who in (part, auditor):
        other = await console_of(house, who)
        assert (await other.get(HERE)).status_code == 403
        assert (await other.get(lies)).status_code == 403
        (form,) = [form for form in Page(console.page.text).forms if form.action.endswith("/take")]
        csrf = dict(next(f for f in Page((await other.get("/account")).text).forms).fields)["csrf"]
        sent = await other.http.post(form.action, data={"csrf": csrf})
        assert sent.status_code == 403
        sent = await other.http.post(f"/organizer/en{HERE}", data={"csrf": csrf}, files={"file": ("a.csv", b"x")})
        assert sent.status_code == 403
    colleague = await console_of(house, owner)
    assert (await colleague.get(lies)).status_code == 404, "it is sealed to whoever sent it"
    # Foreign or stale forms, and none signed in: nothing of the file is kept.
    body = {"data": {"csrf": "x"}, "files": {"file": ("a.csv", b"name\nx\n")}}
    foreign = {"sec-fetch-site": "cross-site"}
    assert (await console.http.post(f"/organizer/en{HERE}", **body, headers=foreign)).status_code == 403
    assert (await console.http.post(f"/organizer/en{HERE}", **body)).status_code == 409
    assert (await house.http.post(f"/organizer/en{HERE}", **body)).status_code == 401
    assert len(await rows_of(house, tables.Staging)) == 1
    # Taking in is a mass act: it asks for the second factor once more.
    await console.get(lies)
    house.clock.pass_(minutes=20)
    await console.send("/take")
    assert "/prove" in console.page.text
    assert (await house.counts())["total"] == 0


async def test_a_petition_that_is_archived_meanwhile_stops_it_and_it_goes_on_later(
    house: House, owner: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = await console_of(house, owner)
    monkeypatch.setattr(taking_in, "CHUNK", 100)
    rows = [(someone(n).full_name, f"p{n}@example.org", "activists", "", "SY") for n in range(340)]
    rows.insert(3, ("", "nobody@example.org", "activists", "", "SY"))
    await console.upload(text_of(rows))
    add, chunks = importing.add, 0

    async def late(*given: Any, **more: Any) -> Any:
        nonlocal chunks
        chunks += 1
        if chunks == 3:
            raise importing.Conflict("import-not-taken")
        return await add(*given, **more)

    monkeypatch.setattr(importing, "add", late)
    await console.take()
    assert "takes no list now" in console.text
    assert len(await house.signatures()) == 199
    monkeypatch.setattr(importing, "add", add)
    await console.go_on()
    assert "Added 340" in console.text, console.text
    assert len(lines(await console.send("/refused"))) == 2, "its heading and the row that was refused before the stop"
    (made,) = await rows_of(house, tables.Import)
    assert (made.state, made.added, made.refused) == ("done", 340, 1)
    assert {row.kind for row in await rows_of(house, tables.StagingPart)} == {"plan", "refused"}


async def test_killed_midway_it_goes_on_where_it_stopped(
    house: House, owner: Account, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that took it in is gone: another one goes on once the first has been silent for a minute."""
    console = await console_of(house, owner)
    monkeypatch.setattr(taking_in, "CHUNK", 100)
    await console.upload(
        text_of([(f"{p.full_name}", p.email, "activists", "", "SY") for p in map(someone, range(240))])
    )
    lies = console.page.url.path
    held, cut = house.parts.taking_in, asyncio.Event()
    store = staging.advance
    steps = 0

    async def killed(*given: Any, **more: Any) -> None:
        nonlocal steps
        await store(*given, **more)
        steps += 1
        if steps == 2:
            cut.set()
            await asyncio.sleep(3600)

    staging.advance = killed
    try:
        sending = asyncio.create_task(console.send("/take"))
        await cut.wait()
        await held.close()
        await sending
    finally:
        staging.advance = store
    assert len(await house.signatures()) == 100, "the chunk under way left nothing"
    await console.get(lies)
    assert "100 of 240" in console.text
    house.clock.pass_(seconds=staging.SILENT + 1)
    await console.get(lies)
    await console.go_on()
    assert "Added 240" in console.text
    await Desk(house, database_url).holds()


async def test_they_may_be_asked_as_the_list_is_taken_in_or_later(house: House, owner: Account) -> None:
    console = await console_of(house, owner)
    await console.upload(text_of(PEOPLE[:1]))
    await console.take(asks="yes")
    await console.taken(text_of(PEOPLE[1:]), source="elsewhere")
    await house.deliver()
    assert [mail.to for mail in house.mails()] == ["suad@example.org"]
    later = next(row for row in await rows_of(house, tables.Import) if row.added == 2)
    await console.get(HERE)
    await console.send(f"/{later.id.hex()}/ask")
    await console.follow()
    await house.deliver()
    assert sorted(mail.to for mail in house.mails()) == ["rana@example.org", "suad@example.org"]
    (mail,) = house.mails("rana@example.org")
    await house.post(mail.link, "deny")
    await console.get(HERE)
    assert "Asked whether it is right: 1. Yes: 0. No: 1." in console.text


async def test_a_closed_petition_takes_a_list_and_an_archived_one_does_not(open_house: Open) -> None:
    house = await open_house(petition_text(status="closed"))
    console = await console_of(house, await account(house, "nour@example.org", Grant(None, OWNER)))
    await console.upload(text_of(PEOPLE))
    lies = console.page.url.path
    form = Page((await console.get(HERE)).text).forms
    await house.apply(petition_text(status="archived"))
    sent = next(each for each in form if each.action.endswith("/imports"))
    late = await console.http.post(
        sent.action, data={**dict(sent.fields), "note": "Box 3"}, files={"file": ("a.csv", text_of(PEOPLE))}
    )
    assert (late.status_code, "No list is taken now" in late.text, "Box 3" in late.text) == (409, True, True)
    assert len(await rows_of(house, tables.Staging)) == 1, "nothing of it is kept"
    for path in (HERE, lies):
        await console.get(path)
        assert "takes no list now" in console.text
        assert not any(each.action.endswith(("/imports", "/take")) for each in Page(console.page.text).forms)
    await house.apply(petition_text(status="closed"))
    assert "Added 3" in await console.taken(text_of(PEOPLE))
    # The same file, looked at before: this time it added nobody.
    await console.get(lies)
    await console.take()
    assert "Added 0" in console.text, console.text
    assert "Refused 3" in console.text
    page = await house.http.get(f"/en/petitions/{SLUG}/count")
    assert "count without a confirmation by mail" in page.text


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_of_several_sheets_another_can_be_chosen(house: House, owner: Account) -> None:
    console = await console_of(house, owner)
    await console.upload(two_sheets(), name="list.xlsx")
    assert "Several sheets of this workbook have rows" in console.text
    assert "Not read: Sheet · autumn" in console.text
    assert "Would be added 2" in console.text
    assert "A formula without a result" in console.text
    await console.read(worksheet="autumn")
    assert "Would be added 1" in console.text
    await console.read(method="paper")
    assert "Would be added 1" in console.text, "it stays the one that was chosen"
    await console.take()
    assert "Added 1" in console.text
