"""What the provider has proposed for a cluster, and a zone is still to agree to: for its key managers."""

from django.urls import reverse
from django.utils.translation import gettext as _

from console.pages.attending import Concern
from console.pages.forms.cluster_fields import PENDING, pending_for
from console.pages.offers import duties_of
from hsmnodes.models import Slot
from hsmnodes.node.protocol.documents import AuthorityKind
from tenants import tags
from tenants.models import Person, Proposal


def agreements_wanted(person: Person) -> list[Concern]:
    """The agreements that a person could ask for in their zones, and that nobody has asked for yet."""
    if not Proposal.objects.filter(operation__in=tags.CHANGE_CLUSTERS).exists():
        return []
    zones = [charter.authority for charter in duties_of(person).get(AuthorityKind.ZONE, [])]
    placed = set(Slot.objects.filter(zone__in=[one.id for one in zones]).values_list("zone", flat=True))
    found = []
    for zone in (one for one in zones if one.id in placed):
        for key, wanted in pending_for(person, zone.id):
            said = {"zone": zone.name, "cluster": wanted["cluster"]["name"], "node": wanted["node"]["name"]}
            found.append(
                Concern(
                    {
                        "form": _("%(zone)s is asked to agree: %(node)s forms cluster %(cluster)s"),
                        "join": _("%(zone)s is asked to agree: %(node)s joins cluster %(cluster)s"),
                        "leave": _("%(zone)s is asked to agree: %(node)s leaves cluster %(cluster)s"),
                    }[wanted["change"]]
                    % said,
                    _("The HSM refuses the change until the zone's key managers have agreed. Propose it."),
                    reverse("propose-form", args=[tags.AGREE_TO_CLUSTER])
                    + f"?zone={zone.id}&{PENDING}={key}",
                )
            )
    return found
