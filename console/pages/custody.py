"""Who holds the shares of a zone's backup key, which of them can still be opened, and what to do about it."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hsmnodes import drills
from hsmnodes.access import visible_ceremonies, visible_epochs, visible_share_sets
from hsmnodes.models import Ceremony, Epoch, HeldShare, Receipt, ShareSet
from tenants import clock
from tenants.models import RUNNING_STATES, Person, Token, TrustZone


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
        if self.share_set is None:
            return []
        shares = list(self.share_set.shares.all())
        tokens = Token.objects.in_bulk([one.credential_id for one in shares], field_name="credential_id")
        return [_line(one, tokens.get(one.credential_id)) for one in shares]

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
        """How many shares can be opened, as far as the console knows."""
        return sum(not line.problem for line in self.lines)

    @property
    def warning(self) -> str:
        """What threatens, and what to do now; empty if nothing does."""
        if self.share_set is None:
            return ""
        spare = self.usable - self.share_set.threshold
        if spare < 0:
            return _(
                "Too few shares can be opened to rebuild the backup key. The HSM still has it: reshare it "
                "now, among people whose tokens work."
            )
        if spare == 0:
            return _(
                "No share can be lost any more. Reshare the backup key among more people, or new tokens."
            )
        return ""

    @property
    def spare(self) -> str:
        """How many can be lost, in words."""
        if self.share_set is None:
            return ""
        spare = self.usable - self.share_set.threshold
        return ngettext("One share can be lost.", "%(n)d shares can be lost.", spare) % {"n": spare}


def _line(share: HeldShare, token: Token | None) -> ShareLine:
    if token is None:
        return ShareLine(share, _("a token that is not known here"), _("its token is gone"))
    return ShareLine(share, token.label, _("its token is suspended") if token.suspended_at else "")
