"""Who asks the REST API: a person in a session, or a program by HTTP Message Signatures (RFC 9421).

A program signs with its Ed25519 key, in the one signature of the request, labelled `quorate`: at least the
method, and the target URI or the authority, path and query; where there is content, its digest (RFC 9530).
The signature says when it was `created` (good for 60 seconds), a `nonce` that is used once, and as `keyid`
the program's id here. docs/api.md shows how.
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

LABEL = "quorate"
MAX_AGE = timedelta(seconds=60)
# Twice what the verifier allows for clocks on either side, and some more.
NONCE_SECONDS = 300
NONCE_LENGTHS = range(16, 65)
TARGETS = ({'"@target-uri"'}, {'"@authority"', '"@path"', '"@query"'})


class BadSignature(exceptions.AuthenticationFailed):
    """A request whose signature does not hold. Which part of it, is for whoever writes the program."""

    default_code = "bad-signature"


class ProgramKeys(HTTPSignatureKeyResolver):
    """Looks up the program that a signature names, of those that are not revoked."""

    program: Program | None = None

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        """The key of the program with this id, which is remembered as `program`."""
        found = Program.objects.select_related("organisation__provider").filter(pk=key_id, revoked_at=None)
        self.program = found.first()
        if self.program is None:
            raise InvalidSignature("There is no such program.")
        return Ed25519PublicKey.from_public_bytes(canonical.b64u_decode(self.program.public_key))

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

    def authenticate(self, request: Request) -> tuple[Program, VerifyResult] | None:
        """The program, or None where there is no signature."""
        if "Signature-Input" not in request.headers and "Signature" not in request.headers:
            return None
        keys = ProgramKeys()
        verified = _verify(request, keys)
        if keys.program is None:
            raise BadSignature("There is no such program.")
        _spend_nonce(keys.program, verified)
        return keys.program, verified

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the framework's signature
        """What a 401 asks for."""
        return "Signature"


class SessionPersonAuthentication(authentication.SessionAuthentication):
    """Authenticates the person who is signed in on the console, with its protection against forged forms."""

    def authenticate(self, request: Request) -> tuple[Person, None] | None:
        """The person, or None where nobody is signed in."""
        person: Person | None = getattr(request._request, "person", None)  # noqa: SLF001
        if person is None:
            return None
        try:
            self.enforce_csrf(request)
        except exceptions.PermissionDenied:
            raise exceptions.PermissionDenied(
                "The request does not come from this console's own page: X-CSRFToken is missing or stale.",
                code="forged-request",
            ) from None
        return person, None


def _verify(request: Request, keys: ProgramKeys) -> VerifyResult:
    message = Message(
        method=request.method or "",
        url=settings.CONSOLE_ORIGIN + request.get_full_path(),
        headers=dict(request.headers),
    )
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=keys)
    try:
        (verified,) = verifier.verify(
            message,
            max_age=MAX_AGE,
            require_components=("@method",),
            body=request._request.body,  # noqa: SLF001 - the bytes, before anything parses them
        )
    except HTTPMessageSignaturesException as error:
        raise BadSignature(f"The signature does not hold: {error}") from None
    if verified.label != LABEL:
        raise BadSignature(f"The signature must be labelled {LABEL}.")
    if not any(target <= set(verified.covered_components) for target in TARGETS):
        raise BadSignature("The signature must cover @target-uri, or @authority, @path and @query.")
    return verified


def _spend_nonce(program: Program, verified: VerifyResult) -> None:
    if len(verified.nonce or "") not in NONCE_LENGTHS:
        raise BadSignature("The signature needs a nonce of 16 to 64 characters.")
    if not programs.spend_nonce(program=program, nonce=verified.nonce or "", seconds=NONCE_SECONDS):
        raise BadSignature("This request was made before: its nonce is used up.")
