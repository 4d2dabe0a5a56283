"""Groups in a charter's form: people under a name that rules can ask for, whatever their roles."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from console.pages.forms.rows import Rows
from hsmnodes.node.protocol.documents import Group
from tenants.models import Person

# The spelling that documents give a group's name (hsmnodes/node/protocol/documents/base.py, Slug).
SPELLING = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
LONGEST = 60


class GroupForm(forms.Form):
    """One group of some of `people`."""

    use_required_attribute = False

    def __init__(self, *args: Any, people: Sequence[Person], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["name"] = forms.RegexField(
            SPELLING,
            label=_("Name"),
            max_length=LONGEST,
            help_text=_("Small letters, digits and hyphens."),
            widget=forms.TextInput(
                attrs={
                    "placeholder": "release-board",
                    "autocomplete": "off",
                    "spellcheck": "false",
                    "data-group-name": "",
                }
            ),
            error_messages={
                "required": _("Give the group a name."),
                "invalid": _("Begin with a small letter; then small letters and digits, joined by hyphens."),
            },
        )
        self.fields["people"] = forms.MultipleChoiceField(
            label=_("Who is in it"),
            choices=[(person.pk, _known_as(person, people)) for person in people],
            widget=forms.CheckboxSelectMultiple,
            error_messages={"required": _("Tick who is in it, or remove the group.")},
        )


class GroupRows(Rows):
    """The groups of a charter."""

    label = _("Group")

    def __init__(
        self, people: Sequence[Person], data: Mapping[str, Any] | None, before: Sequence[Group]
    ) -> None:
        def row(*args: Any, **options: Any) -> GroupForm:
            return GroupForm(*args, people=people, **options)

        super().__init__(
            "groups", row, data, [{"name": group.name, "people": list(group.people)} for group in before]
        )

    @property
    def names(self) -> list[str]:
        """The names as they stand in the form, complete or not."""
        found = [str(form["name"].value() or "").strip() for form in self.forms]
        return sorted({name for name in found if name})

    @property
    def members(self) -> set[str]:
        """The ids of all who are ticked in a group."""
        return {one for form in self.forms if form.is_valid() for one in form.cleaned_data["people"]}

    def is_valid(self) -> bool:
        """Whether every group is complete and has a name of its own."""
        taken: set[str] = set()
        for index, form in enumerate(self.forms):
            name = form.cleaned_data.get("name") if form.is_bound and not form.errors else None
            if name in taken:
                self.add_error(index, "name", _("Another group has this name."))
            elif name:
                taken.add(name)
        return super().is_valid()

    def groups(self) -> tuple[Group, ...]:
        """The groups as a charter holds them."""
        return tuple(
            Group(name=form.cleaned_data["name"], people=tuple(sorted(form.cleaned_data["people"])))
            for form in self.forms
        )


def _known_as(person: Person, people: Sequence[Person]) -> str:
    """The name of a person, with the organisation where people of several can be chosen."""
    several = len({one.organisation_id for one in people}) > 1
    return f"{person.name} ({person.organisation.name})" if several else person.name
