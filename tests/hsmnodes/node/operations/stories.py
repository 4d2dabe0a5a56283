"""How each operation comes about: how far the node is, its good warrant, its people and their charters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import Backup, read_backup
from hsmnodes.node.protocol.documents import KeyShare, Warrant
from tests.cast.backups import import_backup_key, restore_backup, take_backup, verify_backup
from tests.cast.charters import Chain
from tests.cast.custody import share_elsewhere
from tests.cast.deployment import Deployment
from tests.cast.people import ADA, BEN, CLEO, CUSTODIANS, DINA, EMIL, FAY, GUS, LEA, Member
from tests.hsmnodes.node.agent.gathering import split
from tests.hsmnodes.node.agent.making import Site, carrying


@dataclass
class Scene:
    """A node in the state in which a good warrant of an operation would be carried out."""

    site: Site
    cast: Deployment
    zone: Chain
    shares: dict[int, KeyShare] = field(default_factory=dict)
    enclosure: bytes = b""


@dataclass(frozen=True)
class Story:
    """How an operation comes about: how far the node is, its warrant, its people and their charters."""

    stage: Callable[[Scene], object]
    warrant: Callable[[Scene], Warrant]
    requester: Member
    approvers: Sequence[Member]
    chains: Callable[[Scene], Sequence[Chain]]


def _destroy(scene: Scene) -> Warrant:
    made = scene.site.send(scene.cast.generate_keys(scene.site.at, scene.zone))
    [key] = made.results["keys"]
    return scene.cast.destroy_keys(scene.site.at, scene.zone, (key["id"], key["label"]))


def _amend(scene: Scene) -> Warrant:
    zone = Chain(scene.zone.members, list(scene.zone.charters), list(scene.zone.links))
    link = zone.amend(
        requester=DINA, approvers=(EMIL, FAY), now=scene.cast.now, valid_until=scene.cast.now + 9
    )
    return Warrant.from_bytes(canonical.b64u_decode(link.warrant))


def with_custodians(scene: Scene) -> object:
    scene.zone = scene.cast.zone(members=CUSTODIANS)
    return scene.site.with_zone(scene.zone)


def _reshare(scene: Scene) -> Warrant:
    scene.site.send(scene.cast.share_backup_key(scene.site.at, scene.zone))
    return scene.cast.share_backup_key(scene.site.at, scene.zone, CUSTODIANS[:2], share_set=2)


def _drill(scene: Scene) -> Warrant:
    _, scene.shares = split(scene.site, scene.cast.share_backup_key(scene.site.at, scene.zone), scene.zone)
    return scene.cast.hold_drill(scene.site.at, scene.zone)


def with_keys(scene: Scene) -> object:
    scene.site.with_zone(scene.zone)
    return scene.site.send(scene.cast.generate_keys(scene.site.at, scene.zone))


def _taken(scene: Scene) -> Backup:
    [said] = scene.site.deliver(carrying(take_backup(scene.cast, scene.site.at, scene.zone))).said
    scene.enclosure = canonical.b64u_decode(said.attachments[0].data)
    return read_backup(scene.enclosure)


def _verify(scene: Scene) -> Warrant:
    return verify_backup(scene.cast, scene.site.at, scene.zone, _taken(scene))


def _restore(scene: Scene) -> Warrant:
    backup = _taken(scene)
    actions = {key.label: "replace" for key in backup.manifest.keys}
    return restore_backup(scene.cast, scene.site.at, scene.zone, backup, actions)


def _rotate(scene: Scene) -> Warrant:
    scene.site.send(scene.cast.generate_keys(scene.site.at, scene.zone))
    slot = scene.site.facts.holdings.slots[scene.zone.current.authority.id]
    return scene.cast.rotate_backup_key(scene.site.at, scene.zone, retired_kcv=slot.kcv, share_set=1)


def _import(scene: Scene) -> Warrant:
    scene.zone = scene.cast.zone(members=CUSTODIANS)
    known, scene.shares = share_elsewhere(scene.cast, scene.zone)
    return import_backup_key(scene.cast, scene.site.at, scene.zone, known)


PROVIDER, CUSTOMER, ZONE = (
    lambda s: [s.cast.northgate], lambda s: [s.cast.meridian], lambda s: [s.zone],
)  # fmt: skip
STORIES = {
    "backup.restore/v1": Story(with_keys, _restore, DINA, (EMIL, FAY), ZONE),
    "backup.take/v1": Story(
        with_keys, lambda s: take_backup(s.cast, s.site.at, s.zone), DINA, (EMIL, FAY), ZONE
    ),
    "backup.verify/v1": Story(with_keys, _verify, DINA, (EMIL,), ZONE),
    "backup-key.drill/v1": Story(with_custodians, _drill, DINA, (EMIL, FAY), ZONE),
    "backup-key.import/v1": Story(
        lambda s: s.site.serving(),
        _import,
        CLEO,
        (ADA, BEN, DINA, EMIL),
        lambda s: [s.cast.northgate, s.zone],
    ),
    "backup-key.reshare/v1": Story(with_custodians, _reshare, DINA, (EMIL, FAY), ZONE),
    "backup-key.rotate/v1": Story(with_custodians, _rotate, DINA, (EMIL, FAY), ZONE),
    "backup-key.share/v1": Story(
        with_custodians, lambda s: s.cast.share_backup_key(s.site.at, s.zone), DINA, (EMIL, FAY), ZONE
    ),
    "charter.amend/v1": Story(lambda s: s.site.with_zone(s.zone), _amend, DINA, (EMIL, FAY), ZONE),
    "key.destroy/v1": Story(lambda s: s.site.with_zone(s.zone), _destroy, DINA, (EMIL, FAY), ZONE),
    "key.generate/v1": Story(
        lambda s: s.site.with_zone(s.zone),
        lambda s: s.cast.generate_keys(s.site.at, s.zone),
        DINA,
        (EMIL, FAY),
        ZONE,
    ),
    "node.enrol/v1": Story(lambda s: None, lambda s: s.cast.enrol(s.site.at), CLEO, (ADA, BEN), PROVIDER),
    "node.export-log/v1": Story(
        lambda s: s.site.enrolled(), lambda s: s.cast.export_log(s.site.at), CLEO, (ADA,), PROVIDER
    ),
    "service.start/v1": Story(
        lambda s: s.site.enrolled(),
        lambda s: s.cast.start_service(s.site.at),
        CLEO,
        (ADA, BEN, GUS, LEA),
        lambda s: [s.cast.northgate, s.cast.meridian],
    ),
    "slot.create/v1": Story(
        lambda s: s.site.serving(),
        lambda s: s.cast.create_slot(s.site.at, s.zone),
        CLEO,
        (ADA, BEN, DINA, EMIL),
        lambda s: [s.cast.northgate, s.zone],
    ),
    "zone.found/v1": Story(
        lambda s: s.site.serving(), lambda s: s.cast.found_zone(s.zone), DINA, (GUS, LEA), CUSTOMER
    ),
}
