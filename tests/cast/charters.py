"""Charters of the cast, founded and amended with real signatures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hsmnodes.node.operations.registry import default_rules
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.charters import authority_at
from hsmnodes.node.protocol.documents import (
    Authority,
    AuthorityAt,
    AuthorityKind,
    Charter,
    CharterLink,
    Named,
    TokenRules,
    ZoneTerms,
)
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.people import Member, make_id
from tests.cast.signing import make_proposal, make_warrant
from tests.cast.tokens import DESK

DAY = 86_400
DEPLOYMENT = make_id("deployment")


def make_charter(
    kind: AuthorityKind,
    authority: Named,
    members: Sequence[Member],
    *,
    now: int,
    deployment: str = DEPLOYMENT,
    demo: bool = True,
    zone: ZoneTerms | None = None,
    **changes: Any,
) -> Charter:
    """Version 1 of a charter with the default rules, valid from an hour before `now` for 300 days."""
    values = {
        "deployment": deployment,
        "demo": demo,
        "authority": Authority(kind=kind, id=authority.id, name=authority.name),
        "version": 1,
        "previous": None,
        "valid_from": now - 3600,
        "valid_until": now + 300 * DAY,
        "desk": DESK,
        "token_rules": TokenRules(backup_eligible="forbidden"),
        "zone": zone,
        "people": tuple(sorted((member.person() for member in members), key=lambda person: person.id)),
        "groups": (),
        "rules": default_rules(kind),
    }
    return Charter(**(values | changes))


def found(charter: Charter, members: Sequence[Member]) -> CharterLink:
    """The founding link: every member's token signs the charter."""
    return CharterLink(
        charter=canonical.b64u(charter.raw),
        possession=tuple(member.key.sign(Purpose.FOUND, charter.raw) for member in members),
        warrant=None,
    )


@dataclass
class Chain:
    """An authority's charters as they came about, with their links."""

    members: tuple[Member, ...]
    charters: list[Charter] = field(default_factory=list)
    links: list[CharterLink] = field(default_factory=list)

    @classmethod
    def founded(cls, charter: Charter, members: Sequence[Member]) -> "Chain":
        """A chain of one version, signed by all its members."""
        return cls(tuple(members), [charter], [found(charter, members)])

    @property
    def current(self) -> Charter:
        """The last version."""
        return self.charters[-1]

    @property
    def anchor(self) -> str:
        """The hash of version 1."""
        return self.charters[0].sha256

    @property
    def at(self) -> AuthorityAt:
        """How a proposal names the last version."""
        return authority_at(self.current)

    @property
    def raw_links(self) -> tuple[bytes, ...]:
        """The bytes of every link."""
        return tuple(link.raw for link in self.links)

    def next_version(self, **changes: Any) -> Charter:
        """The charter that would follow, with `changes`."""
        fields = {name: getattr(self.current, name) for name in Charter.model_fields}
        fields |= {"version": self.current.version + 1, "previous": self.current.sha256}
        return Charter(**(fields | changes))

    def link_to(
        self,
        charter: Charter,
        *,
        requester: Member,
        approvers: Sequence[Member],
        newcomers: Sequence[Member] = (),
        now: int,
    ) -> CharterLink:
        """The link that puts `charter` into force after the last version; nothing is added to the chain."""
        authority = self.current.authority
        proposal = make_proposal(
            "charter.amend/v1",
            {
                "authority": {"kind": authority.kind.value, "id": authority.id, "name": authority.name},
                "version": charter.version,
                "charter": charter.sha256,
            },
            authorities=[self.at],
            nodes=[],
            requester=requester,
            now=now,
            deployment=charter.deployment,
            demo=charter.demo,
            previous=self.current.sha256,
        )
        return CharterLink(
            charter=canonical.b64u(charter.raw),
            possession=tuple(member.key.sign(Purpose.FOUND, charter.raw) for member in newcomers),
            warrant=canonical.b64u(make_warrant(proposal, requester, approvers).raw),
        )

    def amend(
        self,
        *,
        requester: Member,
        approvers: Sequence[Member],
        newcomers: Sequence[Member] = (),
        now: int,
        **changes: Any,
    ) -> CharterLink:
        """Put the next version, with `changes`, into force."""
        charter = self.next_version(**changes)
        link = self.link_to(charter, requester=requester, approvers=approvers, newcomers=newcomers, now=now)
        self.charters.append(charter)
        self.links.append(link)
        return link
