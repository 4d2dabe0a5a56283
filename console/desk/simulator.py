"""The file of simulated tokens that a demo's set-up makes and a demo's desk embeds (docs/formats/desk.md)."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_private_key
from pydantic import ValidationError, field_validator

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Model, Named
from hsmnodes.node.protocol.documents.base import Bytes, Id, Name
from hsmnodes.node.protocol.documents.charter import SIMULATOR_PREFIX


class SimulatedToken(Model):
    """A software token that stands for a security token in a demo; its key is anybody's."""

    credential_id: Bytes
    label: Name
    private_key: Bytes

    @field_validator("credential_id")
    @classmethod
    def _is_a_simulator_s(cls, value: str) -> str:
        if not canonical.b64u_decode(value).startswith(SIMULATOR_PREFIX):
            raise ValueError("a simulated token's credential id begins with quorate-simulator:")
        return value

    @field_validator("private_key")
    @classmethod
    def _is_a_p256_key(cls, value: str) -> str:
        if not _is_p256(canonical.b64u_decode(value)):
            raise ValueError("a simulated token's key is a P-256 key")
        return value


def _is_p256(der: bytes) -> bool:
    key = load_der_private_key(der, password=None)
    return isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1)


class SimulatedPerson(Named):
    """One of the sample people, with their tokens; `title` says what they are, for who chooses."""

    organisation: Named
    title: Name
    tokens: tuple[SimulatedToken, ...]


class Simulator(Model):
    """Every simulated token of a demo."""

    deployment: Id
    people: tuple[SimulatedPerson, ...]


def read_simulator(file: Path) -> Simulator:
    """The simulator in `file`. Raises ValueError, saying what to do, if it is none."""
    try:
        return Simulator.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        raise ValueError(f"{file} is not there; manage.py demo_setup makes it.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        raise ValueError(f"{file} is not a simulator's file: {place}: {first['msg']}.") from None
