"""Fuzzes everything that reads bytes from others: documents, canonical JSON, client data, extensions.

A crash is any exception but Refused, or bytes that were accepted and do not encode to themselves again.

    python -m tests.fuzz.fuzz_documents --seconds 3600 [--corpus FOLDER]
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any

import atheris

with atheris.instrument_imports(include=["hsmnodes.node.protocol"], enable_loader_override=False):
    from hsmnodes.node.protocol import canonical, cbor, signers, webauthn
    from hsmnodes.node.protocol.documents import (
        Assertion,
        Cancellation,
        Desk,
        Document,
        NodeSigned,
        Rejection,
        Token,
        Warrant,
    )
    from hsmnodes.node.protocol.documents.charter import ES256, Attestation
    from hsmnodes.node.protocol.errors import Refused

VECTORS = Path(__file__).parents[1] / "vectors" / "documents"
DESK = Desk(origin="http://localhost:8001", rp_id="localhost")
TOKEN = Token(
    credential_id="A" * 22,
    algorithm=ES256,
    # The base point of P-256: a valid key that nobody signs with.
    public_key=canonical.b64u(
        bytes.fromhex(
            "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
        )
    ),
    label="Fuzzed",
    aaguid="0" * 32,
    attestation=Attestation(format="none", trusted=False),
    backup_eligible=False,
    simulated=False,
)


class Disagreement(Exception):
    """Bytes were accepted that are not the one spelling of what they were read as."""


def fuzz_canonical(data: bytes) -> None:
    """Whatever is decoded encodes to the same bytes."""
    if canonical.encode(canonical.decode(data)) != data:
        raise Disagreement


def fuzz_base64url(data: bytes) -> None:
    """Whatever is decoded encodes to the same text."""
    text = data.decode("utf-8", "replace")
    if canonical.b64u(canonical.b64u_decode(text)) != text:
        raise Disagreement


def fuzz_document(kind: type[Document]) -> Callable[[bytes], None]:
    """Whatever is read as a document of `kind` encodes to the same bytes, and so does what it carries."""

    def fuzz(data: bytes) -> None:
        document = kind.from_bytes(data)
        if canonical.encode(document.model_dump(mode="json")) != data or document.raw != data:
            raise Disagreement
        _open(document)

    return fuzz


def _open(document: Document) -> None:
    if isinstance(document, Warrant):
        _ = document.proposal_bytes
    elif isinstance(document, NodeSigned):
        _ = document.payload_bytes
    elif isinstance(document, Rejection | Cancellation):
        signers.read_statement(document)


def fuzz_assertion(data: bytes) -> None:
    """The verifier refuses: nobody has signed. The first byte says where one part ends."""
    middle = 1 + (data[0] if data else 0)
    parts = {"client_data": data[middle:], "authenticator_data": data[1:middle]}
    assertion = Assertion.model_construct(
        credential_id=TOKEN.credential_id,
        signature="MAYCAQECAQE",
        **{name: canonical.b64u(part) for name, part in parts.items()},
    )
    webauthn.verify_assertion(assertion, challenge=bytes(32), token=TOKEN, desk=DESK)
    raise Disagreement


def fuzz_extensions(data: bytes) -> None:
    """The walk over CBOR ends, whatever it is given."""
    cbor.is_one_map(data)


TARGETS: list[Callable[[bytes], None]] = [
    fuzz_canonical,
    fuzz_base64url,
    fuzz_assertion,
    fuzz_extensions,
    *map(fuzz_document, sorted(Document.__subclasses__(), key=lambda kind: kind.__name__)),
]


def try_one(data: bytes) -> None:
    """Give the rest of `data` to the target that its first byte names; only Refused is an answer."""
    if not data:
        return
    try:
        TARGETS[data[0] % len(TARGETS)](data[1:])
    except Refused:
        return


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """Change one place of a JSON value and write it canonically, or change bytes anywhere."""
    random = Random(seed)
    try:
        value = canonical.decode(data[1:])
        if random.random() < 0.7:
            return (data[:1] + canonical.encode(_changed(value, random)))[:max_size]
    except Refused:
        pass
    return atheris.Mutate(data, max_size)


def _changed(value: Any, random: Random) -> Any:
    if isinstance(value, dict | list) and value and random.random() < 0.9:
        step = random.choice(list(value) if isinstance(value, dict) else range(len(value)))
        if random.random() < 0.1:
            del value[step]
        else:
            value[step] = _changed(value[step], random)
        return value
    if isinstance(value, str) and random.random() < 0.7:
        return atheris.Mutate(value.encode(), 300).decode("utf-8", "ignore")
    return random.choice(ODD)


ODD = [
    None,
    True,
    False,
    0,
    -1,
    2**53 - 1,
    "",
    "\u202e",
    "A" * 400,
    [],
    {},
    [[]],
    {"type": "quorate/charter/v1"},
]


def seeds() -> Iterable[bytes]:
    """Every golden document for every target, so that the fuzzer starts from what is accepted."""
    client = b'{"type":"webauthn.get","challenge":"%b","origin":"http://localhost:8001"}' % (b"A" * 43)
    samples = [path.read_bytes() for path in sorted(VECTORS.glob("*.json"))]
    for number in range(len(TARGETS)):
        yield from (bytes([number]) + sample for sample in samples)
    yield bytes([2, 37]) + bytes(32) + b"\x05" + bytes(4) + client
    yield bytes([3]) + bytes.fromhex("a2616101616282f500")


def main() -> None:
    """Fuzz for so many seconds, from the golden documents and a corpus that may be kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--corpus", type=Path, help="a folder to keep what was found in")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds()):
            (Path(folder) / f"seed-{number}").write_bytes(seed)
        kept = [str(chosen.corpus)] if chosen.corpus else []
        limits = [f"-max_total_time={chosen.seconds}", "-max_len=65536", "-timeout=10"]
        limits.append(f"-artifact_prefix={chosen.corpus or folder}/")
        atheris.Setup([sys.argv[0], *limits, *kept, folder], try_one, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
