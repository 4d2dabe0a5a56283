"""What a node of the world does with a backup key: split it and gather shares, in software and for real."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from hsmnodes import incoming
from hsmnodes.models import Contribution, Key
from hsmnodes.node.agent.messages import CarriedAttachment, ContributionMessage, read_to_node
from hsmnodes.node.operations.backup_key.identifiers import backup_key_id
from hsmnodes.node.protocol import canonical, documents
from hsmnodes.node.protocol.contributions import open_contribution
from hsmnodes.node.protocol.custody import Custodian, KeyAtStake, ShareSet, open_box, share_out
from hsmnodes.node.protocol.documents import ContributionAnswer, KeyShare, Named
from hsmnodes.node.protocol.documents.ceremonies import Holder
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.purposes import Purpose
from tenants import charters, deployment
from tenants.models import Proposal
from tests.world.nodes import KCV, NodeOfWorld, attachment

NEXT_KCV = "d4e5f6"


@dataclass
class Custody:
    """The backup keys of a node, by zone, with their share sets; and its one-time keys, by ceremony."""

    node: NodeOfWorld
    keys: dict[str, bytes] = field(default_factory=dict)
    sets: dict[tuple[str, int], ShareSet] = field(default_factory=dict)
    one_time: dict[str, tuple[documents.Ceremony, bytes]] = field(default_factory=dict)

    def split(self, proposal: Proposal) -> tuple[dict[str, Any], list[CarriedAttachment]]:
        """Results as a split of a backup key gives them, and the sealed shares beside them."""
        wanted = proposal.document.parameters
        [charter] = charters.in_force([wanted["zone"]["id"]]).values()
        custodians = []
        for one in wanted["custodians"]:
            [token] = [
                token
                for token in charter.persons[one["person"]["id"]].tokens
                if token.share_key and token.share_key.stated.public_key == one["share_key"]
            ]
            custodians.append(
                Custodian(Named(**one["person"]), token.credential_id, token.share_key.key_bytes)
            )
        made = share_out(
            self._at_stake(wanted["zone"], proposal),
            self.keys.setdefault(wanted["zone"]["id"], secrets.token_bytes(32)),
            custodians,
            number=wanted["share_set"],
            threshold=wanted["threshold"],
            draw=secrets.token_bytes,
        )
        self.sets[wanted["zone"]["id"], made.number] = made
        boxes = [attachment(one.sealed, name=f"share-{one.index}.sealed") for one in made.boxes]
        shares = [
            {
                "index": one.index,
                "custodian": one.custodian.person.model_dump(),
                "credential_id": one.custodian.credential_id,
                "commitment": one.commitment,
                "sealed_sha256": box.sha256,
            }
            for one, box in zip(made.boxes, boxes, strict=True)
        ]
        return {"commitment": made.commitment, "shares": shares}, boxes

    def rotate(self, proposal: Proposal, *more: Key) -> tuple[dict[str, Any], list[CarriedAttachment]]:
        """Results as a rotation of a backup key gives them, and what is beside; with `more` keys."""
        wanted = proposal.document.parameters
        self.keys[wanted["zone"]["id"]] = secrets.token_bytes(32)
        shares, boxes = self.split(proposal)
        living = Key.objects.filter(zone=wanted["zone"]["id"], destroyed_at=None).order_by("pk")
        archive = self.node.archive(proposal, [*living, *more], epoch=wanted["epoch"], kcv=NEXT_KCV)
        results = {
            "backup_key": {
                "kind": "TBK",
                "epoch": wanted["epoch"],
                "kcv": NEXT_KCV,
                "id": backup_key_id(wanted["zone"]["id"], proposal.id),
            },
            "retired": {"epoch": wanted["epoch"] - 1, "kcv": wanted["retired_kcv"]},
            **shares,
            "keys": len(living),
            "moved": [],
            "archive_sha256": archive.sha256,
        }
        return results, [attachment(archive.data, name=f"{proposal.id}.backup"), *boxes]

    def question(self, proposal: Proposal, **changes: Any) -> str:
        """The signed question for shares as it arrives, for a drill that was authorised."""
        wanted = proposal.document.parameters
        private = X25519PrivateKey.generate()
        made = self.sets[wanted["zone"]["id"], wanted["share_set"]]
        at_stake = self._at_stake(wanted["zone"], proposal)
        values = vars(at_stake) | {
            "node": self.node.row.named(),
            "proposal": proposal.id,
            "proposal_hash": proposal.hash,
            "step": 0,
            "operation": proposal.operation,
            "share_set": made.number,
            "threshold": made.threshold,
            "asked": wanted["shares"],
            "commitment": made.commitment,
            "holders": tuple(
                Holder(
                    index=one.index,
                    custodian=one.custodian.person,
                    credential_id=one.custodian.credential_id,
                    commitment=one.commitment,
                )
                for one in made.boxes
            ),
            "public_key": canonical.b64u(private.public_key().public_bytes_raw()),
            "opened_at": int(time.time()),
            "expires_at": proposal.document.expires_at,
        }
        ceremony = documents.Ceremony(**(values | changes))
        self.one_time[ceremony.sha256] = ceremony, private.private_bytes_raw()
        return self.node.sign(Purpose.CEREMONY, ceremony, kind="ceremony")

    def ask(self, proposal: Proposal, **changes: Any) -> None:
        """The console receives the question."""
        incoming.receive(self.question(proposal, **changes))

    def look(self, made: Contribution) -> str:
        """The signed answer to a contribution as it arrives: the share is opened as a node does."""
        message = read_to_node(made.message.message)
        assert isinstance(message, ContributionMessage)
        given = documents.Contribution.from_bytes(canonical.b64u_decode(message.contribution))
        ceremony, private = self.one_time[given.ceremony]
        holder = ceremony.holders[given.index - 1]
        refused = None
        try:
            sealed = canonical.b64u_decode(message.sealed)
            open_contribution(sealed, private, contribution=given, ceremony=ceremony, holder=holder)
        except Refused as error:
            refused = error
        answer = ContributionAnswer(
            deployment=deployment.current().id,
            node=self.node.row.named(),
            ceremony=given.ceremony,
            contribution=given.sha256,
            outcome="refused" if refused else "accepted",
            code=refused.code if refused else None,
            detail=refused.message if refused else f"The share of {given.person.name} is in.",
            at=int(time.time()),
        )
        return self.node.sign(Purpose.CONTRIBUTION_ANSWER, answer, kind="contribution-answer")

    def answer(self, made: Contribution) -> None:
        """The console receives the answer."""
        incoming.receive(self.look(made))

    def finish(self, proposal: Proposal) -> None:
        """The drill is done, with those whose shares were accepted."""
        accepted = proposal.ceremony.contributions.filter(outcome="accepted").select_related("person")
        contributors = [
            {"index": one.index, "custodian": one.person.named().model_dump()} for one in accepted
        ]
        made = self.sets[proposal.zone_id, proposal.document.parameters["share_set"]]
        results = {"kcv": KCV, "commitment": made.commitment, "contributors": contributors}
        self.node.answer(proposal, results=results)

    def _at_stake(self, zone: dict[str, str], proposal: Proposal) -> KeyAtStake:
        here = deployment.current()
        return KeyAtStake(
            deployment=here.id,
            demo=here.demo,
            zone=Named(**zone),
            provider_founding=charters.anchor_of(proposal.provider_id),
            zone_founding=charters.anchor_of(zone["id"]),
            backup_key="TBK",
            epoch=proposal.document.parameters["epoch"],
            kcv=KCV,
        )


def open_share(member: Any, box: bytes, share_set: Any, index: int) -> KeyShare:
    """A member's share from its box, as their token opens it."""
    context = {
        "purpose": "quorate/sealed-share/v1",
        "deployment": deployment.current().id,
        "zone": share_set.zone_id,
        "epoch": share_set.epoch,
        "share_set": share_set.number,
        "index": index,
        "credential_id": member.key.credential_id,
    }
    return open_box(box, member.key.share_private, context)
