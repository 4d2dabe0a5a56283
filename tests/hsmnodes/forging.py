"""What the owner of the console's database writes into it: signatures and charters by keys of their own."""

from functools import cache

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Charter
from hsmnodes.node.protocol.purposes import Purpose
from tenants import charters, workflow
from tenants.models import Approval, CharterVersion, Proposal, Token
from tests.cast.people import Member
from tests.cast.signing import approve
from tests.cast.tokens import SoftwareToken


@cache
def forged_key(member: Member) -> SoftwareToken:
    """The attacker's own token, in somebody's name."""
    return SoftwareToken(f"forged {member.name}", member.algorithm)


def forged_approval(proposal: Proposal, member: Member) -> bytes:
    """An approval by the attacker's key under the id of the member's own token."""
    document = proposal.document
    assertion = forged_key(member).sign(Purpose.APPROVE, document.raw)
    forged = assertion.model_copy(update={"credential_id": member.key.credential_id})
    return approve(document, member).model_copy(update={"assertion": forged}).raw


def insert(proposal: Proposal, member: Member, raw: bytes, world) -> None:
    """Write an approval into the database."""
    person = world.person(member)
    Approval.objects.create(proposal=proposal, person=person, token=person.tokens.first(), raw=raw)


def swap(version: CharterVersion, members) -> None:
    """Put the attacker's keys into a charter in the database, with everybody's signature by those keys."""
    people = {member.id: (forged_key(member).token(),) for member in members}
    old = charters.document_of(version)
    fields = {name: getattr(old, name) for name in Charter.model_fields}
    new = Charter(
        **fields | {"people": tuple(one.model_copy(update={"tokens": people[one.id]}) for one in old.people)}
    )
    version.signatures.all().delete()
    for member in members:
        key = forged_key(member)
        assertion = canonical.encode(key.sign(Purpose.FOUND, new.raw).model_dump(mode="json"))
        version.signatures.create(person_id=member.id, credential_id=key.credential_id, assertion=assertion)
        Token.objects.filter(person=member.id).update(
            credential_id=key.credential_id, public_key=key.public_key, counter=0
        )
    CharterVersion.objects.filter(pk=version.pk).update(raw=new.raw, hash=new.sha256)


def in_force(authority: str) -> CharterVersion:
    return CharterVersion.objects.get(authority=authority, state="in-force")


def sign(proposal: Proposal, *members: Member) -> None:
    """Approve over the console's own workflow with the attacker's tokens."""
    for member in members:
        assertion = forged_key(member).sign(Purpose.APPROVE, bytes(proposal.raw))
        workflow.approve(
            proposal=proposal,
            person=Token.objects.filter(person=member.id).first().person,
            assertion=assertion,
        )
