"""What usually follows on an operation that is done, so that nobody is left wondering where to go on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from console.pages.offers import founds_zones, may_request
from hsmnodes import drills, successors
from hsmnodes.access import visible_applications, visible_backups, visible_clusters
from hsmnodes.models import Key, Node, Slot
from hsmnodes.node.operations.registry import operation
from hsmnodes.reach import Reach
from tenants import tags
from tenants.access import visible_zones
from tenants.models import Person, Proposal, TrustZone


@dataclass(frozen=True)
class NextStep:
    """What comes next, in a sentence; without an `address` it is for others to do."""

    sentence: str
    button: str = ""
    address: str = ""


def next_step(proposal: Proposal, viewer: Person) -> NextStep | None:
    """What follows on a proposal that is done, or None where nothing does."""
    follow = FOLLOWING.get(proposal.operation)
    found = _with_cluster(proposal, viewer)
    return found or (follow(proposal, viewer) if follow is not None else None)


def _with_cluster(proposal: Proposal, viewer: Person) -> NextStep | None:
    """What follows because of a cluster: to look at it, or to bring a zone to the rest of its members."""
    if proposal.operation in tags.CHANGE_CLUSTERS:
        return _to_cluster(proposal.document.parameters["cluster"]["id"], viewer)
    # Key managers are told of the first keys of a new slot, the provider's people of the rest of the cluster.
    first_of_all = proposal.operation == tags.CREATE_SLOT and viewer.organisation.is_provider
    if first_of_all or proposal.operation == tags.EXTEND_ZONE:
        return _incomplete(proposal, viewer)
    return None


def _zone_is_founded_in(proposal: Proposal, viewer: Person) -> NextStep | None:
    """A zone; or where the service had zones before, one of them comes to the further nodes."""
    service, nodes = (
        proposal.document.parameters["service"]["id"],
        [one.id for one in proposal.document.nodes],
    )
    zones = visible_zones(viewer).filter(service=service, zone_slots__isnull=False).distinct()
    if zones.exists():
        lacking = zones.exclude(zone_slots__node__in=nodes).order_by("name").first()
        if lacking is None:
            return None
        sentence = _("Next, its Trust Zones are extended there, each by a proposal: %(name)s first.")
        return _proposed(tags.EXTEND_ZONE, sentence % {"name": lacking.name}, lacking.pk, viewer)
    sentence = _("Next, whoever is to manage its keys drafts the charter of a Trust Zone in it.")
    if founds_zones(viewer):
        return NextStep(sentence, _("Found a Trust Zone"), reverse("zone-found"))
    return NextStep(sentence)


def _slot_is_created(proposal: Proposal, viewer: Person) -> NextStep:
    sentence = _("Next, the provider's HSM administrators propose its slot: its place in an HSM.")
    return _proposed(tags.CREATE_SLOT, sentence, _zone(proposal), viewer)


def _keys_are_made(proposal: Proposal, viewer: Person) -> NextStep:
    sentence = _("Next, its key managers propose its first keys.")
    return _proposed(tags.GENERATE_KEYS, sentence, _zone(proposal), viewer)


def _keys_are_rotated(proposal: Proposal, viewer: Person) -> NextStep | None:
    if not successors.reachable(_zone(proposal)).exists():
        return None
    sentence = _("Next, keys that holders of retired shares could reach get new ones in their place.")
    return _proposed(tags.ROTATE_KEYS, sentence, _zone(proposal), viewer)


def _old_keys_are_destroyed(proposal: Proposal, viewer: Person) -> NextStep:
    sentence = _(
        "Next, applications are admitted to the new keys. When nothing needs the old ones any more, "
        "they are destroyed."
    )
    return _proposed(tags.DESTROY_KEYS, sentence, _zone(proposal), viewer, replaced=proposal.pk)


def _kit_is_installed(proposal: Proposal, viewer: Person) -> NextStep | None:
    application = proposal.document.parameters["application"]["id"]
    found = visible_applications(viewer).filter(pk=application).first()
    if found is None:
        return None
    where = reverse("application", args=[found.pk])
    if proposal.operation == tags.EXTEND_APPLICATION:
        sentence = _("Next, its new connection kits go to where it runs, where all are installed again.")
        return NextStep(sentence, _("To the connection kits"), where)
    sentence = _("Next, its connection kit and sealed PIN go to where it runs.")
    return NextStep(sentence, _("To the connection kit"), where)


def _applications_follow(proposal: Proposal, viewer: Person) -> NextStep | None:
    """Where a zone has come to an HSM, the first of its applications that is not served there."""
    zone, node = _zone(proposal), proposal.document.parameters["receiver"]
    reach = Reach(zone)
    found = visible_applications(viewer).filter(zone=zone, removed_at=None).order_by("name")
    lacking = [
        one
        for one in found.select_related("proposal")
        if any(other.pk == node["id"] for other in reach.without(one))
    ]
    if not lacking:
        return None
    sentence = _(
        "Next, its applications are extended to %(node)s, which does not serve them yet: %(names)s."
    ) % {
        "node": node["name"],
        "names": ", ".join(one.name for one in lacking[:5]) + ("…" if len(lacking) > 5 else ""),
    }
    return _proposed(tags.EXTEND_APPLICATION, sentence, zone, viewer, application=lacking[0].pk)


def _program_is_admitted(proposal: Proposal, viewer: Person) -> NextStep:
    sentence = _(
        "Next, a program is admitted to the keys it is to use: it gets copies in a token of its own."
    )
    made = [str(key) for key in Key.objects.filter(proposal=proposal).values_list("pk", flat=True)[:2]]
    alone = {"for_key": made[0]} if len(made) == 1 else {}
    return _proposed(tags.ADMIT_APPLICATION, sentence, _zone(proposal), viewer, **alone)


def _shares_are_proved(proposal: Proposal, viewer: Person) -> NextStep | None:
    """A drill, unless one was held since."""
    zone = TrustZone.objects.get(pk=_zone(proposal))
    last = drills.last_drill(zone)
    if last is not None and proposal.finished_at is not None and last.received_at >= proposal.finished_at:
        return None
    sentence = _("Next, a drill proves that the custodians' shares rebuild the key.")
    return _proposed(tags.DRILL_BACKUP_KEY, sentence, zone.pk, viewer)


def _backup_is_verified(proposal: Proposal, viewer: Person) -> NextStep | None:
    taken = visible_backups(viewer).filter(proposal=proposal).first()
    if taken is None:
        return None
    sentence = _("Its page has the file, and from there it is verified and restored.")
    return NextStep(sentence, _("To the backup"), reverse("backup", args=[taken.pk]))


FOLLOWING: Mapping[str, Callable[[Proposal, Person], NextStep | None]] = {
    tags.START_SERVICE: _zone_is_founded_in,
    tags.FOUND_ZONE: _slot_is_created,
    tags.CREATE_SLOT: _keys_are_made,
    tags.GENERATE_KEYS: _program_is_admitted,
    tags.SHARE_BACKUP_KEY: _shares_are_proved,
    tags.RESHARE_BACKUP_KEY: _shares_are_proved,
    tags.TAKE_BACKUP: _backup_is_verified,
    tags.ROTATE_BACKUP_KEY: _keys_are_rotated,
    tags.ROTATE_KEYS: _old_keys_are_destroyed,
    tags.ADMIT_APPLICATION: _kit_is_installed,
    tags.EXTEND_APPLICATION: _kit_is_installed,
    tags.EXTEND_ZONE: _applications_follow,
}


def _zone(proposal: Proposal) -> str:
    zone: str = proposal.document.parameters["zone"]["id"]
    return zone


def _to_cluster(key: str, viewer: Person) -> NextStep | None:
    if not visible_clusters(viewer).filter(pk=key).exists():
        return None
    sentence = _("The page of the cluster shows its members, and how each zone stands on them.")
    return NextStep(sentence, _("To the cluster"), reverse("cluster", args=[key]))


def _incomplete(proposal: Proposal, viewer: Person) -> NextStep | None:
    """To the cluster, if the zone is not on all of its members yet."""
    node = Node.objects.select_related("cluster").filter(pk=proposal.node).first()
    cluster = node.cluster if node is not None else None
    zone = proposal.document.parameters["zone"]["id"]
    if cluster is None or not visible_clusters(viewer).filter(pk=cluster.pk).exists():
        return None
    there = Slot.objects.filter(zone=zone, node__in=cluster.member_ids).count()
    if there >= len(cluster.member_ids):
        return None
    sentence = _("Next, the zone is extended to every member of %(cluster)s: it is on %(n)d of %(m)d.") % {
        "cluster": cluster.name,
        "n": there,
        "m": len(cluster.member_ids),
    }
    if proposal.operation == tags.CREATE_SLOT:
        sentence = f"{_('Next, its key managers propose its first keys.')} {sentence}"
    return NextStep(sentence, _("To the cluster"), reverse("cluster", args=[cluster.pk]))


def _proposed(tag: str, sentence: str, zone: str, viewer: Person, **more: str) -> NextStep:
    following = operation(tag)
    if not may_request(following, viewer):
        return NextStep(sentence)
    asked = urlencode({"zone": zone, **more})
    return NextStep(sentence, following.title, f"{reverse('propose-form', args=[tag])}?{asked}")
