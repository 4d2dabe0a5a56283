"""What people sign that is not about a proposal: signing in and enrolling a token."""

from typing import Literal

from hsmnodes.node.protocol.documents.base import Document, Id, Name, Origin, Time
from hsmnodes.node.protocol.documents.charter import Desk, Named


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
