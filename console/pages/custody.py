"""Who holds the shares of a zone's backup key, which of them can still be opened, and what to do about it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.pages.losses import Loss, Shares, loss_of
from hsmnodes import drills
from hsmnodes.access import visible_ceremonies, visible_epochs, visible_share_sets
from hsmnodes.models import Ceremony, Epoch, HeldShare, Receipt, ShareSet
from hsmnodes.node.protocol.documents import Charter, Role
from tenants import access, clock, tokens
from tenants.models import RUNNING_STATES, CharterVersion, Person, Token, TrustZone


@dataclass(frozen=True)
class ShareLine:
    """One share, and why it cannot be opened any more, if it cannot."""

    share: HeldShare
    token: str
    problem: str


class Custody:
    """The last share set of a zone, as `viewer` reads it; none, if its backup key was never split."""

    def __init__(self, zone: TrustZone, viewer: Person) -> None:
        self._zone, self._viewer = zone, viewer
        self._sets = visible_share_sets(viewer).filter(zone=zone).order_by("-number")

    @cached_property
    def share_set(self) -> ShareSet | None:
        return self._sets.prefetch_related("shares").select_related("proposal").first()

    @cached_property
    def epochs(self) -> list[Epoch]:
        """The backup keys there were, the one in force first."""
        return list(
            visible_epochs(self._viewer)
            .filter(slot__zone=self._zone)
            .select_related("slot__node")
            .order_by("-number", "slot__node__name")
        )

    @cached_property
    def earlier(self) -> int:
        """How many sets there were before of the same epoch: each of them rebuilds the key, too."""
        if self.share_set is None:
            return 0
        return self._sets.filter(epoch=self.share_set.epoch).count() - 1

    @cached_property
    def retired_sets(self) -> int:
        """How many sets there were of other epochs: they rebuild keys that open older backups."""
        return 0 if self.share_set is None else self._sets.exclude(epoch=self.share_set.epoch).count()

    @cached_property
    def lines(self) -> list[ShareLine]:
        return self._lines_of(self.share_set) if self.share_set is not None else []

    def _lines_of(self, share_set: ShareSet) -> list[ShareLine]:
        shares = list(share_set.shares.all())
        known = Token.objects.in_bulk([one.credential_id for one in shares], field_name="credential_id")
        charter = self._charter.document if self._charter else None
        return [_line(one, known.get(one.credential_id), charter) for one in shares]

    @cached_property
    def _charter(self) -> CharterVersion | None:
        return access.charter_in_force(self._zone.pk)

    @cached_property
    def ceremonies(self) -> list[Ceremony]:
        """Those at which shares are gathered now."""
        running = visible_ceremonies(self._viewer).filter(
            zone=self._zone, proposal__state__in=RUNNING_STATES, expires_at__gt=clock.now()
        )
        return list(running.select_related("proposal"))

    @cached_property
    def last_drill(self) -> Receipt | None:
        return drills.last_drill(self._zone)

    @property
    def drill_due_at(self) -> datetime | None:
        """When the next drill is due; in the past, it is overdue."""
        if self.share_set is None:
            return None
        held = [self.share_set.created_at, *([self.last_drill.at] if self.last_drill else [])]
        return drills.due_at(max(held))

    @property
    def drill_is_overdue(self) -> bool:
        return self.drill_due_at is not None and self.drill_due_at <= clock.now()

    @property
    def usable(self) -> int:
        """How many shares can be given, as far as the console knows."""
        return sum(not line.problem for line in self.lines)

    @cached_property
    def loss(self) -> Loss | None:
        """What threatens, or has come, and what to do now."""
        if self.share_set is None:
            return None
        shares = Shares(
            usable=self.usable,
            count=len(self.lines),
            threshold=self.share_set.threshold,
            lost=tuple(line.share.name for line in self.lines if line.problem),
        )
        return loss_of(self._zone, shares, self._charter)

    @property
    def holders(self) -> list[tuple[str, str]]:
        """Name and id of who holds a share of the last set."""
        return [(line.share.name, line.share.person) for line in self.lines]

    @cached_property
    def holders_in_force(self) -> list[tuple[str, str]]:
        """The same of every set that rebuilds the key in force: whoever has held a share of it."""
        if self.share_set is None:
            return []
        held = HeldShare.objects.filter(share_set__in=self._sets.filter(epoch=self.share_set.epoch))
        return sorted(set(held.values_list("name", "person")))

    @cached_property
    def lapsed(self) -> list[int]:
        """The retired epochs whose shares do not rebuild their key any more: backups of theirs stay shut."""
        last: dict[int, ShareSet] = {}
        for one in self._sets.prefetch_related("shares"):
            last.setdefault(one.epoch, one)
        retired = {one.number for one in self.epochs if one.retired_at}
        return sorted(
            epoch
            for epoch, one in last.items()
            if epoch in retired and sum(not line.problem for line in self._lines_of(one)) < one.threshold
        )

    @property
    def spare(self) -> str:
        """How many can be lost, in words."""
        if self.share_set is None:
            return ""
        spare = self.usable - self.share_set.threshold
        return ngettext("One share can be lost.", "%(n)d shares can be lost.", spare) % {"n": spare}


def _line(share: HeldShare, token: Token | None, charter: Charter | None) -> ShareLine:
    if token is None:
        return ShareLine(share, _("a token that is not known here"), _("its token is gone"))
    return ShareLine(share, token.label, _problem(share, token, charter))


def _problem(share: HeldShare, token: Token, charter: Charter | None) -> str:
    """Why a node would not take the share, or an empty string."""
    authorities = [charter.authority.id] if charter else []
    if tokens.not_counting([token.credential_id], authorities):
        return _("its token is suspended")
    found = charter.by_credential.get(share.credential_id) if charter else None
    if found is None or found[0].id != share.person:
        return _("the zone's charter no longer lists its token")
    return "" if Role.CUSTODIAN in found[0].roles else _("is no custodian any more")
