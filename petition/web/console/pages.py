"""The console's pages: one frozen dataclass each, as in web/pages.py. None is kept by a cache or by a search engine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from petition.domain.actors import Grant
from petition.domain.counts import Counts
from petition.domain.funnel import Funnel
from petition.queries.batches import Batch
from petition.queries.deliveries import Delivery
from petition.queries.funnel import Failed
from petition.queries.petitions import Petition
from petition.queries.rekeyings import Rekeying
from petition.queries.versions import SignedVersion
from petition.web.console.petition_form import Row
from petition.web.pages import FormState, Page

EMPTY = FormState()


@dataclass(frozen=True)
class ConsolePage(Page):
    """A page before or without signing in."""

    @property
    def place(self) -> str:
        """The address after `/organizer/{lang}`."""
        return ""

    def path(self, lang: str) -> str:
        return f"/organizer/{lang}{self.place}"


@dataclass(frozen=True)
class Following:
    """`next`: where to go after signing in; `kept`: a form that was sent without a session, sealed."""

    next: str = ""
    kept: str = ""


NOTHING = Following()


@dataclass(frozen=True)
class SignIn(ConsolePage):
    template = "console/sign_in.html"
    form: FormState = EMPTY
    following: Following = NOTHING

    @property
    def place(self) -> str:
        return "/sign-in"


@dataclass(frozen=True)
class SecondFactor(ConsolePage):
    """`passkey`: what the browser is asked, as JSON; empty where none is offered."""

    template = "console/second_factor.html"
    form: FormState = EMPTY
    following: Following = NOTHING
    passkey: str = ""

    @property
    def place(self) -> str:
        return "/code"


@dataclass(frozen=True)
class Who:
    """Whoever has signed in, for the head of every page: address and the token that each form carries."""

    address: str
    csrf: str
    decides: bool
    single_keys: bool


@dataclass(frozen=True)
class InsidePage(ConsolePage):
    """A page of a session."""

    who: Who


@dataclass(frozen=True)
class Resume(InsidePage):
    """A form that was sent when the session had ended: here it is again, to be sent by a hand."""

    template = "console/resume.html"
    action: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class StepUp(InsidePage):
    """The second factor once more, before what cannot be taken back. `kept`: the form that waits for it."""

    template = "console/step_up.html"
    kept: str
    form: FormState = EMPTY
    passkey: str = ""

    @property
    def place(self) -> str:
        return "/prove"


@dataclass(frozen=True)
class Desk:
    """One petition on the dashboard. `opens`: has its key; `failed`: mails given up whose signatories still wait;
    `reached`: the highest milestone so far, and its day."""

    petition: Petition
    phase: str
    counts: Counts
    role: str
    funnel: Funnel
    opens: bool
    moderates: bool
    decides: bool
    unusual: tuple[Any, ...] = ()
    asked: tuple[Batch, ...] = ()
    rekeying: Rekeying | None = None
    failed: int = 0
    reached: tuple[int, Any] | None = None
    # May take in lists: on the whole of it.
    takes: bool = False

    @property
    def waiting(self) -> Mapping[str, int]:
        """Signatures by state, and those awaiting verification."""
        return {**self.funnel.by_state, "awaiting": self.funnel.waiting}


@dataclass(frozen=True)
class Dashboard(InsidePage):
    template = "console/dashboard.html"
    desks: tuple[Desk, ...]
    said: str | None = None


@dataclass(frozen=True)
class SafetyPage(InsidePage):
    template = "console/safety.html"
    petition: Petition

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/safety"


@dataclass(frozen=True)
class RetentionPage(InsidePage):
    template = "console/retention.html"
    petition: Petition
    decides: bool
    said: str | None = None
    form: FormState = EMPTY

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/retention"


@dataclass(frozen=True)
class DeliveriesPage(InsidePage):
    """`deliveries`: those taken back too. `correcting`: the one that the form is about; None for a new one."""

    template = "console/deliveries.html"
    petition: Petition
    deliveries: tuple[Delivery, ...]
    decides: bool
    correcting: Delivery | None = None
    form: FormState = EMPTY
    said: str | None = None

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/deliveries"


@dataclass(frozen=True)
class EditorPage(InsidePage):
    """`revision` and `was`: what the form was made from. `looked`: its texts are shown as the public would read them.
    `open`: the numbers of the categories that are unfolded.

    After a colleague's change: `theirs` names what they changed, `mine` is what was typed over it, by field.
    """

    template = "console/editor.html"
    petition: Petition
    form: FormState
    revision: str
    was: str
    categories: tuple[Row, ...]
    addressees: tuple[Row, ...]
    signed: bool
    open: frozenset[int] = frozenset()
    looked: bool = False
    theirs: tuple[str, ...] = ()
    mine: Mapping[str, str] = field(default_factory=dict)
    said: str | None = None

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/edit"


@dataclass(frozen=True)
class PreviewPage(InsidePage):
    """The public page as it would be; its form does nothing."""

    template = "console/preview.html"
    petition: Petition
    counts: Counts
    phase: str
    decides: bool
    form: FormState = EMPTY

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/preview"


@dataclass(frozen=True)
class VersionsPage(InsidePage):
    template = "console/versions.html"
    petition: Petition
    versions: tuple[SignedVersion, ...]

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/versions"


@dataclass(frozen=True)
class VersionTextPage(InsidePage):
    template = "console/version.html"
    petition: Petition
    number: int
    title: Mapping[str, str]
    statement: Mapping[str, str]

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/versions/{self.number}"


@dataclass(frozen=True)
class KeyPage(InsidePage):
    """Who can open a petition's records, and the ways in for who cannot. `opens`: whoever looks; `decides`: an owner.

    `rekeying`: how a change of the key stands; `running`: this process is at it. `lies`: the recovery key's file where
    it is still on this server.
    """

    template = "console/key.html"
    petition: Petition
    opens: bool
    decides: bool
    holders: int
    rekeying: Rekeying | None = None
    running: bool = False
    lies: str | None = None
    said: str | None = None
    form: FormState = EMPTY

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/key"


@dataclass(frozen=True)
class Leaving:
    """What somebody's going means for keys: `changes` are to be changed; `lost` are held by nobody else."""

    changes: tuple[Petition, ...] = ()
    lost: tuple[Petition, ...] = ()


@dataclass(frozen=True)
class Post:
    """One role somebody holds, and what taking it away means for keys; `id` is empty where it cannot be taken here."""

    grant: Grant
    id: str
    leaving: Leaving


@dataclass(frozen=True)
class Member:
    """One account: its roles, which petitions' keys it lacks, and what its end means for keys."""

    id: str
    address: str
    state: str
    posts: tuple[Post, ...]
    lacks: tuple[Petition, ...]
    leaving: Leaving
    me: bool


@dataclass(frozen=True)
class TeamPage(InsidePage):
    """`link`: the set-up link of somebody just invited, shown this once. `all_too`: whoever looks decides about all
    petitions; otherwise about `petitions` alone, and `elsewhere` more have a role on all. `changing`: by petition id.
    """

    template = "console/team.html"
    members: tuple[Member, ...]
    petitions: tuple[Petition, ...]
    all_too: bool
    elsewhere: int
    changing: Mapping[bytes, Rekeying]
    link: str | None = None
    said: str | None = None
    form: FormState = EMPTY

    @property
    def place(self) -> str:
        return "/team"


@dataclass(frozen=True)
class AuditLine:
    number: int
    day: Any
    who: str
    verb: str
    petition: Petition | None
    subject: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class AuditPage(InsidePage):
    """Newest first. `chosen` are the filters as asked for; `checked`: how far the chain was followed, `whole`: to its
    end, `broken`: the first entry that does not follow. `people` are (id, address) to choose from."""

    template = "console/audit.html"
    lines: tuple[AuditLine, ...]
    more: int | None
    checked: int
    whole: bool
    broken: int | None
    people: tuple[tuple[str, str], ...]
    petitions: tuple[Petition, ...]
    groups: tuple[str, ...]
    chosen: Mapping[str, str]
    form: FormState = EMPTY

    @property
    def place(self) -> str:
        return "/audit"


@dataclass(frozen=True)
class Waits:
    """One category with claims that await: how many, and who looks after it; `blind`: of those, who lacks the key."""

    category: str
    number: int
    people: tuple[str, ...]
    blind: frozenset[str]


@dataclass(frozen=True)
class FiguresPage(InsidePage):
    """How the work stands. `span`: the first and the last day of the charts; `lacking`: organizers without the key,
    `holders`: how many have it; `milestones`: (number, day it was passed or None)."""

    template = "console/figures.html"
    petition: Petition
    phase: str
    counts: Counts
    funnel: Funnel
    span: tuple[Any, Any] | None
    waits: tuple[Waits, ...]
    lacking: tuple[str, ...]
    holders: int
    opens: bool
    moderates: bool
    milestones: tuple[tuple[int, Any], ...]
    failed: Failed
    unsent: int
    said: str | None = None
    form: FormState = EMPTY

    @property
    def place(self) -> str:
        return f"/petitions/{self.petition.slug}/figures"
