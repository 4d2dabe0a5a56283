"""One document of every type as golden bytes in tests/vectors; run as a module it makes them anew."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hsmnodes.node.protocol import documents
from hsmnodes.node.protocol.backup_pieces import listed, write_part
from hsmnodes.node.protocol.canonical import b64u, b64u_decode, sha256_hex
from hsmnodes.node.protocol.documents import (
    AuthorityKind,
    BackedUpKey,
    BackupIndex,
    BackupManifest,
    Document,
    KitFile,
    PartManifest,
)
from hsmnodes.node.protocol.documents.backups import Taken
from hsmnodes.node.protocol.documents.ceremonies import Holder
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.words import fingerprint
from tests.cast.charters import DEPLOYMENT, Chain
from tests.cast.deployment import Deployment
from tests.cast.people import (
    ADA,
    CUSTODIANS,
    CUSTOMER_PEOPLE,
    DINA,
    EMIL,
    FAY,
    GUS,
    HANA,
    LEA,
    ZONE_PEOPLE,
    make_id,
    named,
)
from tests.cast.signing import approve, cancel, make_warrant, reject, suspend, suspend_application
from tests.cast.statements import statement_of
from tests.cast.tokens import DESK
from tests.hsmnodes.node.protocol.making import AMEND, GENERATE, NOW, make_charter, make_proposal, rule
from tests.hsmnodes.node.protocol.samples_of_nodes import AMS_1, HASH, by_nodes

VECTORS = Path(__file__).parents[3] / "vectors"


def golden() -> dict[str, Document]:
    """The document of every golden file, by its name."""
    types = {kind.model_fields["type"].default: kind for kind in Document.__subclasses__()}
    found = {path.stem: path.read_bytes() for path in sorted((VECTORS / "documents").glob("*.json"))}
    return {name: types[json.loads(data)["type"]].from_bytes(data) for name, data in found.items()}


def describe(document: Document) -> dict[str, Any]:
    """What any implementation must make of a document's bytes."""
    return {
        "sha256": document.sha256,
        "words": " ".join(fingerprint(document.sha256)),
        "challenges": {purpose.value: challenge(purpose, document.raw).hex() for purpose in Purpose},
    }


def write_golden_files() -> None:
    """Write the samples that are not there yet, and what is to be made of each. None is ever changed."""
    samples = _about_a_proposal() | by_nodes() | _by_people() | _of_custody() | _of_backups()
    samples |= {"statement": _statement()}
    for name, document in samples.items():
        file = VECTORS / "documents" / f"{name}.json"
        if not file.exists():
            file.write_bytes(document.raw)
    wanted = {name: describe(document) for name, document in sorted(golden().items())}
    (VECTORS / "documents.json").write_text(json.dumps(wanted, indent=1) + "\n")


def backup_manifest(identity: ec.EllipticCurvePublicKey, blobs: Sequence[bytes]) -> BackupManifest:
    """The manifest of a backup of two keys, cards and database, by the node with this identity."""
    point = identity.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    key = ec.derive_private_key(9, ec.SECP256R1()).public_key()
    public = b64u(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    kinds = [("cards", "ec-p256", ("sign",), public, None)]
    kinds += [("database", "aes-128", ("decrypt", "encrypt"), None, "66e94b")]
    keys = [
        BackedUpKey(
            id=f"{number:032x}",
            label=label,
            algorithm=algorithm,
            usages=usages,
            public_key=public_key,
            check_value=kcv,
            proposal=make_id(f"made {label}"),
            blob_sha256=sha256_hex(blob),
            blob_size=len(blob),
        )
        for number, (blob, (label, algorithm, usages, public_key, kcv)) in enumerate(
            zip(blobs, kinds, strict=True), start=1
        )
    ]
    return BackupManifest(
        deployment=DEPLOYMENT,
        demo=True,
        node=named("ams-1"),
        identity=b64u(point),
        zone=named("Payments"),
        slot=named("Slot 1"),
        backup_key="TBK",
        epoch=1,
        kcv="0a1b2c",
        proposal=make_id("backup"),
        taken_at=NOW,
        keys=tuple(keys),
    )


def backup_index(manifest: BackupManifest, blobs: Sequence[bytes]) -> tuple[BackupIndex, tuple[bytes, ...]]:
    """The index of the backup with this manifest in parts of one key each, and the parts."""
    parts = tuple(
        write_part(number, (key,), (blob,))
        for number, (key, blob) in enumerate(zip(manifest.keys, blobs, strict=True), start=1)
    )
    index = BackupIndex(
        **{name: getattr(manifest, name) for name in Taken.model_fields},
        keys=len(parts),
        parts=tuple(listed((key,), part) for key, part in zip(manifest.keys, parts, strict=True)),
    )
    return index, parts


def _of_backups() -> dict[str, Document]:
    identity, blobs = ec.derive_private_key(7, ec.SECP256R1()).public_key(), (b"\x01" * 40, b"\x02" * 24)
    manifest = backup_manifest(identity, blobs)
    index, _ = backup_index(manifest, blobs)
    part = PartManifest(number=1, keys=manifest.keys[:1])
    return {"backup-manifest": manifest, "backup-index": index, "backup-part": part}


def _about_a_proposal() -> dict[str, Document]:
    amending = rule(AMEND, (1, "security-officer"), (1, "witnesses"))
    charter = make_charter(
        CUSTOMER_PEOPLE,
        rule(GENERATE, (2, "key-manager")),
        amending,
        groups={"witnesses": [HANA, LEA, GUS]},
    )
    zone_rules = [rule(GENERATE, (2, "key-manager"))]
    zone = make_charter(ZONE_PEOPLE, *zone_rules, kind=AuthorityKind.ZONE, authority=named("Payments"))
    chain = Chain.founded(charter, CUSTOMER_PEOPLE)
    chain.amend(requester=DINA, approvers=[GUS, LEA], now=NOW, valid_until=NOW + 90 * 86_400)
    proposal = make_proposal(zone, requester=DINA)
    rejection, cancellation = reject(proposal, FAY, at=NOW), cancel(proposal, DINA, at=NOW)
    suspension = suspend(charter, HANA, LEA, at=NOW)
    read = documents.RejectionStatement.from_bytes, documents.CancellationStatement.from_bytes
    return {
        "charter": charter,
        "charter-of-a-zone": zone,
        "charter-link-founding": chain.links[0],
        "charter-link-amendment": chain.links[1],
        "proposal": proposal,
        "approval": approve(proposal, EMIL),
        "rejection": rejection,
        "rejection-statement": read[0](b64u_decode(rejection.statement)),
        "cancellation": cancellation,
        "cancellation-statement": read[1](b64u_decode(cancellation.statement)),
        "suspension": suspension,
        "suspension-statement": suspension.stated,
        "application-suspension-statement": suspend_application(
            zone, named("webshop"), DINA, at=NOW
        ).stated_of_application,
        "warrant": make_warrant(proposal, DINA, [EMIL, FAY]),
        "receipt": documents.Receipt(
            **AMS_1,
            proposal=proposal.proposal,
            proposal_hash=proposal.sha256,
            operation=GENERATE,
            step=0,
            outcome="refused",
            code="expired",
            detail="The proposal has expired.",
            results={"keys": [{"blob": HASH}]},
            sequence=7,
            previous=HASH,
        ),
    }


def _statement() -> Document:
    deployment = Deployment(now=NOW)
    return statement_of(deployment, deployment.zone(members=CUSTODIANS))


def _by_people() -> dict[str, Document]:
    shared: dict[str, Any] = {"deployment": DEPLOYMENT, "desk": DESK, "nonce": make_id("nonce"), "at": NOW}
    return {
        "sign-in": documents.SignIn(**shared, console="http://127.0.0.1:8000", expires_at=NOW + 300),
        "enrolment": documents.Enrolment(
            **shared,
            demo=False,
            person=named(ADA.name),
            organisation=ADA.organisation,
            label="Blue key",
        ),
    }


def _of_custody() -> dict[str, Document]:
    dina = CUSTODIANS[0]
    share_key = dina.key.share_key(dina)
    zone_rules = [rule(GENERATE, (2, "key-manager"))]
    return {
        "charter-with-share-keys": make_charter(
            CUSTODIANS, *zone_rules, kind=AuthorityKind.ZONE, authority=named("Payments")
        ),
        "charter-with-token-rules": make_charter(
            CUSTOMER_PEOPLE,
            rule(AMEND, (2, "security-officer")),
            token_rules=documents.TokenRules(
                backup_eligible="allowed",
                models_blocked=("2fc0579f811347eab116bb5a8db9202a", "fa2b99dc9e3942578f924a30d23c4118"),
            ),
        ),
        "share-key-statement": share_key.stated,
        "share-key-statement-of-a-file": dina.key.share_key(dina, kept="file").stated,
        "share-key-statement-of-a-sheet": dina.key.share_key(dina, kept="sheet").stated,
        "share-key-request": documents.ShareKeyRequest(
            deployment=DEPLOYMENT,
            demo=True,
            person=named(dina.name),
            organisation=dina.organisation,
            desk=DESK,
            credential_id=dina.key.credential_id,
            label="Blue key",
            nonce=make_id("nonce"),
            at=NOW,
        ),
        "key-share": documents.KeyShare(
            deployment=DEPLOYMENT,
            demo=True,
            zone=named("Payments"),
            provider_founding=HASH,
            zone_founding=HASH[::-1],
            backup_key="TBK",
            epoch=1,
            share_set=2,
            threshold=2,
            count=3,
            index=1,
            kcv="0a1b2c",
            commitment=HASH,
            custodian=named(dina.name),
            credential_id=dina.key.credential_id,
            value=b64u(bytes(range(32))),
        ),
        "kit": documents.Kit(
            deployment=DEPLOYMENT,
            demo=True,
            node=named("ams-1"),
            identity=b64u(b"\x04" + bytes(range(64))),
            zone=named("Payments"),
            application=named("webshop"),
            certificate=HASH,
            node_certificate=HASH[::-1],
            host="ams-1.northgate.example",
            port=9443,
            server_name=f"{named('Payments').id}.zones.quorate.internal",
            token=named("webshop").id,
            files=(KitFile(name="haproxy.cfg", sha256=HASH), KitFile(name="node.crt", sha256=HASH[::-1])),
            made_at=NOW,
        ),
        **_of_a_ceremony(),
    }


def _of_a_ceremony() -> dict[str, Document]:
    dina = CUSTODIANS[0]
    common = {"deployment": DEPLOYMENT, "node": named("ams-1")}
    at_stake = {
        "demo": True,
        "proposal": make_id("proposal"),
        "zone": named("Payments"),
        "epoch": 1,
        "share_set": 2,
    }
    return {
        "ceremony": documents.Ceremony(
            **common,
            **at_stake,
            proposal_hash=HASH,
            step=0,
            operation="backup-key.drill/v1",
            provider_founding=HASH,
            zone_founding=HASH[::-1],
            backup_key="TBK",
            kcv="0a1b2c",
            threshold=2,
            asked=2,
            commitment=HASH,
            holders=tuple(
                Holder(
                    index=index,
                    custodian=named(member.name),
                    credential_id=member.key.credential_id,
                    commitment=HASH,
                )
                for index, member in enumerate(CUSTODIANS, start=1)
            ),
            public_key=dina.key.share_key(dina).stated.public_key,
            opened_at=NOW,
            expires_at=NOW + 3600,
        ),
        "contribution": documents.Contribution(
            **common,
            **at_stake,
            ceremony=HASH,
            index=1,
            person=named(dina.name),
            credential_id=dina.key.credential_id,
            nonce=make_id("nonce"),
            at=NOW,
        ),
        "contribution-answer": documents.ContributionAnswer(
            **common,
            ceremony=HASH,
            contribution=HASH[::-1],
            outcome="refused",
            code="other-share",
            detail="The share is of another set.",
            at=NOW,
        ),
    }


if __name__ == "__main__":
    write_golden_files()
