"""Everything that can be refused, as one tree; no HTTP, no words, imports nothing.

Public errors carry a stable kebab-case code and facts; the door words them from its catalogue
(`error.<code>`, and `field.<code>` for one field) in the reader's language:

    PetitionError            code, facts
    ├── FieldRefused         why one field's value cannot stand
    ├── Invalid              fields: {field name: FieldRefused}
    ├── NotFound
    │   ├── PetitionNotFound
    │   └── LinkUnknown      a signatory's link that is nobody's
    ├── Forbidden
    ├── Conflict
    │   └── PetitionNotOpen  closed, paused, upcoming, or simply not open
    ├── Gone
    ├── TooMany              retry_after: seconds
    └── Unavailable          nothing could be stored; trying again later may work

Operator errors end a command or a start; each is one plain English line that says what to do:

    OperatorError            message
    ├── Misconfigured        variable, why
    ├── FileRefused          path, line, why
    │   └── SheetRefused     code, facts: a list that cannot be read, worded by its door as `sheet.<code>`
    ├── SchemaBehind         the database is older than this version
    ├── SchemaAhead          the database is newer than this version
    ├── OtherHistory         the database does not continue the ledger that was signed
    ├── SeenElsewhere        a witness says so, whatever is known here
    └── Busy                 something else holds what is needed
"""

from collections.abc import Mapping
from typing import Final


class PetitionError(Exception):
    """`str()` is the code alone: facts may hold what a person typed, and that is never written down."""

    code: str = "error"

    def __init__(self, code: str | None = None, **facts: object) -> None:
        self.code = code or type(self).code
        self.facts: dict[str, object] = facts
        super().__init__(self.code)

    def __str__(self) -> str:
        return self.code


class FieldRefused(PetitionError):
    """One field's refusal, worded as `field.<code>`; an import's refused cell is one too."""

    code = "invalid"

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code, **facts)


class Invalid(PetitionError):
    """A form some of whose fields cannot stand, all told at once."""

    code = "invalid"

    def __init__(self, fields: Mapping[str, FieldRefused], **facts: object) -> None:
        super().__init__(None, **facts)
        self.fields: dict[str, FieldRefused] = dict(fields)

    def __str__(self) -> str:
        told = ", ".join(f"{name}: {refusal.code}" for name, refusal in self.fields.items())
        return f"{self.code} ({told})" if told else self.code


class NotFound(PetitionError):
    code = "not-found"


class PetitionNotFound(NotFound):
    code = "petition-not-found"


class LinkUnknown(NotFound):
    code = "link-unknown"


class Forbidden(PetitionError):
    code = "forbidden"


class Conflict(PetitionError):
    code = "conflict"


class PetitionNotOpen(Conflict):
    """`phase` as the petition tells it (draft, upcoming, paused, closed, archived), or such a code."""

    code = "petition-not-open"
    codes: Final = {"upcoming": "petition-upcoming", "paused": "petition-paused", "closed": "petition-closed"}

    def __init__(self, phase: str = "", **facts: object) -> None:
        super().__init__(self.codes.get(phase.removeprefix("petition-")), **facts)


class Gone(PetitionError):
    code = "gone"


class TooMany(PetitionError):
    """`retry_after`: whole seconds, at least one, after which the same request would be let through."""

    code = "too-many"

    def __init__(self, retry_after: int, code: str | None = None, **facts: object) -> None:
        self.retry_after = max(1, retry_after)
        super().__init__(code, retry_after=self.retry_after, **facts)


class Unavailable(PetitionError):
    code = "unavailable"


class OperatorError(Exception):
    """Never shown to the public: a door that meets one answers as for any other failure of ours."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class Misconfigured(OperatorError):
    """`variable` is the environment variable's name; `why` never repeats a secret's value."""

    def __init__(self, variable: str, why: str) -> None:
        self.variable = variable
        self.why = why
        super().__init__(f"{variable}: {why}")


class FileRefused(OperatorError):
    """`line` counts from 1; None where the fault has no line of its own."""

    def __init__(self, path: object, line: int | None, why: str) -> None:
        self.path = str(path)
        self.line = line
        self.why = why
        where = self.path if line is None else f"{self.path}, line {line}"
        super().__init__(f"{where}: {why}")


class SheetRefused(FileRefused):
    """Who sent the list may be at a command line or in the console: both have the words."""

    def __init__(self, path: object, line: int | None, code: str, **facts: object) -> None:
        self.code, self.facts = code, facts
        super().__init__(path, line, code)


class SchemaBehind(OperatorError):
    def __init__(self, message: str = "") -> None:
        super().__init__(message or "The database is older than this version: run `petition migrate`.")


class SchemaAhead(OperatorError):
    def __init__(self, message: str = "") -> None:
        super().__init__(message or "The database is newer than this version: install its own version.")


class OtherHistory(OperatorError):
    """`signed` entries are under a checkpoint that was signed; of the database's `held` they are not the first."""

    def __init__(self, slug: str, signed: int, held: int) -> None:
        why = "holds other ones" if held >= signed else f"holds {held} of them: it is an older copy"
        super().__init__(
            f"the ledger of {slug}: a checkpoint of {signed} entries was signed, and this database {why}."
            ' Bring the newest database back; if it is lost, see "A ledger that is lost" in docs/operating.md'
        )


class SeenElsewhere(OperatorError):
    """A witness says that it has seen `more` entries than this database holds, or other ones."""

    def __init__(self, slug: str, witness: str, *, more: bool) -> None:
        what = "more entries than this database holds" if more else "another history of it"
        super().__init__(
            f"the ledger of {slug}: witness {witness} has seen {what}. Bring the newest database back; is the witness"
            f" wrong, ask it no more: petition ledger {slug} --no-witness {witness}"
        )


class Busy(OperatorError):
    """`what` is held by someone else: a port, a lock, a data directory."""

    def __init__(self, what: str, advice: str = "try again in a moment") -> None:
        self.what = what
        super().__init__(f"{what} is in use: {advice}.")
