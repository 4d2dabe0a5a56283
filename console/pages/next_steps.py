"""What usually follows on an operation that is done, so that nobody is left wondering where to go on."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from console.pages.offers import founds_zones, may_request
from hsmnodes import successors
from hsmnodes.access import visible_applications, visible_clusters
from hsmnodes.models import Node, Slot
from hsmnodes.node.operations.registry import operation
from tenants import tags
from tenants.models import Person, Proposal


@dataclass(frozen=True)
class NextStep:
    """What comes next, in a sentence; without an `address` it is for others to do."""

    sentence: str
    button: str = ""
    address: str = ""


def next_step(proposal: Proposal, viewer: Person) -> NextStep | None:
    """What follows on a proposal that is done, or None where nothing does."""
    return _with_cluster(proposal, viewer) or _by_itself(proposal, viewer)


def _with_cluster(proposal: Proposal, viewer: Person) -> NextStep | None:
    """What follows because of a cluster: to look at it, or to bring a zone to the rest of its members."""
    if proposal.operation in tags.CHANGE_CLUSTERS:
        return _to_cluster(proposal.document.parameters["cluster"]["id"], viewer)
    # Key managers are told of the first keys of a new slot, the provider's people of the rest of the cluster.
    first_of_all = proposal.operation == tags.CREATE_SLOT and viewer.organisation.is_provider
    if first_of_all or proposal.operation == tags.EXTEND_ZONE:
        return _incomplete(proposal, viewer)
    return None


def _by_itself(proposal: Proposal, viewer: Person) -> NextStep | None:
    parameters = proposal.document.parameters
    match proposal.operation:
        case tags.START_SERVICE:
            sentence = _("Next, whoever is to manage its keys drafts the charter of a Trust Zone in it.")
            if founds_zones(viewer):
                return NextStep(sentence, _("Found a Trust Zone"), reverse("zone-found"))
            return NextStep(sentence)
        case tags.FOUND_ZONE:
            sentence = _("Next, the provider's HSM administrators propose its slot: its place in an HSM.")
            return _proposed(tags.CREATE_SLOT, sentence, parameters["zone"]["id"], viewer)
        case tags.CREATE_SLOT:
            sentence = _("Next, its key managers propose its first keys.")
            return _proposed(tags.GENERATE_KEYS, sentence, parameters["zone"]["id"], viewer)
        case tags.ROTATE_BACKUP_KEY:
            zone = parameters["zone"]["id"]
            if not successors.reachable(zone).exists():
                return None
            sentence = _("Next, keys that holders of retired shares could reach get new ones in their place.")
            return _proposed(tags.ROTATE_KEYS, sentence, zone, viewer)
        case tags.ROTATE_KEYS:
            sentence = _(
                "Next, applications are admitted to the new keys. When nothing needs the old ones any more, "
                "they are destroyed."
            )
            return _proposed(
                tags.DESTROY_KEYS, sentence, parameters["zone"]["id"], viewer, replaced=proposal.pk
            )
        case tags.ADMIT_APPLICATION:
            found = visible_applications(viewer).filter(pk=parameters["application"]["id"]).first()
            if found is None:
                return None
            sentence = _("Next, its connection kit and sealed PIN go to where it runs.")
            return NextStep(sentence, _("To the connection kit"), reverse("application", args=[found.pk]))
        case _:
            return None


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
