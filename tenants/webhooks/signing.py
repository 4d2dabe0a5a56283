"""The secret of a webhook, and the headers that prove a message (Standard Webhooks 1.0.0, symmetric, `v1`).

A secret follows from a random salt and the deployment's key by HKDF-SHA256 (RFC 5869): none is stored.
"""

import base64
import hmac
from collections.abc import Mapping

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from tenants import clock
from tenants.models import Webhook

LENGTH = 32
PREFIX = "whsec_"


def secret_of(salt: str) -> bytes:
    """The 32 bytes that messages are signed with under this salt."""
    derive = HKDF(algorithm=SHA256(), length=LENGTH, salt=bytes.fromhex(salt), info=b"quorate/webhook/v1")
    return derive.derive(settings.SECRET_KEY.encode())


def shown_secret(salt: str) -> str:
    """The secret as its receiver is given it, once."""
    return PREFIX + base64.b64encode(secret_of(salt)).decode()


def signed_headers(webhook: Webhook, *, message: str, body: bytes) -> Mapping[str, str]:
    """The three headers of a message with this id, signed now."""
    moment = clock.unix_now()
    content = f"{message}.{moment}.".encode() + body
    signatures = [
        "v1," + base64.b64encode(hmac.digest(secret_of(salt), content, "sha256")).decode()
        for salt in salts_of(webhook)
    ]
    return {
        "webhook-id": message,
        "webhook-timestamp": str(moment),
        "webhook-signature": " ".join(signatures),
    }


def salts_of(webhook: Webhook) -> list[str]:
    """The salts that are in use: for a day after a new secret was made, the previous one too."""
    until = webhook.previous_until
    return [webhook.salt, *([webhook.previous_salt] if until is not None and until > clock.now() else [])]
