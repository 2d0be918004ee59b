"""petition audit URL"""

from __future__ import annotations

import asyncio
import gc
import json
import re
import sys
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from itertools import tee
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click
import httpx
import uvloop

from petition import cli
from petition.cli import fetching
from petition.cli.fetching import Wanted
from petition.domain import auditing, checkpoint, cosignature, merkle, sampling
from petition.domain.auditing import Recount, Tree
from petition.domain.checkpoint import Head, Malformed, Verifier
from petition.domain.cosignature import Witness
from petition.domain.ledger import Broken
from petition.domain.sampling import Given
from petition.errors import FileRefused, OperatorError

Key = TypeVar("Key")
Tile = tuple[int | str, int, int]  # level or `entries`, number, width
# Entries are a few hundred bytes: two digests, and words that are a few dozen signs long. 4 KB for each is plenty.
MOST_TILE, MOST_BUNDLE, MOST_TEXT = merkle.WIDTH * merkle.HASH, merkle.WIDTH * 4096, 1 << 20
SLOWEST = 300  # seconds for one file
LATEST = 253_402_300_799  # the last second that a date can show
_SLUG = re.compile(r"/(?:ledger|p|petitions)/([a-z0-9]+(?:-[a-z0-9]+)*)(?:/|$)")


@click.command()
@click.argument("url")
@click.option("--receipt", "receipts", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
              help="A receipt, or a file with its short code: does its line count?")  # fmt: skip
@click.option("--since", type=click.Path(path_type=Path), metavar="CHECKPOINT",
              help="A checkpoint kept from before: was anything before it changed?")  # fmt: skip
@click.option("--key", "earlier", multiple=True, metavar="VKEY",
              help="A key that signed before, or at another address.")  # fmt: skip
@click.option("--witness", "witnesses", multiple=True, metavar="VKEY",
              help="A witness that you trust: has it seen this ledger grow?")  # fmt: skip
@click.option("--sample", type=click.Path(path_type=Path), metavar="FILE",
              help="Records that were opened for you: drawn by the rule, and none swapped?")  # fmt: skip
@click.option("--keep", type=click.Path(path_type=Path), metavar="FILE", help="Keep this checkpoint for the next time.")
def command(
    url: str,
    receipts: tuple[Path, ...],
    since: Path | None,
    earlier: tuple[str, ...],
    witnesses: tuple[str, ...],
    sample: Path | None,
    keep: Path | None,
) -> None:
    """Recount a petition from its public ledger alone, and compare with what the site says.

    URL is the address of the petition or of its ledger. Nothing is sent but requests for public files: receipts are
    checked on this machine.
    """
    texts = {path: _text(path) for path in (*receipts, *([since] if since else []))}
    trusted = [_named(Witness.read, line) for line in witnesses]
    before = [_named(Verifier.read, line) for line in earlier]
    given = _given(sample) if sample is not None else None
    with Site(url) as site:
        verifier = _key(site)
        # Before the newer checkpoint: it is a beginning of that one.
        cosigned = site.witnessed()
        said, note, head = _agreed(site, verifier)
        _say(f"key         {verifier}")
        _say(f"checkpoint  {head.size:,} entries, and its signature holds")
        wanted = _lines(texts[path] for path in receipts) | (set(given.rows) if given else set())
        keys = [verifier, *before]
        at = _size_of(given, keys) if given else None
        recount = Recount(site.slug, {said["ledger_size"], head.size}, wanted, () if at is None else (at.size,))
        tree = uvloop.run(_recounted(site, head, recount))
    wrong = list(_compared(recount, head, said))
    if since is not None:
        wrong += _since(texts[since], tree, keys)
    if given is not None and at is not None:
        wrong += _sample(given, at, recount, tree)
    wrong += _cosigned(cosigned, tree, keys, trusted)
    for path in receipts:
        wrong += _receipt(path, texts[path], recount, tree, keys)
    if wrong:
        cli.fail(f"{site.slug}: {'; '.join(wrong)}")
    if keep is not None:
        _keep(keep, note)
    _say("everything holds")


class Site:
    """The public files of one petition; `OperatorError` where one cannot be had."""

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url if "://" in url else f"https://{url}")
        except ValueError:
            parts = urlsplit("")
        found = _SLUG.search(parts.path)
        if parts.scheme not in ("http", "https") or not parts.netloc or found is None:
            raise click.UsageError(
                f"{url} is not the address of a petition, such as https://example.org/p/some-petition"
            )
        self.slug, self.base = found[1], f"{parts.scheme}://{parts.netloc}"
        self._http = httpx.Client(
            timeout=fetching.PATIENCE, headers={"Accept-Encoding": "gzip, identity"}, follow_redirects=True
        )

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, most: int = MOST_TEXT) -> bytes:
        status, body = self._answer(path, most)
        if status != 200:
            raise OperatorError(f"{self.base}{path} cannot be had: the site answers {status}")
        return body

    def _answer(self, path: str, most: int) -> tuple[int, bytes]:
        """Status and content; nothing is taken in beyond `most` bytes or SLOWEST seconds."""
        body, begun = bytearray(), time.monotonic()
        try:
            with self._http.stream("GET", f"{self.base}{path}") as answer:
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > most or time.monotonic() - begun > SLOWEST:
                        raise OperatorError(f"{self.base}{path} cannot be had: it has no end, or comes too slowly")
        except (httpx.HTTPError, httpx.InvalidURL) as wrong:
            raise OperatorError(f"{self.base}{path} cannot be had: {str(wrong) or type(wrong).__name__}") from None
        return answer.status_code, bytes(body)

    def text(self, name: str) -> str:
        try:
            return self.get(f"/ledger/{self.slug}/{name}").decode()
        except UnicodeDecodeError:
            raise Malformed("this is no text") from None

    def witnessed(self) -> str:
        """The largest cosigned checkpoint; empty where no witness stands behind this ledger."""
        path = f"/ledger/{self.slug}/witnessed"
        status, body = self._answer(path, MOST_TEXT)
        if status not in (200, 404):
            raise OperatorError(f"{self.base}{path} cannot be had: the site answers {status}")
        try:
            return "" if status == 404 else body.decode()
        except UnicodeDecodeError:
            raise OperatorError(f"{self.base}{path} is no text") from None

    def _path(self, level: int | str, number: int, wide: int) -> str:
        return f"/ledger/{self.slug}/tile/{merkle.path(level, number, wide)}"

    def tile(self, level: int | str, number: int, wide: int) -> bytes:
        """The full one where the partial one is gone meanwhile."""
        most = _most(level)
        try:
            return self.get(self._path(level, number, wide), most)
        except OperatorError:
            if wide == merkle.WIDTH:
                raise
            whole = self.get(self._path(level, number, merkle.WIDTH), most)
            return whole[: wide * merkle.HASH] if level != "entries" else _first(whole, wide)

    async def tiles(self, wanted: Iterable[Tile]) -> AsyncGenerator[tuple[Tile, bytes]]:
        """Many of them, in order. They are named as they are asked for: how many there are, only the site says."""
        named, asked = tee(wanted)
        files = (Wanted(self._path(*each), _most(each[0]), partial(self.tile, *each)) for each in asked)
        async with aclosing(fetching.in_order(self.base, files)) as served:
            for each in named:
                yield each, await anext(served)

    def counts(self) -> Any:
        try:
            return json.loads(self.get(f"/api/v1/petitions/{self.slug}/counts"))
        except (ValueError, RecursionError):
            raise OperatorError(f"{self.base} does not give its counts as JSON") from None


def _say(line: str) -> None:
    click.echo(cli.plain(line))


def _most(level: int | str) -> int:
    return MOST_BUNDLE if level == "entries" else MOST_TILE


def _first(bundle: bytes, wide: int) -> bytes:
    bodies = auditing.entries_in(bundle, merkle.WIDTH)[:wide]
    return b"".join(len(body).to_bytes(2, "big") + body for body in bodies)


def _text(path: Path) -> str:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        why = getattr(wrong, "strerror", None) or "it is no text"
        raise FileRefused(path, None, f"cannot be read ({why})") from None
    # What editors and mails put around a text changes nothing in it.
    text = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    return text[:-1] if text.endswith("\n\n") else text


def _keep(path: Path, note: str) -> None:
    try:
        path.write_text(note, "utf-8")
    except OSError as wrong:
        raise FileRefused(path, None, f"cannot be written ({wrong.strerror})") from None


def _key(site: Site) -> Verifier:
    try:
        return Verifier.read(site.text("key"))
    except Malformed as wrong:
        raise OperatorError(f"the key of {site.slug} is not to be trusted: {wrong}") from None


def _lines(texts: Iterable[str]) -> set[int]:
    """Whose entries the receipts need; a receipt that is none is told with the others' findings."""
    found = set()
    for text in texts:
        with suppress(Malformed):
            found.add(auditing.index_in(text))
    return found


def _agreed(site: Site, verifier: Verifier) -> tuple[Any, str, Head]:
    """Counts, and a checkpoint that is not older: a cache in between may lag by seconds."""
    said = site.counts()
    for _ in range(20):
        note = site.text("checkpoint")
        try:
            head = checkpoint.read(note, verifier)
        except Malformed as wrong:
            raise OperatorError(f"the checkpoint of {site.slug} is not to be trusted: {wrong}") from None
        if not isinstance(said, dict) or type(said.get("ledger_size")) is not int or said["ledger_size"] < 0:
            raise OperatorError(f"{site.base} does not give its counts")
        if head.size >= said["ledger_size"]:
            return said, note, head
        time.sleep(0.5)
    raise OperatorError(f"the site counts {said['ledger_size']} entries, and its checkpoint is of {head.size} only")


async def _recounted(site: Site, head: Head, recount: Recount) -> Tree:
    """Reads all entries and the tree's tiles; `OperatorError` where they do not make what was signed."""
    number = -(-head.size // merkle.WIDTH)
    bundles: Iterator[Tile] = (("entries", n, merkle.width((0, n), head.size)) for n in range(number))
    try:
        if number:
            # Whoever signs more entries than there are is found out before all of them are asked for.
            wide = merkle.width((0, number - 1), head.size)
            auditing.entries_in(await asyncio.to_thread(site.tile, "entries", number - 1, wide), wide)
        await _followed(site, bundles, number, recount)
    except (Broken, Malformed) as wrong:
        raise OperatorError(f"the ledger of {site.slug} contradicts itself: {wrong}") from None
    tree = Tree.of(bytes(recount.leaves))
    if tree.root(head.size) != head.root:
        raise OperatorError(f"the entries of {site.slug} do not make the root that was signed")
    _say("root        made anew of the entries: the one that was signed")
    wanted = [(level, number, merkle.width((level, number), head.size)) for level, number in tree.tiles]
    made = iter(tree.tiles.values())
    async with aclosing(site.tiles(wanted)) as served:
        others = [tile async for tile, row in served if row != next(made)]
    if others:
        first = merkle.path(*others[0])
        raise OperatorError(
            f"{len(others)} of {len(wanted)} tiles are not what the entries make of them, first {first}"
        )
    _say(f"tiles       {len(wanted):,}, all as the entries make them")
    return tree


@contextmanager
def _uncollected() -> Iterator[None]:
    """Lines by the million, in no circles: each look through them for garbage would find none."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _followed(site: Site, bundles: Iterator[Tile], number: int, recount: Recount) -> None:
    hidden = not sys.stderr.isatty()
    with (
        click.progressbar(length=number, label="entries", file=sys.stderr, hidden=hidden) as bar,
        _uncollected(),
    ):
        async with aclosing(site.tiles(bundles)) as served:
            async for (_, _, wide), body in served:
                recount.add(body, wide)
                bar.update(1)
    recount.once()


def _compared(recount: Recount, head: Head, said: Any) -> Iterator[str]:
    tally, now = recount.tallies[said["ledger_size"]], recount.tallies[head.size]
    removed = ", ".join(f"{n:,} {why}" for why, n in now.removed.items() if n)
    _say(f"entries     {now.total:,} count, {now.verified:,} verified, {now.awaiting:,} awaiting verification")
    _say(f"removed     {removed or 'none'}")
    found = auditing.differences(tally, said, recount.petition)
    if not found:
        _say(f"the site    says the same: {tally.total:,}, by category, by method, verified and removed")
    yield from found


def _since(text: str, tree: Tree, keys: Sequence[Verifier]) -> Iterator[str]:
    try:
        head, unknown = tree.kept(text, keys)
    except Malformed as wrong:
        yield f"the checkpoint from before: {wrong}"
        return
    _say(f"since       the {head.size:,} entries from before are all there, unchanged and in order")
    _unknown(unknown)


def _unknown(why: str) -> None:
    """It fits all the same: its root, or what leads to it, is that of the entries that were read."""
    if why:
        _say(f"            {why}; that signature is checked where its key is named: --key VKEY")


def _given(path: Path) -> Given:
    try:
        return Given.read(_text(path))
    except Malformed as wrong:
        raise FileRefused(path, None, str(wrong)) from None


def _size_of(given: Given, keys: Sequence[Verifier]) -> Head:
    """The tree that the sample was drawn from."""
    try:
        return checkpoint.read_kept(given.checkpoint, keys)[0]
    except Malformed as wrong:
        raise OperatorError(f"the sample's checkpoint is not to be trusted: {wrong}") from None


def _sample(given: Given, at: Head, recount: Recount, tree: Tree) -> Iterator[str]:
    why = f"it is of {given.petition}" if given.petition != recount.petition else tree.begins_with(at)
    if why is not None:
        yield f"the sample: {why}"
        return
    standing = recount.stood.get(at.size, [])
    drawn = sampling.draw(given.petition, given.seed, standing, given.number)
    if drawn != sorted(given.rows):
        others = len(set(drawn) ^ set(given.rows))
        yield f"the sample: {others} lines are not those that the seed draws from the {len(standing):,} that counted"
        return
    swapped = sampling.swapped(given, recount.bodies)
    if swapped:
        yield f"the sample: {len(swapped)} records are not those of their lines, first that of line {swapped[0]}"
        return
    gone = sampling.missing(list(given.rows.values()))
    whole = len(drawn) - gone
    told = f"{len(drawn):,} of {len(standing):,} drawn by the seed"
    _say(f"sample      {told}; {whole:,} records are those of their lines")
    if gone:
        _say(f"            {gone:,} were not given: they count as not confirmed")
    bound = sampling.bound(len(standing), len(drawn), gone)
    _say(f"            if you confirm all {whole:,}: with 95 % confidence fewer than {bound:,} of all are false")


def _named(read: Callable[[str], Key], line: str) -> Key:
    """A key as it was typed in."""
    try:
        return read(line)
    except Malformed as wrong:
        raise click.UsageError(f"{line}: {wrong}.") from None


def _cosigned(note: str, tree: Tree, keys: Sequence[Verifier], trusted: list[Witness]) -> Iterator[str]:
    """Who else saw this ledger. A name alone proves nothing: only the keys that were given are checked."""
    if not note:
        yield from (f"no witness has cosigned this ledger, {each.name} neither" for each in trusted)
        return
    try:
        head, unknown = checkpoint.read_kept(note, keys)
        names = {name for name, _ in checkpoint.read_note(note)[1]} - {note.partition("\n")[0]}
        why = tree.begins_with(head)
    except Malformed as wrong:
        yield f"the cosigned checkpoint: {wrong}"
        return
    if why is not None and unknown and not trusted:
        # Nothing shows that it is this ledger's: it is told, and proves nothing against the site.
        _say(f"witnessed   a checkpoint that stands by itself: {unknown}, and if that is this ledger's, {why}")
        return
    if why is not None:
        yield f"the cosigned checkpoint: {why}"
        return
    for witness in trusted:
        try:
            at = datetime.fromtimestamp(min(cosignature.verified(note, witness)[1], LATEST), UTC)
            _say(f"witness     {witness.name} saw {head.size:,} entries of this ledger on {at:%Y-%m-%d %H:%M} UTC")
        except Malformed as wrong:
            yield str(wrong)
    for name in sorted(names - {each.name for each in trusted}):
        _say(f"witness     {name} is said to have seen {head.size:,} entries; check it with its key: --witness VKEY")


def _receipt(path: Path, text: str, recount: Recount, tree: Tree, keys: Sequence[Verifier]) -> Iterator[str]:
    try:
        told, unknown = auditing.standing(text, recount, tree, keys)
    except Malformed as wrong:
        yield f"receipt {path.name}: {wrong}"
        return
    _say(f"receipt     {path.name}: {told}")
    _unknown(unknown)
