"""Ceremonies: what is gathered from custodians before an operation that needs their shares is carried out.

A ceremony is opened once for a verified warrant, with a one-time key in the vault; question, warrant and each
contribution are in the journal, so that it survives a restart. The boxes are kept as they came, sealed to the
one-time key, and opened again for the act; both are destroyed when it has ended, was closed, or is too late.
"""

import sqlite3
from typing import cast

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from hsmnodes.node.agent.chains import draft_of
from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.facts import Gathering
from hsmnodes.node.agent.identity import Identity
from hsmnodes.node.agent.journal import Draft, Key
from hsmnodes.node.agent.ledger import Ledger
from hsmnodes.node.agent.messages import ContributionMessage, FromNode, decode
from hsmnodes.node.agent.refusals import Allowance
from hsmnodes.node.agent.store import Store
from hsmnodes.node.agent.vault import Vault
from hsmnodes.node.agent.verify import VerifiedWarrant
from hsmnodes.node.drivers.errors import ObjectNotFound
from hsmnodes.node.operations.backup_key.gathering import GatheringOperation, SharesAsked
from hsmnodes.node.operations.context import Surroundings
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.apart import check_apart
from hsmnodes.node.protocol.contributions import check_contribution, open_contribution
from hsmnodes.node.protocol.documents.ceremonies import Ceremony, Contribution, ContributionAnswer, Holder
from hsmnodes.node.protocol.documents.charter import AuthorityKind
from hsmnodes.node.protocol.documents.node import NodeSigned
from hsmnodes.node.protocol.documents.proposal import Proposal
from hsmnodes.node.protocol.documents.signatures import Warrant
from hsmnodes.node.protocol.errors import ProposalRefused, ShareRefused
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.sharing import Share

FOLDER = "ceremony/"


class Ceremonies:
    """The ceremonies of one node. Methods raise Refused and DriverError."""

    def __init__(
        self, config: Config, store: Store, vault: Vault, identity: Identity, ledger: Ledger
    ) -> None:
        self._config = config
        self._store = store
        self._vault = vault
        self._identity = identity
        self._ledger = ledger
        self._allowance = Allowance()

    def question(self, warrant: VerifiedWarrant, view: Surroundings) -> FromNode:
        """The node's signed question for shares: as it was put, or put now."""
        known = self._ledger.facts.gatherings.get(warrant.key)
        envelope = known.envelope if known is not None else self._open(warrant, view)
        return FromNode(kind="ceremony", envelope=NodeSigned.from_bytes(envelope))

    def is_complete(self, key: Key) -> bool:
        """Whether as many shares are in as were asked for."""
        known = self._ledger.facts.gatherings.get(key)
        return known is not None and len(known.contributions) >= known.ceremony.asked

    def take(self, message: ContributionMessage) -> tuple[Key, FromNode]:
        """Check a contribution, and keep it; for which (proposal, step), and the node's answer."""
        contribution = Contribution.from_bytes(decode(message.contribution))
        key, known = self._find(contribution)
        kept = self._kept_answer(key, contribution)
        if kept is not None:
            return key, kept
        self._check_open(key, known)
        zone = self._ledger.facts.charter(AuthorityKind.ZONE, known.ceremony.zone.id)
        holder = check_contribution(contribution, message.assertion, ceremony=known.ceremony, zone=zone)
        if holder.credential_id in self._ledger.facts.suspended_under(zone):
            raise ShareRefused("suspended", f"The token of {holder.custodian.name} is suspended.")
        sealed = decode(message.sealed)
        try:
            self._check_apart(known, holder)
            self._check_share(key, known, contribution, holder, sealed)
        except ShareRefused as refused:
            if not self._allowance.take(self._ledger.clock.now()):
                raise
            return key, self._answer(contribution, refused)
        answer = self._answer(contribution)
        self._keep(key, message, contribution, sealed, answer)
        return key, answer

    def shares(self, proposal: str) -> tuple[Ceremony, list[Share]]:
        """What was gathered under a proposal."""
        for key, known in self._ledger.facts.gatherings.items():
            if key[0] == proposal:
                return known.ceremony, [
                    self._opened(key, known, contribution) for contribution in known.contributions.values()
                ]
        raise ObjectNotFound("no shares were gathered for this proposal")

    def forget_ended(self, now: int) -> None:
        """Destroy the one-time keys and boxes of ceremonies that have come to an end by the time `now`."""
        for (name,) in self._store.rows("SELECT name FROM vault WHERE name GLOB ?", FOLDER + "*"):
            _, proposal, step = str(name).split("/")
            key = (proposal, int(step))
            known = self._ledger.facts.gatherings.get(key)
            if known is None or key in self._ledger.facts.open_intents or not self._is_over(key, known, now):
                continue
            self._vault.forget(str(name))
            with self._store.transaction() as connection:
                connection.execute("DELETE FROM contributions WHERE proposal = ? AND step = ?", key)

    def _open(self, warrant: VerifiedWarrant, view: Surroundings) -> bytes:
        operation = warrant.operation
        if not isinstance(operation, GatheringOperation):
            raise TypeError(f"{operation.title} gathers no shares")
        asked = operation.asks_for(warrant.request, view)
        ceremony = self._ceremony(warrant, asked, self._one_time_key(warrant.key))
        envelope = self._identity.sign(Purpose.CEREMONY, ceremony)
        body = {
            "proposal": warrant.proposal.proposal,
            "step": warrant.step,
            "ceremony": canonical.b64u(envelope.raw),
            "warrant": canonical.b64u(warrant.raw),
        }
        pins = [draft_of(link) for chain in warrant.pins for link in chain.links]
        self._ledger.write([*pins, Draft("ceremony", body, warrant.key)])
        return envelope.raw

    def _ceremony(self, warrant: VerifiedWarrant, asked: SharesAsked, private_key: bytes) -> Ceremony:
        public = X25519PrivateKey.from_private_bytes(private_key).public_key()
        return Ceremony(
            **vars(asked.at_stake),
            node=self._config.node,
            proposal=warrant.proposal.proposal,
            proposal_hash=warrant.proposal.sha256,
            step=warrant.step,
            operation=warrant.proposal.operation,
            share_set=asked.share_set,
            threshold=asked.threshold,
            asked=asked.asked,
            commitment=asked.commitment,
            holders=tuple(
                Holder(
                    index=one.index,
                    custodian=one.person,
                    credential_id=one.credential_id,
                    commitment=one.commitment,
                )
                for one in asked.holders
            ),
            public_key=canonical.b64u(public.public_bytes_raw()),
            opened_at=self._ledger.clock.now(),
            expires_at=warrant.expires_at,
        )

    def _one_time_key(self, key: Key) -> bytes:
        """The private key of a ceremony, made and kept when it is first asked for."""
        known = self._vault.get(_name(key))
        if known is None:
            known = X25519PrivateKey.generate().private_bytes_raw()
            self._vault.put(_name(key), known)
        return known

    def _find(self, contribution: Contribution) -> tuple[Key, Gathering]:
        for key, known in self._ledger.facts.gatherings.items():
            if known.ceremony.sha256 == contribution.ceremony:
                return key, known
        raise ShareRefused("no-such-ceremony", "This node has not opened the ceremony that is meant.")

    def _check_open(self, key: Key, known: Gathering) -> None:
        if self._is_over(key, known, self._ledger.clock.now()):
            raise ProposalRefused("ceremony-over", "The ceremony has come to its end.")

    def _is_over(self, key: Key, known: Gathering, now: int) -> bool:
        facts, ceremony = self._ledger.facts, known.ceremony
        return (
            key in facts.outcomes
            or key in facts.open_intents
            or ceremony.proposal_hash in facts.closed
            or now >= ceremony.expires_at
        )

    def _check_share(
        self, key: Key, known: Gathering, contribution: Contribution, holder: Holder, sealed: bytes
    ) -> None:
        if holder.index in known.contributions:
            raise ShareRefused("given-already", f"{holder.custodian.name} has given their share already.")
        private_key = self._vault.get(_name(key))
        if private_key is None:
            raise ObjectNotFound("the one-time key of the ceremony is not in the vault")
        open_contribution(
            sealed, private_key, contribution=contribution, ceremony=known.ceremony, holder=holder
        )

    def _check_apart(self, known: Gathering, holder: Holder) -> None:
        warrant = Warrant.from_bytes(known.warrant)
        authorities = Proposal.from_bytes(warrant.proposal_bytes).authorities
        given = [one.person.id for one in known.contributions.values()]
        charters = [self._ledger.facts.version_of(one) for one in authorities]
        check_apart(charters, warrant, [*given, holder.custodian.id])

    def _answer(self, contribution: Contribution, refused: ShareRefused | None = None) -> FromNode:
        answer = ContributionAnswer(
            deployment=self._config.deployment,
            node=self._config.node,
            ceremony=contribution.ceremony,
            contribution=contribution.sha256,
            outcome="accepted" if refused is None else "refused",
            code=refused.code if refused else None,
            detail=refused.message if refused else f"The share of {contribution.person.name} is in.",
            at=self._ledger.clock.now(),
        )
        envelope = self._identity.sign(Purpose.CONTRIBUTION_ANSWER, answer)
        return FromNode(kind="contribution-answer", envelope=envelope)

    def _keep(
        self,
        key: Key,
        message: ContributionMessage,
        contribution: Contribution,
        sealed: bytes,
        answer: FromNode,
    ) -> None:
        body = {
            "proposal": key[0],
            "step": key[1],
            "contribution": message.contribution,
            "assertion": message.assertion.model_dump(),
            "sealed_sha256": canonical.sha256_hex(sealed),
        }

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO contributions VALUES (?, ?, ?, ?, ?)",
                (*key, contribution.sha256, sealed, answer.envelope.raw),
            )

        self._ledger.write([Draft("contribution", body)], beside=write)

    def _kept_answer(self, key: Key, contribution: Contribution) -> FromNode | None:
        rows = self._rows("answer", key, contribution)
        if not rows:
            return None
        return FromNode(kind="contribution-answer", envelope=NodeSigned.from_bytes(rows[0]))

    def _opened(self, key: Key, known: Gathering, contribution: Contribution) -> Share:
        rows, private_key = self._rows("sealed", key, contribution), self._vault.get(_name(key))
        if not rows or private_key is None:
            raise ObjectNotFound("a share that was gathered is no longer there")
        holder = next(one for one in known.ceremony.holders if one.index == contribution.index)
        return open_contribution(
            rows[0], private_key, contribution=contribution, ceremony=known.ceremony, holder=holder
        )

    def _rows(self, column: str, key: Key, contribution: Contribution) -> list[bytes]:
        query = f"SELECT {column} FROM contributions WHERE proposal = ? AND step = ? AND contribution = ?"  # noqa: S608 -- a name of a column
        return [cast("bytes", row[0]) for row in self._store.rows(query, *key, contribution.sha256)]


def _name(key: Key) -> str:
    return f"{FOLDER}{key[0]}/{key[1]}"
