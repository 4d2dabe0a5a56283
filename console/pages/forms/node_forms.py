"""What is typed in to register data centres and nodes."""

from django import forms
from django.utils.translation import gettext_lazy

from console.pages.forms.fields import NameField
from hsmnodes.access import visible_data_centres
from tenants.models import Person


class DataCentreForm(forms.Form):
    """A data centre is a name."""

    name = NameField(
        label=gettext_lazy("Name"), help_text=gettext_lazy("The city or site, as your people call it.")
    )


class NodeForm(forms.Form):
    """A node as `quorate-node init` printed it."""

    use_required_attribute = False
    data_centre = forms.ChoiceField(label=gettext_lazy("Data centre"))
    name = NameField(
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("As in the node's own configuration: the node compares it."),
    )
    node_id = forms.RegexField(
        r"^[0-9a-f]{32}$",
        label=gettext_lazy("Node id"),
        help_text=gettext_lazy("32 digits, printed by quorate-node init."),
        error_messages={
            "invalid": gettext_lazy("A node id has 32 hexadecimal digits. Copy it from the machine."),
            "required": gettext_lazy("Copy the id from the machine."),
        },
    )
    identity = forms.CharField(
        label=gettext_lazy("Identity key"),
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "The public point, 87 characters, printed by quorate-node init. Those who approve the enrolment "
            "compare its eight words with those on the machine."
        ),
        error_messages={"required": gettext_lazy("Copy the identity key from the machine.")},
    )
    module = NameField(label=gettext_lazy("PKCS#11 module"), initial="softhsm2")

    def __init__(self, person: Person, data: object = None, initial: dict[str, str] | None = None) -> None:
        super().__init__(data, initial=initial)
        places = visible_data_centres(person).order_by("name")
        self.places = {place.pk: place for place in places}
        self.fields["data_centre"].choices = [(place.pk, place.name) for place in places]

    def clean_identity(self) -> str:
        """The point without the spaces of a copied line."""
        return "".join(self.cleaned_data["identity"].split())
