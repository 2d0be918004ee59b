"""Lists being read in the background: looked at, taken in, or their people asked, with the key of whoever sent them.

In whichever process was asked. The list's key and the petition's live in the task's memory and end with it; killed, a
list that was being taken in stands where its last chunk left it, and its sender goes on with it.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from petition import sheets, taking
from petition.actions import asking, audit, importing, staging
from petition.actions.audit import Act
from petition.db.database import Database
from petition.domain import staged, tokens
from petition.domain.actors import Actor
from petition.domain.importing import REFUSED, REPORT, STAGED, TAKING
from petition.domain.listed import Reader
from petition.domain.sealing import Ring
from petition.domain.staged import Layout, Plan, Problem, Report
from petition.domain.tokens import Keys
from petition.errors import Conflict, SheetRefused, Unavailable
from petition.queries import imports, stagings
from petition.queries.petitions import Petition
from petition.queries.stagings import Staging
from petition.sheets import Row, Sheet
from petition.taking import CHUNK, Lacking, RefusedRows, Taking, Why
from petition.web.console import staged_files
from petition.web.console.comparing import Comparing
from petition.words import Words

logger = logging.getLogger("petition.web")


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose list it is, and what opens it: for the length of one task."""

    petition: Petition
    staging: Staging
    key: bytes
    by: Actor
    ring: Ring | None = None


class TakingIn:
    """One task for each list."""

    def __init__(
        self, database: Database, keys: Keys, catalogues: Mapping[str, Words], clock: Callable[[], datetime]
    ) -> None:
        self._database, self._keys, self._catalogues, self._clock = database, keys, catalogues, clock
        self._tasks: dict[bytes, asyncio.Task[None]] = {}

    def look(self, desk: Desk) -> None:
        """Reads it anew: what was being read by an earlier plan is let go."""
        running = self._tasks.pop(desk.staging.id, None)
        if running is not None:
            running.cancel()
        self._begin(desk.staging.id, self._guarded(desk.staging.id, self._look, desk))

    def take(self, desk: Desk, spoken: Words) -> None:
        """Takes it in, from where it stopped. `spoken`: the words of the refusals."""
        if desk.staging.id not in self._tasks:
            self._begin(desk.staging.id, self._guarded(desk.staging.id, self._take, desk, spoken))

    def ask(self, petition: Petition, import_id: bytes, ring: Ring) -> None:
        """Mails those of an import who have an address and were not asked yet."""
        if import_id not in self._tasks:
            self._begin(import_id, self._guarded(import_id, self._ask, petition, import_id, ring))

    def undo(self, petition: Petition, import_id: bytes) -> None:
        """Takes an import back that is to be undone, from where it stopped."""
        if import_id not in self._tasks:
            self._begin(import_id, self._guarded(import_id, self._undo, petition, import_id))

    def _begin(self, own_id: bytes, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks[own_id] = task

        def over(ended: asyncio.Task[None]) -> None:
            if self._tasks.get(own_id) is ended:
                del self._tasks[own_id]

        task.add_done_callback(over)

    async def settled(self, own_id: bytes, seconds: float | None = None) -> None:
        """Returns once nothing is read of it here, or after so many seconds."""
        if own_id in self._tasks:
            await asyncio.wait([self._tasks[own_id]], timeout=seconds)

    def at_work(self, own_id: bytes) -> bool:
        return own_id in self._tasks

    async def close(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _guarded(self, own_id: bytes, work: Callable[..., Coroutine[Any, Any, None]], *given: Any) -> None:
        run = secrets.token_bytes(16)
        stopped = None
        try:
            await work(run, *given)
            return
        except Unavailable:
            logger.warning("a list could not be read on: the database is away; its page lets it go on")
            return
        except Conflict as ended:
            stopped = ended.code
        except SheetRefused as wrong:
            stopped = f"sheet-{wrong.code}"
        except Exception as wrong:
            # Never the exception's text: it may hold a row.
            logger.error("a list could not be read: %s", type(wrong).__name__)
            stopped = "internal"
        async with self._database.write() as tx:
            await staging.release(tx, own_id, run, stopped=stopped)

    # A look beforehand

    async def _look(self, run: bytes, desk: Desk) -> None:
        async with self._database.write() as tx:
            if not await staging.claim(tx, desk.staging.id, run, STAGED, now=self._clock()):
                return
        plan = await staged_files.plan(self._database, desk.staging, desk.key)
        report = Report()
        try:
            sheet, reader = await asyncio.to_thread(self._understood, desk, plan, self._source(desk, plan), report)
        except SheetRefused as wrong:
            report.wrong = (wrong.code, wrong.line, wrong.facts)
        except Lacking as lacking:
            report.lacks = (lacking.code, lacking.facts)
        else:
            await self._report(run, desk, report)
            try:
                await self._read_whole(run, desk, report, sheet, reader)
            except SheetRefused as wrong:
                report.wrong = (wrong.code, wrong.line, wrong.facts)
        report.whole = True
        await self._report(run, desk, report, rows=report.rows)
        async with self._database.write() as tx:
            await staging.release(tx, desk.staging.id, run)

    def _understood(self, desk: Desk, plan: Plan, source: sheets.InParts, report: Report) -> tuple[Sheet, Reader]:
        """How it is read; told in the report as far as it comes."""
        try:
            sheet = _sheet(source, plan)
        except SheetRefused as wrong:
            if wrong.code.startswith("encoding"):
                report.written = dict(sheets.as_written_in(source))
            raise
        report.kind, report.encoding, report.delimiter = sheet.kind, sheet.encoding, sheet.delimiter
        report.guess = sheet.guess
        report.worksheet, report.left, report.apart = sheet.worksheet, list(sheet.left), sheet.apart
        if sheet.kind == "csv" and (sheet.guess or plan.encoding):
            report.written = dict(sheets.as_written_in(source))
        first = taking.first_rows(sheet)
        own = self._remembered(desk, plan, first)
        columns = plan.columns(first, taking.guess(staged.of_heading(first, plan), self._catalogues, {}, own))
        report.first = first
        report.heading, report.begins, report.at = list(columns.heading), columns.begins, dict(columns.at)
        report.left_out = taking.left_out(columns, desk.petition)
        today = self._clock().date()
        return sheet, taking.reader(columns, desk.petition, self._catalogues, plan.usual, today)

    def _remembered(self, desk: Desk, plan: Plan, first: list[Row]) -> dict[str, str]:
        """Headings among the first rows that the last list of the same source had, and which field each was."""
        cells = {cell for _, row in first for cell in row if cell} if plan.fields else set()
        marked = {cell: _mark(self._keys, desk.petition.id, cell) for cell in cells}
        return {cell: plan.fields[mark] for cell, mark in marked.items() if mark in plan.fields}

    async def _read_whole(self, run: bytes, desk: Desk, report: Report, sheet: Sheet, reader: Reader) -> None:
        """What would become of each row, and whom they resemble, where records can be opened."""
        comparing = await self._comparing(desk)
        taken = Taking(self._database, self._keys, desk.petition, reader)
        rows = taking.lines(sheet, reader.columns)
        while chunk := await asyncio.to_thread(_next, rows):
            refused, new = await taken.chunk(chunk)
            report.rows += len(chunk)
            report.addresses += sum(bool(each.submission.email.address) for each in new)
            _tell(report, reader, chunk, refused)
            if comparing is not None:
                await comparing.add(new)
            async with self._database.write() as tx:
                await staging.advance(tx, desk.staging.id, run, now=self._clock(), seen=report.rows)
        report.good, report.refused = taken.told.added, taken.told.refused
        if comparing is not None:
            report.likely, report.likely_all = await comparing.likely()
        report.compared = comparing is not None and comparing.possible

    async def _comparing(self, desk: Desk) -> Comparing | None:
        """Whoever counts is opened for it, and the audit says so beforehand."""
        if desk.ring is None:
            return None
        async with self._database.write() as tx:
            seen = Act("import:look", desk.by.id, desk.petition.id, desk.staging.id)
            await audit.record(tx, seen, today=self._clock().date())
        comparing = Comparing()
        await comparing.read(self._database, desk.petition.id, desk.ring)
        return comparing

    async def _report(self, run: bytes, desk: Desk, report: Report, **so_far: Any) -> None:
        text = staged_files.text(report.facts(), desk.key, desk.staging.id, REPORT)
        async with self._database.write() as tx:
            await staging.put(tx, desk.staging.id, REPORT, 0, text)
            await staging.advance(tx, desk.staging.id, run, now=self._clock(), **so_far)

    # Taking it in

    async def _take(self, run: bytes, desk: Desk, spoken: Words) -> None:
        async with self._database.write() as tx:
            if not await staging.claim(tx, desk.staging.id, run, TAKING, now=self._clock()):
                return
        async with self._database.read() as connection:
            found = await stagings.by_id(connection, desk.petition.id, desk.staging.id, desk.by.id)
            assert found is not None
            held = await imports.by_id(connection, desk.petition.id, found.import_id or b"")
        if held is None:
            raise Conflict("import-ended")
        plan = await staged_files.plan(self._database, found, desk.key)
        report = Report()
        sheet, reader = await asyncio.to_thread(self._understood, desk, plan, self._source(desk, plan), report)
        taken = Taking(self._database, self._keys, desk.petition, reader, held=held, asks=found.asks)
        writer = RefusedRows(reader.columns, report.first, spoken)
        rows = taking.lines(sheet, reader.columns)
        await asyncio.to_thread(_skip, rows, found.seen)
        seen, refused = found.seen, found.refused
        while chunk := await asyncio.to_thread(_next, rows):
            step = _Step(self._clock, desk, run, writer, chunk, seen, refused)
            wrong, _ = await taken.chunk(chunk, step.written)
            seen, refused = seen + len(chunk), refused + len(wrong)
        async with self._database.write() as tx:
            await importing.finish(tx, held, refused, by=desk.by, today=self._clock().date())
            await staging.finish(tx, found.id, run, now=self._clock())

    def _source(self, desk: Desk, plan: Plan) -> sheets.InParts:
        return staged_files.source(self._database, desk.staging, desk.key, plan.evidence.file)

    # Taking it back, and asking

    async def _undo(self, run: bytes, petition: Petition, import_id: bytes) -> None:
        async with self._database.read() as connection:
            found = await imports.by_id(connection, petition.id, import_id)
            kept = await imports.stood_in_for(connection, petition.id)
        more = found is not None
        while found is not None and more:
            async with self._database.write() as tx:
                step = await importing.take_back(tx, found, kept, keys=self._keys, today=self._clock().date())
            more = step != (0, 0)

    async def _ask(self, run: bytes, petition: Petition, import_id: bytes, ring: Ring) -> None:
        upto: bytes | None = b""
        while upto is not None:
            async with self._database.write() as tx:
                step = await asking.step(
                    tx, petition.id, import_id, upto, ring=ring, keys=self._keys, today=self._clock().date()
                )
            upto = step.upto


@dataclass(frozen=True, slots=True)
class _Step:
    """What is written with one chunk, in its own transaction: how far it has come, and what was refused of it."""

    clock: Callable[[], datetime]
    desk: Desk
    run: bytes
    writer: RefusedRows
    chunk: list[Row]
    seen: int
    refused: int

    async def written(self, tx: Any, refused: Mapping[int, Why]) -> None:
        lines = [self.writer.row(number, cells, refused[number]) for number, cells in self.chunk if number in refused]
        desk = self.desk
        if lines:
            first = [self.writer.begin()] if not self.refused else []
            number = self.seen // CHUNK
            part = staged_files.sealed(b"".join([*first, *lines]), desk.key, desk.staging.id, REFUSED, number)
            await staging.put(tx, desk.staging.id, REFUSED, number, part)
        so_far = {"seen": self.seen + len(self.chunk), "refused": self.refused + len(lines)}
        await staging.advance(tx, desk.staging.id, self.run, now=self.clock(), **so_far)


def _sheet(source: sheets.InParts, plan: Plan) -> Sheet:
    """In the encoding that a person said; what the last list of its source was in only where it does not say itself."""
    if plan.encoding and plan.remembered:
        try:
            sheet = sheets.opened(source, None, plan.delimiter or None)
        except SheetRefused as wrong:
            if wrong.code != "encoding-unknown":
                raise
        else:
            if not sheet.guess:
                return sheet
    return sheets.opened(source, plan.encoding or None, plan.delimiter or None, plan.worksheet or None)


def _mark(keys: Keys, petition_id: bytes, heading: str) -> str:
    return tokens.digest(keys.identity, petition_id, staged.heading_key(heading)).hex()


def _next(rows: Any) -> list[Row]:
    return list(islice(rows, CHUNK))


def _skip(rows: Any, number: int) -> None:
    for _ in islice(rows, number):
        pass


def _tell(report: Report, reader: Reader, chunk: list[Row], refused: Mapping[int, Why]) -> None:
    """Each refusal by row and column, as far as anybody reads on."""
    for number, cells in chunk:
        for name, why in refused.get(number, {}).items():
            if len(report.problems) >= staged.MOST_TOLD:
                return
            place = reader.columns.at.get(name)
            cell = cells[place] if place is not None and place < len(cells) else ""
            report.problems.append(Problem(number, name, place, cell[:80], why.code, why.facts))


def layout_of(report: Report, plan: Plan, keys: Keys, petition_id: bytes) -> Layout:
    """What is remembered of how a list was read."""
    fields = {
        _mark(keys, petition_id, report.heading[place]): name
        for name, place in report.at.items()
        if place < len(report.heading) and report.heading[place]
    }
    return Layout(fields, plan.usual, plan.encoding)
