"""How each operation comes about: how far the node is, its good warrant, its people and their charters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hsmnodes.node.agent.messages import SuspensionMessage
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import Backup, read_backup
from hsmnodes.node.protocol.documents import KeyShare, Role, Suspension, Warrant
from tests.cast.applications import (
    Application,
    admit_application,
    extend_application,
    remove_application,
    resume_application,
)
from tests.cast.backups import import_backup_key, restore_backup, take_backup, verify_backup
from tests.cast.charters import Chain
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
from tests.cast.deployment import Deployment
from tests.cast.moving import abandon, extend_zone, withdraw_zone
from tests.cast.people import (
    ADA,
    BEN,
    CLEO,
    CUSTODIANS,
    DINA,
    EMIL,
    FAY,
    GUS,
    JON,
    KIM,
    LEA,
    MERIDIAN,
    Member,
)
from tests.cast.signing import suspend, suspend_application
from tests.cast.statements import sign_statement, statement_of
from tests.cast.suspending import reinstate
from tests.hsmnodes.node.agent.gathering import split
from tests.hsmnodes.node.agent.making import Cluster, Site, carrying
from tests.hsmnodes.node.agent.rotating import stated_key
from tests.hsmnodes.node.agent.stepping import Carrier

PIA = Member("Pia", MERIDIAN, (Role.KEY_MANAGER,))


@dataclass
class Scene:
    """A node in the state in which a good warrant would be carried out, and others with it."""

    site: Site
    cast: Deployment
    zone: Chain
    shares: dict[int, KeyShare] = field(default_factory=dict)
    enclosures: tuple[bytes, ...] = ()
    others: list[Site] = field(default_factory=list)


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


def _rotate_keys(scene: Scene) -> Warrant:
    made = scene.site.send(scene.cast.generate_keys(scene.site.at, scene.zone))
    [key] = made.results["keys"]
    wanted = ((key["id"], key["label"]), "card-signing v2", "ec-p256", ("sign",))
    return scene.cast.rotate_keys(scene.site.at, scene.zone, wanted)


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
    scene.enclosures = (canonical.b64u_decode(said.attachments[0].data),)
    return read_backup(scene.enclosures[0])


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


def with_neighbour(scene: Scene) -> object:
    """The node serves and has no zone yet; another one has the zone, with a key."""
    scene.zone = scene.cast.zone(members=CUSTODIANS)
    other = Site(scene.site.config.state.parent, scene.cast, name="fra-1")
    scene.others.append(other)
    Cluster([scene.site, other])
    for site in (scene.site, other):
        site.send(scene.cast.start_service(site.at), scene.cast.northgate, scene.cast.meridian)
    other.send(scene.cast.create_slot(other.at, scene.zone), scene.zone)
    other.send(scene.cast.share_backup_key(other.at, scene.zone))
    return other.send(scene.cast.generate_keys(other.at, scene.zone))


def _extend(scene: Scene) -> Warrant:
    [other] = scene.others
    stated = stated_key(other, scene.zone)
    return extend_zone(scene.cast, scene.site.at, other.at, scene.zone, **stated)


def on_two_nodes(scene: Scene) -> object:
    with_neighbour(scene)
    return Carrier(_extend(scene), [scene.site, *scene.others], [scene.zone]).carry()


def _withdraw(scene: Scene) -> Warrant:
    return withdraw_zone(scene.cast, scene.site.at, scene.others[0].at, scene.zone)


def _abandon(scene: Scene) -> Warrant:
    """A key that the other node has made, and this one is not to copy any more."""
    [other] = scene.others
    making = scene.cast.generate_keys(
        other.at, scene.zone, ("late", "ec-p256", ("sign",)), others=[scene.site.at]
    )
    other.deliver(carrying(making))
    return abandon(scene.cast, scene.site.at, scene.zone, making)


def _with_a_lost_token(scene: Scene) -> object:
    scene.zone = scene.cast.zone(members=(DINA, EMIL, FAY, PIA))
    scene.site.with_zone(scene.zone)
    return scene.site.deliver(SuspensionMessage(suspension=canonical.b64u(_lost(scene).raw)))


def _lost(scene: Scene) -> Suspension:
    return suspend(scene.zone.current, PIA, DINA, at=scene.cast.now)


def _reinstate(scene: Scene) -> Warrant:
    return reinstate(scene.cast, scene.site.at, scene.zone, PIA, _lost(scene))


def _admit(scene: Scene, application: Application | None = None) -> Warrant:
    [key] = scene.site.facts.holdings.keys.values()
    admitted = [(key.id, key.label, ("sign",))]
    return admit_application(
        scene.cast, scene.site.at, scene.zone, application or Application.make(), admitted
    )


def _remove(scene: Scene) -> Warrant:
    application = Application.make()
    scene.site.send(_admit(scene, application))
    return remove_application(scene.cast, scene.site.at, scene.zone, application.named)


def _resume(scene: Scene) -> Warrant:
    application, zone = Application.make(), scene.zone
    scene.site.send(_admit(scene, application))
    suspension = suspend_application(zone.current, application.named, DINA, at=scene.cast.now)
    scene.site.deliver(SuspensionMessage(suspension=canonical.b64u(suspension.raw)))
    return resume_application(scene.cast, scene.site.at, zone, application.named, [suspension])


def _extend_application(scene: Scene) -> Warrant:
    [other] = scene.others
    application, [key] = Application.make(), other.facts.holdings.keys.values()
    scene.site.send(_admit(scene, application))
    asked = [(key.id, key.label, ("sign",))]
    return extend_application(scene.cast, [scene.site.at], [other.at], scene.zone, application, asked)


def with_others(scene: Scene, count: int = 2) -> None:
    """Further nodes that are enrolled, and in no cluster."""
    for name in ("fra-1", "lon-1")[:count]:
        scene.others.append(Site(scene.site.config.state.parent, scene.cast, name=name))
    Cluster([scene.site, *scene.others])


def with_cluster(scene: Scene) -> None:
    """The node, first in a cluster with another; a third is in none."""
    with_others(scene)
    other, _ = scene.others
    members = [scene.site.at, other.at]
    Carrier(form_cluster(scene.cast, formed(members), members), [scene.site, other]).carry()


def beside_cluster(scene: Scene) -> None:
    """The node is in no cluster, and the two others are in one."""
    with_others(scene)
    members = [one.at for one in scene.others]
    Carrier(form_cluster(scene.cast, formed(members), members), scene.others).carry()


def _form(scene: Scene) -> Warrant:
    members = [scene.others[0].at, scene.site.at]
    return form_cluster(scene.cast, formed(members), members)


def _join(scene: Scene) -> Warrant:
    first, second = scene.others
    state = joined(first.facts.holdings.cluster, scene.site.at)
    return join_cluster(scene.cast, state, [first.at, scene.site.at, second.at])


def _leave(scene: Scene) -> Warrant:
    state = left(scene.site.facts.holdings.cluster, scene.site.at)
    return leave_cluster(scene.cast, state, scene.site.at, [scene.site.at, scene.others[0].at])


def _change_mode(scene: Scene) -> Warrant:
    state = scene.site.facts.holdings.cluster
    wanted = after(state, state.members[::-1], mode="failover")
    return change_mode(scene.cast, wanted, [scene.site.at, scene.others[0].at])


def _agree(scene: Scene) -> Warrant:
    state = formed([scene.site.at])
    return agree_to_cluster(scene.cast, state, scene.site.at, scene.zone, "form")


PROVIDER, CUSTOMER, ZONE = (
    lambda s: [s.cast.northgate], lambda s: [s.cast.meridian], lambda s: [s.zone],
)  # fmt: skip
STORIES = {
    "application.admit/v1": Story(with_keys, _admit, DINA, (EMIL, FAY), ZONE),
    "application.remove/v1": Story(with_keys, _remove, DINA, (EMIL, FAY), ZONE),
    "application.extend/v1": Story(on_two_nodes, _extend_application, DINA, (EMIL, FAY), ZONE),
    "application.resume/v1": Story(with_keys, _resume, DINA, (EMIL, FAY), ZONE),
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
    "cluster.agree/v1": Story(lambda s: s.site.with_zone(s.zone), _agree, DINA, (EMIL, FAY), ZONE),
    "cluster.change-mode/v1": Story(with_cluster, _change_mode, CLEO, (ADA, BEN), PROVIDER),
    "cluster.form/v1": Story(with_others, _form, CLEO, (ADA, BEN), PROVIDER),
    "cluster.join/v1": Story(beside_cluster, _join, CLEO, (ADA, BEN), PROVIDER),
    "cluster.leave/v1": Story(with_cluster, _leave, CLEO, (ADA, BEN), PROVIDER),
    "key.destroy/v1": Story(lambda s: s.site.with_zone(s.zone), _destroy, DINA, (EMIL, FAY), ZONE),
    "key.generate/v1": Story(
        lambda s: s.site.with_zone(s.zone),
        lambda s: s.cast.generate_keys(s.site.at, s.zone),
        DINA,
        (EMIL, FAY),
        ZONE,
    ),
    "key.rotate/v1": Story(lambda s: s.site.with_zone(s.zone), _rotate_keys, DINA, (EMIL, FAY), ZONE),
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
    "warrant.abandon/v1": Story(on_two_nodes, _abandon, DINA, (EMIL, FAY), ZONE),
    "token.reinstate/v1": Story(_with_a_lost_token, _reinstate, DINA, (EMIL, FAY), ZONE),
    "zone.extend/v1": Story(
        with_neighbour, _extend, CLEO, (ADA, BEN, DINA, EMIL), lambda s: [s.cast.northgate, s.zone]
    ),
    "zone.withdraw/v1": Story(
        on_two_nodes, _withdraw, CLEO, (ADA, BEN, DINA, EMIL), lambda s: [s.cast.northgate, s.zone]
    ),
    "statement.sign/v1": Story(
        lambda s: s.site.serving(),
        lambda s: sign_statement(s.cast, statement_of(s.cast, s.zone)),
        DINA,
        (GUS, LEA, JON, KIM),
        lambda s: [s.cast.northgate, s.cast.meridian],
    ),
    "zone.found/v1": Story(
        lambda s: s.site.serving(), lambda s: s.cast.found_zone(s.zone), DINA, (GUS, LEA), CUSTOMER
    ),
}
