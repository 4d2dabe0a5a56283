"""What people can be told of: the events, what is usual for whom, and which of them cannot be made quiet."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from hsmnodes.node.protocol.documents import Role
from tenants.models import NoticeChoice, Occasion

MAIL, DIGEST, CONSOLE, QUIET = (
    NoticeChoice.MAIL,
    NoticeChoice.DIGEST,
    NoticeChoice.CONSOLE,
    NoticeChoice.QUIET,
)
LOUDEST_FIRST: Final = (MAIL, DIGEST, CONSOLE, QUIET)


@dataclass(frozen=True)
class Kind:
    """An event. Its name is never renamed nor used for anything else: preferences and webhooks hold it."""

    event: str
    title: str | Promise
    explanation: str | Promise
    usual: NoticeChoice = CONSOLE
    by_role: Mapping[Role, NoticeChoice] = field(default_factory=dict)
    urgent: bool = False

    def usual_for(self, roles: Collection[Role]) -> NoticeChoice:
        """What holds for somebody with these roles who has not chosen: the loudest that one of them has."""
        found = [self.by_role[role] for role in roles if role in self.by_role]
        return min(found or [self.usual], key=LOUDEST_FIRST.index)

    @property
    def choices(self) -> tuple[NoticeChoice, ...]:
        """What can be chosen: what is urgent is always counted."""
        return tuple(one for one in LOUDEST_FIRST if not (self.urgent and one is QUIET))


PROPOSAL_WAITING = "proposal.waiting"
PROPOSAL_SIGNED = "proposal.signed"
PROPOSAL_CLOSED = "proposal.closed"
PROPOSAL_DONE = "proposal.done"
PROPOSAL_FAILED = "proposal.failed"
PROPOSAL_EXPIRING = "proposal.expiring"
PROPOSAL_DELAYED = "proposal.delayed"
CHARTER_WAITING = "charter.waiting"
CHARTER_CHANGED = "charter.changed"
CHARTER_EXPIRING = "charter.expiring"
STATEMENT_SIGNED = "statement.signed"
STATEMENT_BROKEN = "statement.broken"
CEREMONY_WAITING = "ceremony.waiting"
CUSTODY_AT_RISK = "custody.at-risk"
DRILL_OVERDUE = "custody.drill-overdue"
RECOVERY_BEGUN = "recovery.begun"
TOKEN_SUSPENDED = "token.suspended"  # noqa: S105 - an event
MODEL_COMPROMISED = "token.model-compromised"
APPLICATION_SUSPENDED = "application.suspended"
APPLICATION_EXPIRING = "application.expiring"
NODE_OFFLINE = "node.offline"
NODE_OUT_OF_STEP = "node.out-of-step"
NODE_CLOCK = "node.clock-wrong"
NODE_DISK = "node.disk-nearly-full"
ZONE_OUT_OF_STEP = "zone.out-of-step"
ZONE_OUT_OF_SERVICE = "zone.out-of-service"
ALARM_RAISED = "alarm.raised"
WEBHOOK_DISABLED = "webhook.disabled"


def waiting_key(proposal: str) -> str:
    """The key of the one occasion that a proposal waits for people."""
    return f"{PROPOSAL_WAITING}:{proposal}"


_ALL: Final = (
    Kind(
        PROPOSAL_WAITING,
        _("A proposal waits for you"),
        _("Your signature can still take a seat of it."),
        usual=MAIL,
    ),
    Kind(
        PROPOSAL_EXPIRING,
        _("A proposal expires soon"),
        _("It waits for you, or you requested it, and too few have signed."),
        usual=MAIL,
    ),
    Kind(
        PROPOSAL_DELAYED,
        _("A proposal waits out its delay"),
        _("Enough have signed; until it is due it can be cancelled. For all in the zone, and officers."),
        usual=MAIL,
        urgent=True,
    ),
    Kind(
        PROPOSAL_SIGNED,
        _("Somebody signed"),
        _("A proposal that you requested, signed or were asked to sign."),
    ),
    Kind(
        PROPOSAL_CLOSED,
        _("A proposal was rejected or cancelled, or expired"),
        _("One that you requested, signed or were asked to sign."),
        usual=MAIL,
        by_role={Role.AUDITOR: DIGEST},
    ),
    Kind(
        PROPOSAL_DONE,
        _("A proposal was carried out"),
        _("One that you requested, signed or were asked to sign; for auditors each."),
        usual=DIGEST,
    ),
    Kind(
        PROPOSAL_FAILED,
        _("A proposal was refused by an HSM, failed, or is indeterminate"),
        _("One that you requested, signed or were asked to sign; for auditors and HSM administrators each."),
        usual=MAIL,
        by_role={Role.AUDITOR: DIGEST, Role.HSM_ADMINISTRATOR: MAIL},
    ),
    Kind(
        CHARTER_WAITING,
        _("A charter waits for you"),
        _("One of your tokens has not signed a charter that you are to stand in."),
        usual=MAIL,
    ),
    Kind(
        CHARTER_CHANGED,
        _("A charter changed"),
        _("Another version is in force, or another side controls a zone."),
        usual=DIGEST,
        by_role={Role.SECURITY_OFFICER: MAIL},
    ),
    Kind(
        CHARTER_EXPIRING,
        _("A charter ends"),
        _("Six weeks, two weeks and three days ahead. An expired charter authorises only its own renewal."),
        usual=DIGEST,
        by_role={Role.SECURITY_OFFICER: MAIL, Role.KEY_MANAGER: MAIL},
    ),
    Kind(
        STATEMENT_SIGNED,
        _("A statement of duties was signed"),
        _("Both sides agreed on the separation of duties in a service."),
        usual=DIGEST,
        by_role={Role.SECURITY_OFFICER: MAIL, Role.AUDITOR: DIGEST},
    ),
    Kind(
        STATEMENT_BROKEN,
        _("What is in force differs from what was signed"),
        _("The charters in force depart from the statement of duties that both sides signed for a service."),
        usual=MAIL,
        urgent=True,
    ),
    Kind(
        CEREMONY_WAITING,
        _("A ceremony waits for shares"),
        _("You are a custodian of the zone."),
        usual=MAIL,
    ),
    Kind(
        CUSTODY_AT_RISK,
        _("Custody is at risk"),
        _("Shares of a backup key are lost, or none can be lost any more."),
        usual=MAIL,
        urgent=True,
    ),
    Kind(
        DRILL_OVERDUE,
        _("A drill is overdue"),
        _("The custodians of a zone have not proved for too long that their shares work."),
        usual=DIGEST,
        by_role={Role.KEY_MANAGER: MAIL},
    ),
    Kind(
        RECOVERY_BEGUN,
        _("A recovery was begun"),
        _("Of a charter below its quorum, or of a backup key from its shares. Who is surprised cancels it."),
        usual=MAIL,
        urgent=True,
    ),
    Kind(
        TOKEN_SUSPENDED,
        _("A token was suspended"),
        _("Yours, or one of your organisation's if you are a security officer."),
        usual=MAIL,
        urgent=True,
    ),
    Kind(
        MODEL_COMPROMISED,
        _("A model of tokens fails"),
        _("It became known that a model of your organisation's tokens is compromised. For its officers."),
        usual=MAIL,
        urgent=True,
    ),
    Kind(
        APPLICATION_SUSPENDED,
        _("An application was suspended"),
        _("No HSM serves it until a quorum resumes it. For all in the zone, officers and administrators."),
        usual=MAIL,
        urgent=True,
    ),
    Kind(
        APPLICATION_EXPIRING,
        _("An application's certificate ends soon"),
        _("Its sessions end with it, if it is not admitted anew before. For all in the zone, and officers."),
        usual=DIGEST,
        by_role={Role.KEY_MANAGER: MAIL},
    ),
    Kind(
        NODE_OFFLINE,
        _("An HSM is offline"),
        _("It has not been heard of for some time."),
        usual=CONSOLE,
        by_role={Role.HSM_ADMINISTRATOR: MAIL},
    ),
    Kind(
        NODE_OUT_OF_STEP,
        _("An HSM is out of step"),
        _("It refuses to act, or goes by another version of a charter than the one in force."),
        usual=CONSOLE,
        by_role={Role.HSM_ADMINISTRATOR: MAIL},
    ),
    Kind(
        ZONE_OUT_OF_STEP,
        _("The HSMs of a zone differ"),
        _("They have not the same keys, or other keys than their receipts speak of."),
        usual=CONSOLE,
        by_role={Role.HSM_ADMINISTRATOR: MAIL, Role.KEY_MANAGER: MAIL},
    ),
    Kind(
        ZONE_OUT_OF_SERVICE,
        _("An HSM does not serve a zone"),
        _("It is behind the other HSMs of its cluster, so that applications have to use those."),
        usual=MAIL,
    ),
    Kind(
        NODE_CLOCK,
        _("An HSM's clock is wrong"),
        _("It judges deadlines and delays by that clock. For its provider's administrators and officers."),
        usual=CONSOLE,
        by_role={Role.HSM_ADMINISTRATOR: MAIL},
    ),
    Kind(
        NODE_DISK,
        _("An HSM's disk is nearly full"),
        _("What it cannot journal it does not do. For its provider's administrators and officers."),
        usual=CONSOLE,
        by_role={Role.HSM_ADMINISTRATOR: MAIL},
    ),
    Kind(
        ALARM_RAISED,
        _("An alarm was raised"),
        _("A forged message or receipt, a journal that went back, and whatever else the log marks so."),
        usual=MAIL,
        by_role={Role.AUDITOR: DIGEST},
        urgent=True,
    ),
    Kind(
        WEBHOOK_DISABLED,
        _("A webhook was disabled"),
        _("It failed for days, so that nothing is sent there any more."),
        usual=MAIL,
    ),
)
KINDS: Final[Mapping[str, Kind]] = {kind.event: kind for kind in _ALL}


def title_of(occasion: Occasion) -> str:
    """What an occasion is called, by its event: of one that tells of an end, that it is over."""
    title = str(KINDS[occasion.event].title)
    return gettext("Over: %(title)s") % {"title": title} if occasion.is_over else title
