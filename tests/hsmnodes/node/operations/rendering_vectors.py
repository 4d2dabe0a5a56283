"""The shared vectors of rendering, for Python and for the desk: `python -m` this file writes them anew."""

import json
from pathlib import Path

from hsmnodes.node.operations.registry import catalogue
from hsmnodes.node.operations.sentences import render_fields, render_sentence
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import read_backup
from hsmnodes.node.protocol.documents import Proposal, Warrant
from tests.cast import people
from tests.cast.applications import (
    Application,
    admit_application,
    extend_application,
    remove_application,
    resume_application,
)
from tests.cast.backups import import_backup_key, restore_backup, take_backup, verify_backup
from tests.cast.clusters import (
    after,
    agree_to_cluster,
    change_mode,
    form_cluster,
    formed,
    join_cluster,
    joined,
    leave_cluster,
    left,
)
from tests.cast.custody import share_elsewhere
from tests.cast.deployment import PAYMENTS, Deployment, NodeOfCast
from tests.cast.moving import abandon, extend_zone, withdraw_zone
from tests.cast.people import CLEO, JON, KIM, make_id, named
from tests.cast.signing import changed, suspend, suspend_application
from tests.cast.statements import sign_statement, statement_of
from tests.cast.suspending import reinstate
from tests.hsmnodes.node.protocol.recovering import zone_recovered

FILE = Path(__file__).parents[3] / "vectors" / "rendering.json"
NOW = 1_800_000_000
AMS_1 = NodeOfCast(named("ams-1"), b"\x04" + bytes(range(64)))
WEBSHOP = Application(
    named("webshop"),
    {
        "certificate": canonical.b64u(bytes(range(200))),
        "public_key": "5a" * 32,
        "valid_from": NOW,
        "valid_until": NOW + 34_300_800,
        "sealing_key": canonical.b64u(bytes(range(32))),
    },
)
FRA_1 = NodeOfCast(named("fra-1"), b"\x04" + bytes(range(1, 65)))
LON_1 = NodeOfCast(named("lon-1"), b"\x04" + bytes(range(2, 66)))


def proposals() -> dict[str, Proposal]:
    """Proposals of every operation, and with what is hard to render."""
    cast = Deployment(now=NOW)
    zone = cast.zone()
    amendment = cast.northgate.amend(requester=CLEO, approvers=(JON, KIM), now=NOW)
    key = ("card-signing", "ec-p256", ("sign",))
    backup = read_backup((FILE.parent / "backups" / "two-keys.backup").read_bytes())
    pair = formed([AMS_1, FRA_1])
    three = joined(pair, LON_1)
    warrants = {
        "form a cluster": form_cluster(cast, pair, [AMS_1, FRA_1]),
        "join a cluster": join_cluster(cast, three, [AMS_1, LON_1, FRA_1]),
        "leave a cluster": leave_cluster(cast, left(three, LON_1), LON_1, [LON_1, AMS_1, FRA_1]),
        "dissolve a cluster": leave_cluster(cast, left(formed([AMS_1]), AMS_1), AMS_1, [AMS_1]),
        "change the mode of a cluster": change_mode(
            cast, after(pair, pair.members[::-1], mode="failover"), [AMS_1, FRA_1]
        ),
        "agree to a cluster": agree_to_cluster(cast, pair, AMS_1, zone, "form"),
        "agree to leave a cluster": agree_to_cluster(cast, left(three, LON_1), LON_1, zone, "leave"),
        "enrol a node": cast.enrol(AMS_1),
        "start a shared service": cast.start_service(AMS_1),
        "start an exclusive service": cast.start_service(AMS_1, mode="exclusive"),
        "found a zone": cast.found_zone(zone),
        "create a slot": cast.create_slot(AMS_1, zone),
        "generate one key": cast.generate_keys(AMS_1, zone, key),
        "generate several keys": cast.generate_keys(
            AMS_1,
            zone,
            key,
            ("Grüße “an” alle", "rsa-4096", ("sign", "decrypt")),
            ("db 😀", "aes-256", ("encrypt", "decrypt")),
        ),
        "destroy a key": cast.destroy_keys(AMS_1, zone, (make_id("key"), "card-signing")),
        "rotate keys": cast.rotate_keys(
            AMS_1,
            zone,
            ((make_id("key"), "card-signing"), "card-signing v2", "ec-p256", ("sign",)),
            ((make_id("db"), "Grüße “an” alle"), "db 😀", "aes-256", ("decrypt", "encrypt")),
        ),
        "split a backup key": cast.share_backup_key(AMS_1, zone),
        "reshare a backup key": cast.share_backup_key(
            AMS_1, zone, people.CUSTODIANS[1:], threshold=2, share_set=3
        ),
        "rotate a backup key": cast.rotate_backup_key(AMS_1, zone, retired_kcv="a1b2c3"),
        "import a backup key": import_backup_key(cast, AMS_1, zone, share_elsewhere(cast, zone)[0]),
        "extend a zone": extend_zone(cast, FRA_1, AMS_1, zone, kcv="a1b2c3", commitment="cd" * 32),
        "withdraw a zone": withdraw_zone(cast, FRA_1, AMS_1, zone),
        "reinstate a token": reinstate(
            cast, AMS_1, zone, people.FAY, suspend(zone.current, people.FAY, people.DINA, at=NOW)
        ),
        "abandon a warrant": abandon(
            cast, FRA_1, zone, cast.generate_keys(AMS_1, zone, key, proposal=make_id("abandoned"))
        ),
        "hold a drill": cast.hold_drill(AMS_1, zone, shares=3),
        "take a backup": take_backup(cast, AMS_1, zone),
        "take a backup of chosen keys": take_backup(
            cast, AMS_1, zone, (make_id("key"), "card-signing"), (make_id("other"), "Grüße “an” alle")
        ),
        "verify a backup": verify_backup(cast, AMS_1, zone, backup),
        "restore keys": restore_backup(cast, FRA_1, zone, backup, {"cards": "create", "database": "skip"}),
        "admit an application": admit_application(
            cast,
            AMS_1,
            zone,
            WEBSHOP,
            [
                (make_id("key"), "card-signing", ("sign",)),
                (make_id("other"), "Grüße “an” alle", ("decrypt", "sign")),
            ],
        ),
        "remove an application": remove_application(cast, AMS_1, zone, WEBSHOP.named),
        "extend an application": extend_application(
            cast, [AMS_1], [FRA_1], zone, WEBSHOP, [(make_id("key"), "card-signing", ("sign",))]
        ),
        "resume an application": resume_application(
            cast,
            AMS_1,
            zone,
            WEBSHOP.named,
            [suspend_application(zone.current, WEBSHOP.named, people.DINA, at=NOW)],
        ),
        "sign a statement": sign_statement(cast, statement_of(cast, zone)),
        "export the log": cast.export_log(AMS_1, 1, 9_007_199_254_740_991),
    }
    found = {name: Proposal.from_bytes(canonical.b64u_decode(one.proposal)) for name, one in warrants.items()}
    found["amend a charter"] = Proposal.from_bytes(
        canonical.b64u_decode(
            json.loads(canonical.b64u_decode(amendment.warrant))["proposal"],
        )
    )
    found["recover a charter"] = Proposal.from_bytes(
        Warrant.from_bytes(canonical.b64u_decode(zone_recovered()[1].warrant)).proposal_bytes
    )
    found["two nodes and a predecessor"] = changed(
        found["generate one key"], nodes=(AMS_1.at, FRA_1.at), previous="ab" * 32, demo=False
    )
    return {
        name: changed(one, proposal=make_id(name)) for name, one in found.items()
    }  # the ids are drawn, and so are not the same in every run


def refused(good: dict[str, Proposal]) -> dict[str, Proposal]:
    """Proposals that are well-formed as such, and must not be shown because their parameters are not."""
    one = good["generate one key"]
    keys = one.parameters["keys"]

    def with_parameters(**changes):
        return changed(one, parameters=one.parameters | changes)

    return {
        "an unknown operation": changed(one, operation="key.steal/v1"),
        "another version of an operation": changed(one, operation="key.generate/v2"),
        "an unknown parameter": with_parameters(quietly=True),
        "a missing parameter": changed(one, parameters={"keys": keys}),
        "an unknown field in a list": with_parameters(keys=[keys[0] | {"extractable": True}]),
        "an unknown choice": with_parameters(keys=[keys[0] | {"algorithm": "rot-13"}]),
        "a wrong type": with_parameters(keys="card-signing"),
        "a null": with_parameters(zone=None),
        "an id that is none": with_parameters(zone={"id": "ZZ", "name": PAYMENTS.name}),
        "a bidirectional override in a name": with_parameters(
            zone={"id": PAYMENTS.id, "name": "Pay\u202ements"}
        ),
        "an empty list": with_parameters(keys=[]),
        "an integer as text": changed(
            good["export the log"], parameters=good["export the log"].parameters | {"to_sequence": "7"}
        ),
    }


def vectors() -> dict:
    """What the file holds."""
    good = proposals()
    return {
        "catalogue": catalogue(),
        "cases": [
            {
                "name": name,
                "proposal": canonical.b64u(one.raw),
                "sentence": render_sentence(one),
                "fields": [[row.label, row.value, row.detail] for row in render_fields(one)],
            }
            for name, one in good.items()
        ],
        "refused": [
            {"name": name, "proposal": canonical.b64u(one.raw)} for name, one in refused(good).items()
        ],
    }


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(vectors(), ensure_ascii=False, indent=1) + "\n")
