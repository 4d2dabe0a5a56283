"""What people add to a statement: how the holders of each role are reached. All else comes from charters."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _

from console.pages import wording
from console.pages.forms.fields import readable
from hsmnodes.node.operations.statement.reading import holders
from hsmnodes.node.protocol.documents import Role, Statement
from hsmnodes.node.protocol.documents.base import NOTE_MAX
from hsmnodes.node.protocol.documents.statement import Contact, Side


class ContactsForm(forms.Form):
    """One line for every role that somebody on a side holds."""

    use_required_attribute = False

    def __init__(
        self, statement: Statement, posted: Mapping[str, Any] | None, known: Iterable[Contact]
    ) -> None:
        super().__init__(posted, initial={_name(one.side, one.role): one.reach for one in known})
        names: dict[tuple[Side, Role], set[str]] = {}
        for one in holders(statement):
            names.setdefault((one.side, one.role), set()).update(one.names)
        self._places = dict.fromkeys(names)
        sides = {"provider": statement.provider.authority.name, "customer": statement.customer.authority.name}
        for side, role in self._places:
            self.fields[_name(side, role)] = forms.CharField(
                label=_("%(roles)s of %(side)s")
                % {
                    "roles": wording.role(role.value, 2)[:1].upper() + wording.role(role.value, 2)[1:],
                    "side": sides[side],
                },
                help_text=wording.few_names(sorted(names[side, role])),
                required=False,
                max_length=NOTE_MAX,
                validators=[readable],
            )

    def sides(self) -> Iterator[tuple[Side, Sequence[BoundField]]]:
        """The fields of each side."""
        for side in ("provider", "customer"):
            yield side, [self[_name(one, role)] for one, role in self._places if one == side]

    def contacts(self) -> tuple[Contact, ...]:
        """What was written, of the lines that are not empty."""
        return tuple(
            Contact(side=side, role=role, reach=self.cleaned_data[_name(side, role)])
            for side, role in self._places
            if self.cleaned_data[_name(side, role)]
        )


def _name(side: str, role: Role) -> str:
    return f"{side}-{role.value}"
