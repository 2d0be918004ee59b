"""The signatory's own link and its acts, and the receipt. GETs change nothing: scanners follow links."""

from functools import partial
from typing import Any
from urllib.parse import quote

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery

from petition.actions import signing
from petition.actions.limits import ACT
from petition.actions.signing import Confirmation
from petition.domain import checkpoint, states, tokens
from petition.errors import Conflict, FieldRefused, LinkUnknown, PetitionNotOpen
from petition.queries import ledger
from petition.queries.petitions import Petition
from petition.queries.signatures import Signature
from petition.web import forms, guards, parts
from petition.web.answers import html, redirect, spoken
from petition.web.forms import Typed
from petition.web.pages import Confirmed, FormState, LinkEnded, LinkPage, OwnData, Pending, RightlyListed, Sure
from petition.web.parts import Asked, Parts

# Said once after an act, by the address that it leads to.
SAID = ("confirmed", "again", "visibility", "listed")
NOWHERE = {"X-Robots-Tag": "noindex"}


def _token(text: str) -> bytes:
    token = tokens.read(text)
    if token is None:
        raise LinkUnknown()
    return token


def _answer(held: Parts, page: LinkPage, language: str, status: int = 200) -> Response[bytes]:
    return html(held, page, language, status, NOWHERE)


def _petition(held: Parts, signature: Signature) -> Petition:
    """Also of a petition that the public no longer sees: its signatories keep their links."""
    return held.hub.any_petition(signature.slug)


@get("/{language:str}/signature/{text:str}")
async def link(
    request: Asked, language: FromPath[str], text: FromPath[str], said: FromQuery[str | None] = None
) -> Response[bytes]:
    held = parts.of(request)
    spoken(held, language)
    guards.limit(request, "link", ACT)
    token = tokens.read(text)
    async with held.database.read() as connection:
        try:
            signature = await signing.standing(connection, token or b"")
        except LinkUnknown:
            return _answer(held, LinkEnded(text, kind="unknown"), language, 404)
        other, asked = await _circumstances(connection, signature)
        line = await ledger.placed(connection, *_place(held, signature))
    assert token is not None
    code = checkpoint.short_code(line.index, line.entry) if line else None
    return _answer(
        held, _page(held, signature, token, language, other=other, asked=asked, said=said, code=code), language
    )


async def _circumstances(connection: Any, signature: Signature) -> tuple[Signature | None, bool]:
    """The mailbox's other signature; and whether it is still to be told if a list is right."""
    return await signing.other_of(connection, signature), await signing.asked(connection, signature)


def _place(held: Parts, signature: Signature) -> tuple[bytes, bytes | None]:
    """Where the ledger has its line: petition and link. Only a signature that counts is looked up."""
    counts = signature.state == states.CONFIRMED
    return _petition(held, signature).id, held.keys.link_of(signature.id) if counts else None


@get("/{language:str}/signature/{text:str}/receipt")
async def receipt(request: Asked, language: FromPath[str], text: FromPath[str]) -> Response[bytes]:
    """The receipt as a file (C2SP tlog-proof): it proves that its holder is counted, and names nobody."""
    held = parts.of(request)
    spoken(held, language)
    guards.limit(request, "link", ACT)
    token = _token(text)
    async with held.database.read() as connection:
        signature = await signing.standing(connection, token)
        line = await ledger.placed(connection, *_place(held, signature))
        if line is None:
            raise Conflict("receipt-later" if signature.state == states.CONFIRMED else "receipt-none")
        petition_id = _petition(held, signature).id
        made = await ledger.receipt(connection, petition_id, line, tokens.receipt_code(token))
    headers = {
        **NOWHERE,
        "Cache-Control": "no-store",
        "Content-Disposition": 'attachment; filename="receipt.tlog-proof"',
    }
    return Response(str(made).encode(), media_type="text/plain", headers=headers)


def _page(
    held: Parts,
    signature: Signature,
    token: bytes,
    language: str,
    *,
    other: Signature | None = None,
    asked: bool = False,
    said: str | None = None,
    form: FormState | None = None,
    code: str | None = None,
) -> LinkPage:
    """The page that fits where the signature stands."""
    text, petition = tokens.written(token), _petition(held, signature)
    form = form or FormState()
    own = partial(_own, signature, token, petition, language)
    if signature.state == states.CONFIRMED and signature.own_copy is None:
        return LinkEnded(text, kind="purged", petition=petition, code=code)
    if asked:
        return RightlyListed(text, petition, own(), signature.method, form)
    if signature.state == states.CONFIRMED:
        return Confirmed(
            text,
            petition,
            own(),
            total=held.hub.any_counts(signature.slug).total,
            awaiting=signature.counted_as is None,
            said=said if said in SAID else None,
            form=form,
            code=code,
        )
    if other is not None and other.state == states.CONFIRMED:
        return LinkEnded(text, kind="already", petition=petition, acts=("withdraw", "erase"))
    if other is not None:
        return LinkEnded(text, kind=_kind(other), petition=petition, acts=_acts(other))
    if signature.state == states.PENDING and not signature.expired(held.today()):
        changed = signature.version if signature.version != petition.version else None
        return Pending(text, petition, own(), form, changed)
    return LinkEnded(text, kind=_kind(signature), petition=petition, acts=_acts(signature))


def _kind(signature: Signature) -> str:
    if signature.reason == states.DENIED and signature.method in states.LISTED:
        return "unlisted"
    if signature.reason in (states.DENIED, states.ERASED):
        return signature.reason
    return states.LAPSED if signature.state == states.PENDING else signature.state


def _acts(signature: Signature) -> tuple[str, ...]:
    """What is left to do: as long as a sealed record remains it can be erased."""
    return () if signature.own_copy is None else ("erase",)


def _own(signature: Signature, token: bytes, petition: Petition, language: str) -> OwnData:
    """In the words of the page's language, whatever the one that was signed in."""
    record: dict[str, Any] = signing.own_record(signature, token)
    category = petition.category(record["category"])
    label = petition.in_language(category.label, language) if category else record["category"]
    return OwnData(
        full_name=record["full_name"],
        email=record["email"],
        category=label,
        affiliation=record["affiliation"],
        city=record["city"],
        country=record["country"],
        visibility=signature.visibility,
        language=signature.language,
    )


@post("/{language:str}/signature/{text:str}/confirm", status_code=303)
async def confirm(request: Asked, language: FromPath[str], text: FromPath[str]) -> Response[bytes]:
    """Needs `agree=yes`, from a box that nobody but a person ticks."""
    held = parts.of(request)
    spoken(held, language)
    guards.limit(request, "link", ACT)
    token, typed = _token(text), await forms.form(request)
    if typed.get("agree") != "yes":
        return await _not_agreed(held, token, language, typed)
    signature = await held.confirmations.submit(Confirmation(token, held.today()))
    if signature is None:
        raise LinkUnknown()
    if signature.state == states.PENDING and not signature.expired(held.today()):
        raise PetitionNotOpen(signature.status)
    said = "again" if signature.again else "confirmed"
    if signature.again and signature.method in states.LISTED:
        async with held.database.write() as tx:
            said = "listed" if await signing.affirm(tx, token) else said
    return redirect(f"/{language}/signature/{text}?said={said}")


async def _not_agreed(held: Parts, token: bytes, language: str, typed: Typed) -> Response[bytes]:
    async with held.database.read() as connection:
        signature = await signing.standing(connection, token)
        other, asked = await _circumstances(connection, signature)
    form = FormState(typed.values, {"agree": FieldRefused("agree-missing")})
    return _answer(held, _page(held, signature, token, language, other=other, asked=asked, form=form), language, 422)


@post("/{language:str}/signature/{text:str}/deny", status_code=303)
async def deny(request: Asked, language: FromPath[str], text: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    token, again = await _begin(request, language, text, "deny")
    if again is not None:
        return again
    async with held.database.write() as tx:
        await signing.deny(tx, token, keys=held.keys, today=held.today())
    return redirect(f"/{language}/signature/{text}")


@post("/{language:str}/signature/{text:str}/withdraw", status_code=303)
async def withdraw(request: Asked, language: FromPath[str], text: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    token, again = await _begin(request, language, text, "withdraw")
    if again is not None:
        return again
    async with held.database.write() as tx:
        await signing.withdraw(tx, token, keys=held.keys, today=held.today())
    return redirect(f"/{language}/signature/{text}")


@post("/{language:str}/signature/{text:str}/erase", status_code=303)
async def erase(request: Asked, language: FromPath[str], text: FromPath[str]) -> Response[bytes]:
    held = parts.of(request)
    token, again = await _begin(request, language, text, "erase")
    if again is not None:
        return again
    async with held.database.write() as tx:
        await signing.erase(tx, token, keys=held.keys, today=held.today())
    return redirect(f"/{language}/signature/{text}")


async def _begin(request: Asked, language: str, text: str, act: str) -> tuple[bytes, Response[bytes] | None]:
    """The token, and where a page's form was sent without its box ticked, the page that asks again.

    A scanner that submits every form as it finds it so changes nothing. A program that posts to
    the address of its own accord means it: it has no box to tick.
    """
    held = parts.of(request)
    spoken(held, language)
    guards.limit(request, "link", ACT)
    token, typed = _token(text), await forms.form(request)
    async with held.database.read() as connection:
        signature = await signing.standing(connection, token)
        asked = act == "deny" and await signing.asked(connection, signature)
    if typed.get("step") and typed.get("sure") != "yes":
        refused = {"sure": FieldRefused("sure-missing")} if typed.get("step") == "2" else {}
        about, petition = "unlist" if asked else act, _petition(held, signature)
        page = Sure(text, act=act, about=about, petition=petition, form=FormState(typed.values, refused))
        return token, _answer(held, page, language, 422 if refused else 200)
    return token, None


@post("/{language:str}/signature/{text:str}/visibility", status_code=303)
async def visibility(request: Asked, language: FromPath[str], text: FromPath[str]) -> Response[bytes]:
    """At once, in both directions; a form sent as it was found changes nothing."""
    held = parts.of(request)
    spoken(held, language)
    guards.limit(request, "link", ACT)
    token, typed = _token(text), await forms.form(request)
    async with held.database.write() as tx:
        await signing.change_visibility(tx, token, typed.get("visibility"))
    return redirect(f"/{language}/signature/{text}?said=visibility")


@get(
    [
        f"/{{language:str}}/signature/{{text:str}}/{act}"
        for act in ("confirm", "deny", "visibility", "withdraw", "erase")
    ]
)
async def back_to_the_link(request: Asked, language: FromPath[str], text: FromPath[str]) -> Response[bytes]:
    """The address of an act, followed instead of posted to: nothing happens, and the page with the button is shown."""
    return redirect(f"/{spoken(parts.of(request), language)}/signature/{quote(text, safe='')}")


router = Router(
    path="/",
    include_in_schema=False,
    route_handlers=[link, receipt, confirm, deny, visibility, withdraw, erase, back_to_the_link],
)
