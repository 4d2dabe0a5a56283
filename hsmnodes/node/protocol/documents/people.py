"""What people come to the desk for that is not about a proposal: sign in, enrol a token, make a share key."""

from typing import Annotated, Literal

from pydantic import Field

from hsmnodes.node.protocol.documents.base import Bytes, Document, Id, Name, Named, Origin, Time
from hsmnodes.node.protocol.documents.charter import Desk


class SignIn(Document):
    """A sign-in to one console, once; signed as challenge(SIGN_IN, these bytes)."""

    type: Literal["quorate/sign-in/v1"] = "quorate/sign-in/v1"
    deployment: Id
    console: Origin
    desk: Desk
    nonce: Id
    at: Time
    expires_at: Time


class Enrolment(Document):
    """The admission of one token for one person; challenge(ENROL, these bytes) is what it creates for."""

    type: Literal["quorate/enrolment/v1"] = "quorate/enrolment/v1"
    deployment: Id
    demo: bool
    person: Named
    organisation: Named
    desk: Desk
    label: Name
    nonce: Id
    at: Time


class ShareKeyRequest(Document):
    """What brings a person to the desk to make a share key; what the token signs is a ShareKeyStatement."""

    type: Literal["quorate/share-key-request/v1"] = "quorate/share-key-request/v1"
    deployment: Id
    demo: bool
    person: Named
    organisation: Named
    desk: Desk
    credential_id: Annotated[Bytes, Field(min_length=22, max_length=1364)]
    label: Name
    nonce: Id
    at: Time
