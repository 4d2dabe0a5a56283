"""The exact JSON that the desk sends."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from hsmnodes.node.protocol.documents import Assertion, Model
from hsmnodes.node.protocol.documents.base import Bytes
from tenants.models import DeskPurpose

Secret = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
Transport = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,32}$")]


class Asked(Model):
    """What is asked for by a ticket."""

    ticket: Secret


class Signed(Asked):
    """An assertion over the document itself."""

    assertion: Assertion


class Stated(Signed):
    """An assertion over a statement that the desk made about the document."""

    statement: Annotated[Bytes, Field(max_length=8192)]


class Contributed(Signed):
    """An assertion over the contribution, and the share, sealed to the node's one-time key."""

    sealed: Annotated[Bytes, Field(min_length=64, max_length=4000)]


class Registration(Model):
    """A new credential, as the browser gave it, without client extension results."""

    credential_id: Annotated[Bytes, Field(min_length=22, max_length=1364)]
    client_data: Annotated[Bytes, Field(max_length=5462)]
    attestation_object: Annotated[Bytes, Field(max_length=87_382)]
    transports: Annotated[list[Transport], Field(max_length=8)]


class Registered(Asked):
    """A new credential for the document's person."""

    registration: Registration


ANSWERS: Mapping[DeskPurpose, type[Asked]] = {
    DeskPurpose.SIGN_IN: Signed,
    DeskPurpose.ENROL: Registered,
    DeskPurpose.PROPOSE: Signed,
    DeskPurpose.APPROVE: Signed,
    DeskPurpose.REJECT: Stated,
    DeskPurpose.CANCEL: Stated,
    DeskPurpose.FOUND: Signed,
    DeskPurpose.SUSPEND: Signed,
    DeskPurpose.SHARE_KEY: Stated,
    DeskPurpose.CONTRIBUTE: Contributed,
}
