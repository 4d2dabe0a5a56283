"""The part of a charter's form that says whether, how, and with whom it can be recovered below its quorum."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from console.pages import wording
from hsmnodes.node.protocol.documents import Charter, Clause, Recovery, Role
from hsmnodes.node.protocol.documents.charter import LONGEST_RECOVERY, SHORTEST_RECOVERY
from tenants.recovery import Side

OFF, KEPT = "", "kept"
USUAL_DAYS = 30
MOST = 2


def recovery_fields(
    roles: Sequence[Role], sides: Sequence[Sequence[Side]], before: Charter | None
) -> dict[str, forms.Field]:
    """The fields: who of the charter, after how many days, and of which other side if there is a choice.

    None where there is no other side.
    """
    if not sides or not all(sides):
        return {}
    clause = before.recovery if before else None
    fields: dict[str, forms.Field] = {
        "recovery": forms.ChoiceField(
            label=_("Recovery below quorum"),
            required=False,
            choices=[(OFF, _("off: nobody can recover it")), *_kept(clause), *_asked(roles)],
            initial=_initial(clause, roles),
            help_text=_(
                "If too few are left who can sign an amendment, so few can put others in their place, with "
                "the other side and after a long announcement. Without it a charter that has lost its "
                "quorum is lost."
            ),
        ),
        "recovery_days": forms.IntegerField(
            label=_("Days for which a recovery is announced"),
            required=False,
            min_value=SHORTEST_RECOVERY,
            max_value=LONGEST_RECOVERY,
            initial=clause.days if clause else USUAL_DAYS,
            help_text=_("Anybody in the charter can cancel it all that time, also with a suspended token."),
        ),
    }
    for choices in sides:
        if len(choices) > 1:
            known = {one.id for one in clause.others} if clause else set()
            fields["recovery_side"] = forms.ChoiceField(
                label=_("The customer whose consent it takes"),
                required=False,
                choices=[(one.id, one.name) for one in choices],
                initial=next((one.id for one in choices if one.id in known), choices[0].id),
            )
    return fields


def recovery_of(
    cleaned: Mapping[str, Any], sides: Sequence[Sequence[Side]], before: Charter | None
) -> Recovery | None:
    """The clause that was chosen; exactly that of the version before where nothing of it changes."""
    asked, held = cleaned.get("recovery", OFF), before.recovery if before else None
    if asked == OFF:
        return None
    wanted = [_chosen(choices, cleaned.get("recovery_side", "")) for choices in sides]
    clauses = held.clauses if asked == KEPT and held is not None else (_clause(asked),)
    days = cleaned["recovery_days"]
    if (
        held is not None
        and (held.clauses, held.days) == (clauses, days)
        and [one.id for one in held.others] == [one.id for one in wanted]
    ):
        return held
    return Recovery(clauses=clauses, days=days, others=tuple(one.as_named() for one in wanted))


def _chosen(choices: Sequence[Side], id_: str) -> Side:
    return next((one for one in choices if one.id == id_), choices[0])


def _clause(asked: str) -> Clause:
    m, _space, role = asked.partition(" ")
    return Clause(role=Role(role), group=None, m=int(m))


def _value(clause: Clause) -> str:
    return f"{clause.m} {clause.role.value}" if clause.role is not None else ""


def _initial(held: Recovery | None, roles: Sequence[Role]) -> str:
    if held is None:
        return OFF
    known = {value for value, _label in _asked(roles)}
    return _value(held.clauses[0]) if len(held.clauses) == 1 and _value(held.clauses[0]) in known else KEPT


def _kept(held: Recovery | None) -> list[tuple[str, str]]:
    if held is None:
        return []
    return [(KEPT, _("as it is: %(who)s") % {"who": wording.rule(held.rule)})]


def _asked(roles: Sequence[Role]) -> list[tuple[str, str]]:
    clauses = [
        Clause(role=role, group=None, m=m)
        for role in roles
        if role is not Role.AUDITOR
        for m in range(1, MOST + 1)
    ]
    return [(_value(one), f"{one.m} {wording.clause_holders(one, one.m)}") for one in clauses]
