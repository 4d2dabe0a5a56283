"""Rules in a charter's form: for each operation, clauses that say how many of whom must sign."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from console.pages import wording
from console.pages.forms.rows import Rows
from console.pages.forms.rule_options import RuleOptions
from hsmnodes.node.operations.registry import operations
from hsmnodes.node.operations.statement.charter_texts import terms_of
from hsmnodes.node.protocol.documents import Clause, Role, Rule
from hsmnodes.node.protocol.documents.charter import MOST_CLAUSES, MOST_WAYS
from hsmnodes.node.protocol.weaker import Within, is_weaker
from tenants import tags

ROLE, GROUP = "role:", "group:"
AND, OR = "and", "or"
MOST_SEATS = 64


class ClauseForm(forms.Form):
    """M people of one role or one group, together with those before or as an alternative to them.

    `holders` are the roles and groups that can be asked for.
    """

    use_required_attribute = False

    def __init__(self, *args: Any, holders: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["joins"] = forms.ChoiceField(
            label=_("Together with those above, or instead of them"),
            choices=[(AND, _("and")), (OR, _("or else"))],
            required=False,
        )
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
        return _clause(self.cleaned_data["m"], self.cleaned_data["who"])

    def standing(self) -> Clause | None:
        """The clause as the form shows it, sent or not; None where it is not complete."""
        if self.is_bound:
            return self.clause() if self.is_valid() else None
        return _clause(self.initial["m"], self.initial["who"]) if self.initial else None

    @property
    def begins(self) -> bool:
        """Whether an alternative begins with it."""
        said = self.cleaned_data.get("joins") if self.is_bound else self.initial.get("joins")
        return said == OR


class RuleRows(Rows):
    """The clauses of the rule for one operation. Without a clause the operation is denied."""

    def __init__(
        self,
        operation: str,
        holders: list[tuple[str, str]],
        data: Mapping[str, Any] | None,
        before: Rule | None,
        default: Rule | None = None,
    ) -> None:
        self.operation, self.default = operation, default
        self.refusals: list[str] = []
        initial = [
            {
                "joins": AND if number or way is before.ways[0] else OR,
                "m": clause.m,
                "who": holder(clause.role, clause.group),
            }
            for way in (before.ways if before else ())
            for number, clause in enumerate(way)
        ]

        def row(*args: Any, **options: Any) -> ClauseForm:
            return ClauseForm(*args, holders=holders, **options)

        super().__init__(f"rule:{operation}", row, data, initial)
        found = operations().get(operation)
        self.options = RuleOptions(
            data, prefix=self.name, before=before, gathers=found is not None and found.gathers
        )

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
        return super().is_valid() and self.options.is_valid() and not self.errors

    @property
    def usual(self) -> str:
        """What the default asks for, in words; empty where the operation has none."""
        return "; ".join(filter(None, [wording.rule(self.default), *terms_of(self.default)]))

    def is_weaker(self, within: Within) -> bool:
        """Whether the rule, as it stands in the form, asks for less than the default."""
        if self.is_bound and not (super().is_valid() and self.options.is_valid()):
            return False
        if self._exceeds or any(form.standing() is None for form in self.forms):
            return False
        return is_weaker(self.rule(), self.default, within)

    def rule(self) -> Rule:
        """The rule as a charter holds it, from a form that is complete."""
        clauses, *others = self._ways or [()]
        more = self.options.says if clauses else {}
        return Rule(operation=self.operation, clauses=clauses, alternatives=tuple(others) or None, **more)

    @property
    def _ways(self) -> list[tuple[Clause, ...]]:
        """The alternatives, as the form shows them."""
        found: list[list[Clause]] = []
        for form in self.forms:
            if not found or form.begins:
                found.append([])
            found[-1].append(form.standing())
        return [tuple(way) for way in found]

    @property
    def _exceeds(self) -> str:
        """What there is too much of, in words, or nothing."""
        if len(self._ways) > MOST_WAYS:
            return _("A rule has at most %(most)d alternatives.") % {"most": MOST_WAYS}
        if any(len(way) > MOST_CLAUSES for way in self._ways):
            return _("A rule has at most %(most)d clauses in each alternative.") % {"most": MOST_CLAUSES}
        return ""

    def _shortage(self) -> Iterable[str]:
        found = operations().get(self.operation)
        floor = found.consent.floor if found else 1
        if not self._ways and self.operation == tags.AMEND_CHARTER:
            yield _("Without this rule nobody could ever change or renew the charter. Say who must sign.")
        elif any(sum(clause.m for clause in way) < floor for way in self._ways):
            yield _("At least %(floor)d people must sign this, whatever a charter says.") % {"floor": floor}
        if self._exceeds:
            yield self._exceeds


def _clause(m: int, who: str) -> Clause:
    kind, name = who.split(":", 1)
    return Clause(
        role=Role(name) if kind + ":" == ROLE else None,
        group=name if kind + ":" == GROUP else None,
        m=m,
    )


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
