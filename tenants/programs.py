"""Programs: registered by a security officer with the public key they sign their requests by."""

from datetime import timedelta

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import IntegrityError, transaction

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.errors import DocumentRefused
from tenants import access, clock, log
from tenants.errors import Invalid
from tenants.log import Event
from tenants.models import Person, Program, ProgramNonce
from tenants.people import check_name


@transaction.atomic
def register_program(*, name: str, public_key: str, by: Person) -> Program:
    """Register an integration of the organisation of `by` with its Ed25519 public key (base64url)."""
    access.require(
        access.may_manage_people(by, by.organisation),
        "Programs are registered by the organisation's security officers.",
    )
    try:
        Ed25519PublicKey.from_public_bytes(canonical.b64u_decode(public_key))
    except (DocumentRefused, ValueError, UnsupportedAlgorithm):
        raise Invalid("bad-key", "The public key must be an Ed25519 key: 32 bytes in base64url.") from None
    try:
        with transaction.atomic():
            program = Program.objects.create(
                organisation=by.organisation, name=check_name(name), public_key=public_key, registered_by=by
            )
    except IntegrityError:
        raise Invalid("name-taken", "There is a program with this name or key already.") from None
    log.record(
        Event.PROGRAM_REGISTERED,
        f"The program {program.name} was registered.",
        about=log.about_within(by.organisation, "program", program.id),
        actor=by,
        details={"public_key": public_key},
    )
    return program


@transaction.atomic
def revoke_program(*, program: Program, by: Person) -> None:
    """Stop accepting a program's signatures."""
    access.require(
        access.may_manage_people(by, program.organisation),
        "Programs are revoked by the organisation's security officers.",
    )
    if not Program.objects.filter(pk=program.pk, revoked_at=None).update(revoked_at=clock.now()):
        return
    log.record(
        Event.PROGRAM_REVOKED,
        f"The program {program.name} was revoked.",
        about=log.about_within(program.organisation, "program", program.id),
        actor=by,
    )


def spend_nonce(*, program: Program, nonce: str, seconds: int) -> bool:
    """Whether `nonce` is new to `program`; from now on it is not. Kept for at least `seconds`."""
    try:
        with transaction.atomic():
            ProgramNonce.objects.create(
                program=program, nonce=nonce, expires_at=clock.now() + timedelta(seconds=seconds)
            )
    except IntegrityError:
        return False
    Program.objects.filter(pk=program.pk).update(last_seen_at=clock.now())
    return True


def forget_old_nonces() -> None:
    """Delete nonces whose signatures are too old to be accepted anyway."""
    ProgramNonce.objects.filter(expires_at__lt=clock.now()).delete()
