"""The models of a Trust Zone: which side holds its backup key, and which manages its keys."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from hsmnodes.node.protocol.documents import AuthorityKind, Rule
from tenants.analysis.default_rules import rules_of

CUSTOMER, PROVIDER = "customer", "provider"


@dataclass(frozen=True)
class ZoneModel:
    """Who controls the zone and who manages its keys, as a side each, and what that comes to in words."""

    name: str
    controller: str
    managers: str
    title: str
    text: str

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that a charter of this model begins with."""
        return rules_of(AuthorityKind.ZONE, model=self.name)


MODELS = (
    ZoneModel(
        "customer",
        CUSTOMER,
        CUSTOMER,
        _("The customer does both"),
        _("Its people manage the keys and hold the backup key. The provider runs the HSM, and that is all."),
    ),
    ZoneModel(
        "provider",
        PROVIDER,
        PROVIDER,
        _("The provider does both"),
        _("Fully managed: its people manage the keys and hold the backup key for the customer."),
    ),
    ZoneModel(
        "customer-holds",
        CUSTOMER,
        PROVIDER,
        _("The provider manages, the customer holds"),
        _(
            "The provider's people manage the keys; the customer's are the custodians, take the backups and "
            "decide where keys can go."
        ),
    ),
    ZoneModel(
        "provider-holds",
        PROVIDER,
        CUSTOMER,
        _("The customer manages, the provider holds"),
        _(
            "The customer's people manage the keys; the provider's are the custodians, take the backups and "
            "decide where keys can go."
        ),
    ),
)


def model_called(name: str) -> ZoneModel:
    """The model of this name; the first, if there is none."""
    return next((one for one in MODELS if one.name == name), MODELS[0])


def model_of(*, controller: str, managers: str) -> ZoneModel:
    """The model in which these sides control and manage; the controller does both if nobody is named."""
    return next(
        one for one in MODELS if (one.controller, one.managers) == (controller, managers or controller)
    )
