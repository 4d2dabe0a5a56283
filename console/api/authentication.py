"""Who asks the REST API: a person in a session, or a program by HTTP Message Signatures (RFC 9421).

A program signs with its Ed25519 key at least the method and the target URI and, where there is content, its
digest (RFC 9530), with `created`, a `nonce` that it uses once, and as `keyid` its id here. A signature is
good for five minutes, once.
"""

from dataclasses import dataclass
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    VerifyResult,
    algorithms,
)
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from hsmnodes.node.protocol import canonical
from tenants import programs
from tenants.models import Person, Program

MAX_AGE = timedelta(minutes=5)
COVERED = ("@method", "@target-uri")


class ProgramKeys(HTTPSignatureKeyResolver):
    """The public keys of the programs that are not revoked, by their id."""

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        """The key of the program with this id."""
        program = Program.objects.filter(pk=key_id, revoked_at=None).first()
        if program is None:
            raise InvalidSignature("There is no such program.")
        return Ed25519PublicKey.from_public_bytes(canonical.b64u_decode(program.public_key))

    def resolve_private_key(self, key_id: str) -> Ed25519PublicKey:
        """Never: the console has no program's private key."""
        raise NotImplementedError


@dataclass(frozen=True)
class Message:
    """A request as the signature covers it: at this console's own origin, whatever the Host header says."""

    method: str
    url: str
    headers: dict[str, str]


class ProgramAuthentication(authentication.BaseAuthentication):
    """Authenticates a program by the signature on its request; `request.user` is then the Program."""

    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=ProgramKeys())

    def authenticate(self, request: Request) -> tuple[Program, VerifyResult] | None:
        """The program, or None where there is no signature."""
        if "Signature-Input" not in request.headers and "Signature" not in request.headers:
            return None
        message = Message(
            method=request.method or "",
            url=settings.CONSOLE_ORIGIN + request.get_full_path(),
            headers=dict(request.headers),
        )
        try:
            (verified,) = self.verifier.verify(
                message,
                max_age=MAX_AGE,
                require_components=COVERED,
                body=request._request.body,  # noqa: SLF001 - the bytes, before anything parses them
            )
        except HTTPMessageSignaturesException as error:
            raise exceptions.AuthenticationFailed(f"The signature does not hold: {error}") from None
        return self._program(verified), verified

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the framework's signature
        """What a 401 asks for."""
        return "Signature"

    def _program(self, verified: VerifyResult) -> Program:
        nonce = verified.nonce
        if not nonce or not 16 <= len(nonce) <= 64:
            raise exceptions.AuthenticationFailed("The signature needs a nonce of 16 to 64 characters.")
        program = Program.objects.select_related("organisation__provider").get(
            pk=verified.parameters["keyid"]
        )
        # Kept longer than the signature is good for, with room for clocks.
        if not programs.spend_nonce(program=program, nonce=nonce, seconds=2 * int(MAX_AGE.total_seconds())):
            raise exceptions.AuthenticationFailed("This request was made before.")
        return program


class SessionPersonAuthentication(authentication.SessionAuthentication):
    """Authenticates the person who is signed in on the console, with its protection against forged forms."""

    def authenticate(self, request: Request) -> tuple[Person, None] | None:
        """The person, or None where nobody is signed in."""
        person: Person | None = getattr(request._request, "person", None)  # noqa: SLF001
        if person is None:
            return None
        self.enforce_csrf(request)
        return person, None
