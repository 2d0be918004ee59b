"""The signatory's own link: what each act does to a signature in each state, and what its page then says."""

import secrets

import pytest

from petition.db import tables
from petition.domain import identity, tokens
from tests.house import House
from tests.people import KARIM, LAYLA, OMAR, SALMA, Person, someone
from tests.web.links import (
    ACTS,
    ARABIC,
    ENGLISH,
    PERSONAL,
    Make,
    counts,
    denied,
    erased,
    erased_while_pending,
    expired,
    invalidated,
    lapsed,
    look,
    merged,
    names_shown,
    page_of,
    pending,
    rejected,
    row_of,
    second,
    withdrawn,
)

# state: act: (status of the answer, where the signature then stands, what the link's page then says)
Row = dict[str, tuple[int, str, str]]


def ended(state: str, page: str, **changes: tuple[int, str, str]) -> Row:
    """A link that is over: every act is answered kindly and changes nothing."""
    same = dict.fromkeys(ACTS, (303, state, page))
    return {**same, "confirm without agreeing": (422, state, page), "visibility": (409, state, page), **changes}


TABLE: dict[Make, Row] = {
    pending: {
        "confirm": (303, "confirmed", "counts"),
        "confirm without agreeing": (422, "pending", "pending"),
        "deny": (303, "withdrawn, denied", "denied"),
        "visibility": (409, "pending", "pending"),
        "withdraw": (303, "withdrawn, denied", "denied"),
        "erase": (303, "withdrawn, erased", "erased"),
    },
    counts: {
        "confirm": (303, "confirmed", "counts"),
        "confirm without agreeing": (422, "confirmed", "counts"),
        "deny": (303, "confirmed", "counts"),
        "visibility": (303, "confirmed", "counts"),
        "withdraw": (303, "withdrawn", "withdrawn"),
        "erase": (303, "withdrawn, erased", "erased"),
    },
    expired: ended(
        "pending",
        "lapsed",
        deny=(303, "withdrawn, denied", "denied"),
        withdraw=(303, "withdrawn, denied", "denied"),
        erase=(303, "withdrawn, erased", "erased"),
    ),
    lapsed: ended("lapsed", "lapsed", erase=(303, "lapsed, erased", "erased")),
    denied: ended("withdrawn, denied", "denied", erase=(303, "withdrawn, erased", "erased")),
    withdrawn: ended("withdrawn", "withdrawn", erase=(303, "withdrawn, erased", "erased")),
    erased: ended("withdrawn, erased", "erased"),
    erased_while_pending: ended("withdrawn, erased", "erased"),
    rejected: ended("rejected", "rejected", erase=(303, "rejected, erased", "erased")),
    invalidated: ended("invalidated", "invalidated", erase=(303, "invalidated, erased", "erased")),
    second: {
        "confirm": (303, "merged", "already"),
        "confirm without agreeing": (422, "pending", "already"),
        "deny": (303, "withdrawn, denied", "denied"),
        "visibility": (409, "pending", "already"),
        "withdraw": (303, "merged", "withdrawn"),
        "erase": (303, "merged", "erased"),
    },
    merged: ended(
        "merged",
        "already",
        withdraw=(303, "merged", "withdrawn"),
        erase=(303, "merged", "erased"),
    ),
}


@pytest.mark.parametrize("make", TABLE, ids=lambda make: make.__name__)
async def test_every_act_on_every_state_has_one_kind_answer(house: House, make: Make) -> None:
    for number, (act, (status, stands, page)) in enumerate(TABLE[make].items()):
        link = await make(house, someone(number))
        path, fields = ACTS[act]
        answer = await house.post(link, path, **fields)
        row = await row_of(house, link)
        told = (answer.status_code, f"{row.state}, {row.reason}" if row.reason else row.state, await look(house, link))
        assert told == (status, stands, page), act
        if status == 422:
            assert page_of(answer) == page
        # Once more: whatever it was, twice is once.
        again = await house.post(link, path, **fields)
        assert again.status_code in (303, 409, 422)
        assert await look(house, link) == page, act
        # From an act that ends a signature nothing follows the person any more.
        if page in ("erased", "denied", "lapsed") and act in ("deny", "erase"):
            row = await row_of(house, link)
            assert not any(getattr(row, name) for name in PERSONAL)


async def test_looking_changes_nothing(house: House) -> None:
    """Mail scanners follow links, with GET, HEAD and OPTIONS, and send forms as they find them."""
    for number, make in enumerate(TABLE):
        link = await make(house, someone(number))
        before = await house.signatures()
        for method in ("GET", "HEAD", "OPTIONS"):
            await house.http.request(method, link)
            for act in ("confirm", "deny", "visibility", "withdraw", "erase"):
                await house.http.request(method, f"{link}/{act}")
        for act in ("confirm", "deny", "withdraw", "erase"):
            assert (await house.post(link, act, step="1")).status_code in (200, 422)
        assert await house.signatures() == before, make.__name__


async def test_asked_again_with_the_box_ticked_the_act_is_done(house: House) -> None:
    for act, box, page in (
        ("deny", "sure.deny-box", "denied"),
        ("withdraw", "sure.withdraw-box", "withdrawn"),
        ("erase", "sure.erase-box", "erased"),
    ):
        make = pending if act == "deny" else counts
        link = await make(house, someone(len(act)))
        asked = await house.post(link, act, step="1")
        assert asked.status_code == 200
        assert ENGLISH(box) in asked.text
        assert "checked" not in asked.text
        assert (await house.post(link, act, step="1", sure="yes")).status_code == 303
        assert await look(house, link) == page


# What is shown


async def test_the_list_follows_the_choice_at_once(house: House) -> None:
    link = await counts(house, LAYLA)
    assert await names_shown(house) == [LAYLA.full_name]
    for choice, shown in (
        ("initials", [identity.initials(LAYLA.full_name)]),
        ("anonymous", []),
        ("name", [LAYLA.full_name]),
    ):
        answer = await house.post(link, "visibility", visibility=choice)
        assert answer.status_code == 303
        assert await names_shown(house) == shown
        page = await house.http.get(answer.headers["location"])
        assert ENGLISH("said.visibility") in page.text
        row = await row_of(house, link)
        assert (row.shown_name is None) == (choice == "anonymous")
        assert (row.shown_key is None) == (choice == "anonymous")
    assert (await house.counts())["total"] == 1


async def test_a_choice_that_is_none_changes_nothing(house: House) -> None:
    link = await counts(house, LAYLA)
    for wrong in ("everyone", "", "name\0", "NAME"):
        assert (await house.post(link, "visibility", visibility=wrong)).status_code == 422
    assert (await house.http.post(f"{link}/visibility")).status_code == 422
    assert await names_shown(house) == [LAYLA.full_name]


async def test_a_name_stands_in_the_clear_only_once_it_counts_and_is_to_be_shown(house: House) -> None:
    links = {person: await pending(house, person) for person in (LAYLA, SALMA, KARIM)}
    assert not any(row.shown_name for row in await house.signatures())
    for link in links.values():
        await house.post(link, "confirm", agree="yes")
    shown = {person: (await row_of(house, link)).shown_name for person, link in links.items()}
    assert shown == {LAYLA: LAYLA.full_name, SALMA: None, KARIM: identity.initials(KARIM.full_name)}
    # The list shows nobody before the count does.
    assert await names_shown(house) == []
    await house.fold()
    assert sorted(await names_shown(house)) == sorted(name for name in shown.values() if name)


async def test_withdrawing_takes_the_name_off_at_once_and_the_count_with_the_fold(house: House) -> None:
    link = await counts(house, LAYLA)
    await house.post(link, "withdraw")
    assert await names_shown(house) == []
    assert (await row_of(house, link)).shown_name is None
    await house.fold()
    counted = await house.counts()
    assert counted["total"] == 0
    assert counted["removed"]["withdrawn"] == 1
    # The sealed record stays until it is erased, so that organizers can answer for what was counted.
    assert (await row_of(house, link)).sealed


@pytest.mark.parametrize("from_state", [pending, counts, withdrawn, second, merged], ids=lambda make: make.__name__)
async def test_erasing_leaves_nothing_of_the_person(house: House, from_state: Make) -> None:
    link = await from_state(house, LAYLA)
    await house.post(link, "erase")
    for row in await house.signatures():
        assert not any(getattr(row, name) for name in PERSONAL)
    async with house.parts.database.read() as connection:
        letters = list(await connection.execute(tables.table(tables.Outbox).select()))
    assert not any(letter.payload for letter in letters)
    page = await house.http.get(link)
    assert LAYLA.full_name not in page.text
    assert LAYLA.email not in page.text
    await house.fold()
    counted = await house.counts()
    assert counted["total"] == 0
    assert await names_shown(house) == []


async def test_an_erased_signature_that_counted_is_told_as_erased(house: House) -> None:
    await erased(house, LAYLA)
    await house.fold()
    removed = (await house.counts())["removed"]
    assert removed == {"withdrawn": 0, "merged": 0, "invalidated": 0, "erased": 1}


async def test_a_later_link_opens_nothing_of_the_first_ones_record(house: House) -> None:
    """It proves the mailbox, not who first used it: enough to leave, not to read."""
    await counts(house, LAYLA)
    link = await pending(house, Person("Somebody Else", LAYLA.email))
    page = await house.http.get(link)
    assert page_of(page) == "already"
    assert LAYLA.full_name not in page.text
    assert (await house.post(link, "visibility", visibility="anonymous")).status_code == 409
    assert await names_shown(house) == [LAYLA.full_name]


async def test_signatures_of_earlier_versions_keep_their_links(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their ids were drawn apart from their links' tokens."""
    with monkeypatch.context() as earlier:
        earlier.setattr(tokens, "signature_id", lambda _: secrets.token_bytes(tokens.ID_BYTES))
        old = await pending(house, LAYLA)
    new = await pending(house, OMAR)
    matching = {row.id == tokens.signature_id(row.token_hash) for row in await house.signatures()}
    assert matching == {True, False}
    for link, person in ((old, LAYLA), (new, OMAR)):
        assert person.full_name in (await house.http.get(link)).text
        assert (await house.post(link, "confirm", agree="yes")).status_code == 303
        assert await look(house, link) == "counts"
    await house.fold()
    assert (await house.counts())["total"] == 2


async def test_an_awaiting_claim_is_said_on_the_link(house: House) -> None:
    link = await counts(house, OMAR)
    page = await house.http.get(link)
    assert ENGLISH("signature.awaiting", category="")[:30] in page.text
    assert "Journalists" in page.text
    # In the words of the page, not of the language that was signed in.
    other = link.replace("/ar/", "/en/") if "/ar/" in link else link.replace("/en/", "/ar/")
    assert ("Journalists" in (await house.http.get(other)).text) == ("/en/" in other)


# Links that are none


def spoiled(link: str) -> dict[str, str]:
    head, _, token = link.rpartition("/")
    other = "A" if token[0] != "A" else "B"
    spare = token[:-1] + chr(ord(token[-1]) + 1)  # only spare bits differ: still another spelling
    texts = {
        "cut short": token[:-1],
        "half": token[:20],
        "one letter": "a",
        "changed": other + token[1:],
        "spare bits": spare,
        "too long": token + "A",
        "padded": token + "=",
        "another alphabet": "٠" * 43,
        "standard alphabet": "+" * 43,
        "trailing space": token + "%20",
        "leading space": "%20" + token,
        "trailing newline": token + "%0A",
        "NUL": token[:-1] + "%00",
        "not UTF-8": token[:-1] + "%ff",
        "percent of a letter": f"%{ord(token[0]):02x}".join(["", token[1:]]) + "%0d",
        "very long": "a" * 4000,
    }
    return {name: f"{head}/{text}" for name, text in texts.items()}


async def test_a_spoiled_link_is_answered_kindly_and_does_nothing(house: House) -> None:
    link = await pending(house, LAYLA)
    before = await house.signatures()
    for name, wrong in spoiled(link).items():
        page = await house.http.get(wrong)
        assert (name, page.status_code, page_of(page)) == (name, 404, "unknown")
        for act, fields in ACTS.values():
            answer = await house.post(wrong, act, **fields)
            assert (name, act, answer.status_code) == (name, act, 404)
    assert await house.signatures() == before


async def test_a_link_in_a_language_that_there_is_not(house: House) -> None:
    link = await pending(house, LAYLA)
    other = link.replace("/en/", "/fr/")
    assert (await house.http.get(other)).status_code == 404
    assert (await house.post(other, "confirm", agree="yes")).status_code == 404
    arabic = await house.http.get(link.replace("/en/", "/ar/"))
    assert ARABIC("signature.agree") in arabic.text


async def test_a_links_pages_are_kept_by_nobody(house: House) -> None:
    for make in (pending, counts, withdrawn, second):
        link = await make(house, someone(len(make.__name__)))
        for answer in (await house.http.get(link), await house.post(link, "confirm")):
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-robots-tag"] == "noindex"
            assert answer.headers["referrer-policy"] == "same-origin"
            assert "set-cookie" not in answer.headers
            assert '<meta name="robots" content="noindex">' in answer.text


async def test_forms_of_a_wrong_kind_change_nothing(house: House) -> None:
    link = await counts(house, LAYLA)
    before = await house.signatures()
    for act in ("confirm", "deny", "visibility", "withdraw", "erase"):
        for content, kind, status in (
            (b'{"agree": "yes"}', "application/json", 415),
            (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415),
            (b"a=1&" * 100, "application/x-www-form-urlencoded", 400),
            (b"a" * 70_000, "application/x-www-form-urlencoded", 413),
        ):
            answer = await house.http.post(f"{link}/{act}", content=content, headers={"content-type": kind})
            assert (act, kind, answer.status_code) == (act, kind, status)
    assert await house.signatures() == before
