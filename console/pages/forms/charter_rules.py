"""Rules in a charter's form: for each operation, clauses that say how many of whom must sign."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from console.pages import wording
from console.pages.forms.rows import Rows
from hsmnodes.node.operations.registry import operations
from hsmnodes.node.protocol.documents import Clause, Role, Rule
from tenants import tags

ROLE, GROUP = "role:", "group:"
MOST_SEATS = 64
MOST_CLAUSES = 16


class ClauseForm(forms.Form):
    """M people of one role or one group; `holders` are the roles and groups that can be asked for."""

    use_required_attribute = False

    def __init__(self, *args: Any, holders: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["m"] = forms.IntegerField(
            label=_("How many"),
            min_value=1,
            max_value=MOST_SEATS,
            error_messages={"required": _("Say how many must sign.")},
        )
        self.fields["who"] = forms.ChoiceField(
            label=_("Of whom"),
            choices=[("", "–"), *holders],
            widget=forms.Select(attrs={"data-holders": _("members of the group %(group)s")}),
            error_messages={
                "required": _("Say who must sign."),
                "invalid_choice": _("Say who must sign: this group is not in the charter."),
            },
        )

    def clause(self) -> Clause:
        """The clause as a charter holds it."""
        kind, name = self.cleaned_data["who"].split(":", 1)
        return Clause(
            role=Role(name) if kind + ":" == ROLE else None,
            group=name if kind + ":" == GROUP else None,
            m=self.cleaned_data["m"],
        )


class RuleRows(Rows):
    """The clauses of the rule for one operation. Without a clause the operation is denied."""

    def __init__(
        self,
        operation: str,
        holders: list[tuple[str, str]],
        data: Mapping[str, Any] | None,
        before: Rule | None,
    ) -> None:
        self.operation = operation
        self.refusals: list[str] = []
        initial = [
            {"m": clause.m, "who": holder(clause.role, clause.group)}
            for clause in (before.clauses if before else ())
        ]

        def row(*args: Any, **options: Any) -> ClauseForm:
            return ClauseForm(*args, holders=holders, **options)

        super().__init__(f"rule:{operation}", row, data, initial)

    @property
    def title(self) -> str:
        """The operation in words."""
        return wording.operation(self.operation)

    @property
    def errors(self) -> list[str]:
        """What is wrong with the rule as a whole, though each clause is complete."""
        if not self.is_bound or not super().is_valid():
            return []
        return [*self.refusals, *self._shortage()]

    def is_valid(self) -> bool:
        """Whether each clause is complete, and the rule one that can be."""
        return super().is_valid() and not self.errors

    def rule(self) -> Rule:
        """The rule as a charter holds it."""
        return Rule(operation=self.operation, clauses=tuple(form.clause() for form in self.forms))

    def _shortage(self) -> Iterable[str]:
        found = operations().get(self.operation)
        floor = found.consent.floor if found else 1
        seats = sum(form.cleaned_data["m"] for form in self.forms)
        if not seats and self.operation == tags.AMEND_CHARTER:
            yield _("Without this rule nobody could ever change or renew the charter. Say who must sign.")
        elif 0 < seats < floor:
            yield _("At least %(floor)d people must sign this, whatever a charter says.") % {"floor": floor}
        if len(self.forms) > MOST_CLAUSES:
            yield _("A rule has at most %(most)d clauses.") % {"most": MOST_CLAUSES}


def holder(role: Role | None, group: str | None) -> str:
    """The value that stands for a role or a group in a form."""
    return f"{ROLE}{role.value}" if role is not None else f"{GROUP}{group}"


def holders_of(roles: Iterable[Role], groups: Iterable[str]) -> list[tuple[str, str]]:
    """The roles and groups that a clause can ask for, with their words."""
    clauses = [Clause(role=role, group=None, m=2) for role in roles]
    named = [(holder(one.role, None), wording.clause_holders(one, 2)) for one in clauses]
    return named + [
        (holder(None, group), _("members of the group %(group)s") % {"group": group}) for group in groups
    ]
