"""The steps of the guided paths: what is to be done, where, and whether it is done already."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from hsmnodes.access import visible_share_sets
from hsmnodes.models import ShareSet
from hsmnodes.node.protocol.documents import Charter
from tenants import access, charters, suspensions, tags
from tenants.models import RUNNING_STATES, CharterState, CharterVersion, Person, Proposal, State, Token

DONE, WAITS, OPEN = "done", "collecting", "open"
Goal = Callable[[Charter], bool]


@dataclass(frozen=True)
class Step:
    """One thing to do; `address` is where, `action` what the link says."""

    title: str
    text: str
    state: str = OPEN
    address: str = ""
    action: str = ""


class Situation:
    """Where a person stands, as the viewer sees it: charters, tokens, shares."""

    def __init__(self, found: Person, viewer: Person) -> None:
        self.found, self.viewer = found, viewer

    @cached_property
    def past(self) -> list[CharterVersion]:
        """The charters in force that have the person no more, and had in an earlier version."""
        had = {
            one.authority
            for one in access.visible_charters(self.viewer).filter(state=CharterState.SUPERSEDED)
            if self.found.pk in one.document.persons
        } - {one.authority for one in self.versions}
        seen = access.visible_charters(self.viewer).filter(state=CharterState.IN_FORCE, authority__in=had)
        return list(seen.order_by("kind", "name"))

    @property
    def page(self) -> str:
        """The address of the person's page."""
        return reverse("person", args=[self.found.pk])

    @cached_property
    def versions(self) -> list[CharterVersion]:
        """The charters in force that have the person."""
        seen = access.visible_charters(self.viewer).filter(state=CharterState.IN_FORCE)
        ordered = seen.select_related("zone__service", "organisation").order_by("kind", "name")
        return [one for one in ordered if self.found.pk in one.document.persons]

    @cached_property
    def tokens(self) -> list[Token]:
        """All tokens of the person, the oldest first."""
        return list(self.found.tokens.order_by("created_at", "pk"))

    @property
    def working(self) -> list[Token]:
        """Those that are accepted here."""
        return [one for one in self.tokens if one.suspended_at is None]

    def come_after(self, gone: Collection[str]) -> set[str]:
        """The credentials that came after those to be replaced had stood in a charter already."""
        held = [
            one.created_at
            for version in self.versions
            for one in CharterVersion.objects.filter(
                authority=version.authority, state__in=[CharterState.IN_FORCE, CharterState.SUPERSEDED]
            )
            if set(gone) & one.document.by_credential.keys()
        ]
        since = min(held, default=None)
        return {
            one.credential_id
            for one in self.working
            if one.credential_id not in gone and (since is None or one.created_at > since)
        }

    def share_sets(self) -> Iterator[tuple[CharterVersion, ShareSet, list[str]]]:
        """Of each zone whose last share set has a share of the person: the credentials it is sealed to."""
        sets = visible_share_sets(self.viewer).prefetch_related("shares")
        seen = access.visible_charters(self.viewer).filter(state=CharterState.IN_FORCE, zone__isnull=False)
        for version in seen.order_by("name"):
            last = sets.filter(zone=version.zone_id).order_by("-number").first()
            held = (
                [one.credential_id for one in last.shares.all() if one.person == self.found.pk]
                if last
                else []
            )
            if last is not None and held:
                yield version, last, held

    def amend(self, version: CharterVersion, goal: Goal, text: str, **prefilled: object) -> Step:
        """The step of amending a charter until it fulfils the goal."""
        title = _("Amend the charter of %(name)s") % {"name": version.name}
        if goal(version.document):
            return Step(title, text, DONE, reverse("charter", args=[version.pk]), _("The charter in force"))
        drafts = access.visible_charters(self.viewer).filter(state=CharterState.COLLECTING)
        draft = drafts.filter(authority=version.authority).first()
        if draft is not None:
            return self._drafted(title, text, draft, goal)
        address = reverse("charter-amend", args=[version.pk])
        if not access.may_propose(self.viewer, [version.authority]):
            return Step(title, text + " " + _("People with a duty in it do that."))
        query = f"?{urlencode(prefilled, doseq=True)}" if prefilled else ""
        return Step(title, text, OPEN, address + query, _("Begin the amendment, filled in"))

    def _drafted(self, title: str, text: str, draft: CharterVersion, goal: Goal) -> Step:
        if not goal(draft.document):
            other = _("Another draft of it collects signatures: put that into force or give it up first.")
            return Step(title, f"{text} {other}", OPEN, reverse("charter", args=[draft.pk]), _("That draft"))
        proposal = self._proposal_for(draft)
        if proposal is not None:
            where = reverse("proposal", args=[proposal.pk])
            return Step(title, text, WAITS, where, _("The proposal, which collects signatures or waits"))
        where = reverse("charter", args=[draft.pk])
        return Step(title, text, WAITS, where, _("The draft: new tokens sign it, then it is proposed"))

    def _proposal_for(self, draft: CharterVersion) -> Proposal | None:
        open_ones = access.visible_proposals(self.viewer).filter(
            operation__in=tags.CHANGE_CHARTERS, state__in=[State.PROPOSED, *RUNNING_STATES]
        )
        return next((one for one in open_ones if one.document.parameters["charter"] == draft.hash), None)

    def suspend(self, lost: Sequence[Token]) -> Iterator[Step]:
        """Stop tokens here, and for each charter that has them on HSMs too."""
        for token in lost:
            here = _("Suspend “%(label)s” on this console") % {"label": token.label}
            said = _(
                "It signs nothing here from then on, and what it signed of open proposals counts no more."
            )
            yield Step(
                here, said, DONE if token.suspended_at else OPEN, self.page, _("The tokens, with “Suspend”")
            )
            held = set(token.suspensions.filter(lifted_at=None).values_list("authority", flat=True))
            for version in suspensions.where_it_counts(token, self.viewer):
                title = _("Stop “%(label)s” counting for %(name)s, on HSMs too") % {
                    "label": token.label,
                    "name": version.name,
                }
                text = _(
                    "One signature, of somebody who could amend that charter or of the holder, is enough. "
                    "Its file can also be carried to an HSM by hand. Only a quorum lifts it."
                )
                done = version.authority in held
                yield Step(title, text, DONE if done else OPEN, self.page, _("Sign it, or get the file"))

    def enrol(self, *, done: bool) -> Step:
        """Have the person hold another token."""
        mine = self.found == self.viewer
        count = len(self.working)
        text = ngettext(
            "%(n)d token is accepted here now. Everyone needs two, one of them kept elsewhere.",
            "%(n)d tokens are accepted here now. Everyone needs two, one of them kept elsewhere.",
            count,
        ) % {"n": count}
        if not mine:
            text += " " + _("A security officer makes an invitation link, good for one token.")
        where = reverse("settings") if mine else self.page
        action = _("Enrol a token in your settings") if mine else _("Make an invitation link")
        return Step(_("Enrol a new token"), text, DONE if done else OPEN, where, action)

    def compare(self) -> Step:
        """Compare the words: nothing here can know whether it was done."""
        return Step(
            _("Compare the words of the new token with its holder"),
            _("In person, or over a line you trust, before the charter admits it. The desk shows them too."),
            OPEN,
            self.page,
            _("The words of each token"),
        )

    def share_key(self, gone: Collection[str]) -> Iterator[Step]:
        """A custodian's new token needs a share key before shares can be sealed to it."""
        if not any(True for _one in self.share_sets()):
            return
        mine = self.found == self.viewer
        made = any(one.share_key for one in self.working if one.credential_id not in gone)
        text = _("Shares of backup keys are sealed to it. The holder makes it, in the settings.")
        yield Step(
            _("Make a share key with the new token"),
            text,
            DONE if made else OPEN,
            reverse("settings") if mine else "",
            _("Your settings") if mine else "",
        )

    def reshare(self, text: str, gone: Callable[[str], bool]) -> Iterator[Step]:
        """A share ceremony for each zone of whose shares one is sealed to what is `gone`."""
        for version, last, held in self.share_sets():
            done = not any(gone(one) for one in held)
            query = {"zone": version.zone_id, "threshold": last.threshold}
            keys = [("custodians", one) for one in self._others(version, gone)]
            title = _("Reshare the backup key of %(name)s") % {"name": version.name}
            if done:
                yield Step(title, text, DONE)
            else:
                filled_in = [*query.items(), *keys]
                yield self._proposed(version, title, text, tags.RESHARE_BACKUP_KEY, filled_in)

    def _proposed(
        self, version: CharterVersion, title: str, text: str, tag: str, query: Sequence[tuple[str, object]]
    ) -> Step:
        """A step that somebody proposes who has a duty in the charter."""
        if not access.may_propose(self.viewer, [version.authority]):
            return Step(title, text + " " + _("People with a duty in its charter propose that."))
        address = f"{reverse('propose-form', args=[tag])}?{urlencode(query)}"
        return Step(title, text, OPEN, address, _("Propose it, filled in"))

    def _others(self, version: CharterVersion, gone: Callable[[str], bool]) -> list[str]:
        """The share keys of the charter's custodians that are not gone, one of each person."""
        by_person: Mapping[str, list[str]] = {
            one.id: [
                token.share_key.stated.public_key
                for token in one.tokens
                if token.share_key is not None and not gone(token.credential_id)
            ]
            for one in charters.document_of(version).people
        }
        return [keys[0] for keys in by_person.values() if keys]

    def rotate(self) -> Iterator[Step]:
        """After a reshare old shares still open old backups: a rotation ends that for new ones."""
        for version, _last, _held in self.share_sets():
            yield self._proposed(
                version,
                _("Rotate the backup key of %(name)s, if a share may be in other hands")
                % {"name": version.name},
                _("Resharing takes nothing back: the old shares, enough of them, open what was backed up."),
                tags.ROTATE_BACKUP_KEY,
                [("zone", version.zone_id)],
            )
