"""The form of a charter: people and their roles, and for each operation how many must sign."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.pages import wording
from hsmnodes.node.operations.registry import default_rules, operations
from hsmnodes.node.protocol.documents import AuthorityKind, Charter, Clause, Role, Rule
from tenants import access
from tenants.charter_drafts import Duty, Terms
from tenants.models import CharterVersion, Person

ROLES = {
    AuthorityKind.PROVIDER: (Role.HSM_ADMINISTRATOR, Role.SECURITY_OFFICER, Role.AUDITOR),
    AuthorityKind.CUSTOMER: (Role.SECURITY_OFFICER, Role.KEY_MANAGER, Role.AUDITOR),
    AuthorityKind.ZONE: (Role.KEY_MANAGER, Role.CUSTODIAN, Role.AUDITOR),
}


class CharterForm(forms.Form):
    """After `is_valid()`: `duties` and `terms` for the draft."""

    use_required_attribute = False

    days = forms.TypedChoiceField(
        label=gettext_lazy("Valid for"),
        choices=[
            (90, gettext_lazy("90 days")),
            (365, gettext_lazy("1 year")),
            (400, gettext_lazy("400 days")),
        ],
        coerce=int,
        initial=365,
        help_text=gettext_lazy(
            "It is renewed by amending it. Once it has ended it authorises only its own renewal."
        ),
    )
    backup_eligible = forms.ChoiceField(
        label=gettext_lazy("Tokens that can be synced"),
        choices=[
            ("forbidden", gettext_lazy("are not accepted")),
            ("allowed", gettext_lazy("are accepted")),
        ],
        help_text=gettext_lazy(
            "A synced token (a passkey in a cloud account) can be on machines its holder does not know."
        ),
    )

    def __init__(
        self,
        kind: AuthorityKind,
        people: list[Person],
        data: Mapping[str, Any] | None = None,
        *,
        before: Charter | None = None,
    ) -> None:
        self.kind, self.people, self.before = kind, people, before
        super().__init__(data)
        for person in people:
            self.fields[f"roles-{person.pk}"] = self._roles(person)
        self.rules = before.rules if before else default_rules(kind)
        for rule in self.rules:
            if _is_simple(rule):
                self.fields[f"m-{rule.operation}"] = _threshold(rule)
        if before is not None:
            self.fields["backup_eligible"].initial = before.token_rules.backup_eligible

    @property
    def has_errors(self) -> bool:
        """Whether something has to be put right."""
        return bool(self.errors)

    @property
    def person_fields(self) -> list[tuple[Person, forms.BoundField]]:
        """Each person with the field of their roles."""
        return [(person, self[f"roles-{person.pk}"]) for person in self.people]

    @property
    def rule_fields(self) -> list[forms.BoundField]:
        """The fields of the thresholds."""
        return [self[name] for name in self.fields if name.startswith("m-")]

    @property
    def duties(self) -> list[Duty]:
        """The people who are given a role."""
        chosen = {person: self.cleaned_data[f"roles-{person.pk}"] for person in self.people}
        return [
            Duty(person, tuple(Role(role) for role in roles)) for person, roles in chosen.items() if roles
        ]

    @property
    def terms(self) -> Terms:
        """The rules and the rest."""
        return Terms(
            rules=tuple(self._rule(rule) for rule in self.rules),
            groups=self.before.groups if self.before else (),
            backup_eligible=self.cleaned_data["backup_eligible"],
            days=self.cleaned_data["days"],
        )

    def clean(self) -> dict[str, Any]:
        """Somebody must be in it, with a token."""
        cleaned = super().clean() or {}
        chosen = [person for person in self.people if cleaned.get(f"roles-{person.pk}")]
        if not chosen:
            self.add_error(None, _("Give at least one person a role."))
        for person in chosen:
            if not person.tokens.filter(suspended_at=None).exists():
                self.add_error(
                    f"roles-{person.pk}",
                    _("%(name)s has no token yet. Send an invitation, or leave this person out for now.")
                    % {"name": person.name},
                )
        return cleaned

    def _roles(self, person: Person) -> forms.MultipleChoiceField:
        held = self.before.persons.get(person.pk) if self.before else None
        return forms.MultipleChoiceField(
            label=person.name,
            required=False,
            choices=[(role.value, wording.role(role.value).capitalize()) for role in ROLES[self.kind]],
            widget=forms.CheckboxSelectMultiple,
            initial=[role.value for role in held.roles] if held else [],
        )

    def _rule(self, rule: Rule) -> Rule:
        if not _is_simple(rule):
            return rule
        clause = rule.clauses[0].model_copy(update={"m": self.cleaned_data[f"m-{rule.operation}"]})
        return Rule(operation=rule.operation, clauses=(Clause.model_validate(clause.model_dump()),))


def candidates_for(version: CharterVersion, viewer: Person) -> list[Person]:
    """Who could be in the next version of a charter: those in it, and the people of its organisations."""
    organisations = {version.organisation_id}
    if version.zone is not None:
        organisations.add(version.zone.service.provider_id)
    in_it = version.document.persons
    people = Person.objects.filter(organisation__in=organisations) & access.visible_people(viewer)
    return sorted({*people, *Person.objects.filter(pk__in=in_it)}, key=lambda person: person.name)


def _is_simple(rule: Rule) -> bool:
    return len(rule.clauses) == 1


def _threshold(rule: Rule) -> forms.IntegerField:
    clause = rule.clauses[0]
    found = operations().get(rule.operation)
    floor = found.consent.floor if found else 1
    who = wording.clause_holders(clause, 2)
    return forms.IntegerField(
        label=found.title if found else rule.operation,
        min_value=1 if rule.operation == "node.export-log/v1" else min(floor, 2),
        max_value=64,
        initial=clause.m,
        help_text=_("%(who)s who must sign") % {"who": who},
        error_messages={
            "min_value": _("At least %(limit_value)s people must sign this, whatever a charter says."),
            "required": _("Say how many must sign."),
        },
    )
