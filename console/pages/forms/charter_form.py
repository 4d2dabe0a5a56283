"""The form of a charter: people and their roles, groups of them, and for each operation who must sign."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.pages import wording
from console.pages.forms.charter_groups import GroupRows
from console.pages.forms.charter_rules import RuleRows, holders_of
from hsmnodes.node.operations.registry import default_rules
from hsmnodes.node.protocol.documents import AuthorityKind, Charter, Role, Rule
from tenants import access
from tenants.charter_drafts import VALIDITY_DAYS, Conflicting, Duty, Terms, Unsatisfiable
from tenants.errors import Invalid
from tenants.models import CharterVersion, Person

ROLES = {
    AuthorityKind.PROVIDER: (Role.HSM_ADMINISTRATOR, Role.SECURITY_OFFICER, Role.AUDITOR),
    AuthorityKind.CUSTOMER: (Role.SECURITY_OFFICER, Role.KEY_MANAGER, Role.AUDITOR),
    AuthorityKind.ZONE: (Role.KEY_MANAGER, Role.CUSTODIAN, Role.AUDITOR),
}


class CharterForm(forms.Form):
    """After `is_valid()`: `duties` and `terms` for the draft. `before` is the version that it follows."""

    use_required_attribute = False

    days = forms.TypedChoiceField(
        label=gettext_lazy("Valid for"),
        choices=[
            (90, gettext_lazy("90 days")),
            (365, gettext_lazy("1 year")),
            (400, gettext_lazy("400 days")),
        ],
        coerce=int,
        initial=VALIDITY_DAYS,
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
        people: Sequence[Person],
        data: Mapping[str, Any] | None = None,
        *,
        before: Charter | None = None,
    ) -> None:
        self.people, self.before = people, before
        super().__init__(data)
        roles = _roles(kind, before)
        for person in people:
            self.fields[f"roles-{person.pk}"] = self._roles_field(person, roles)
        self.groups = GroupRows(people, data, before.groups if before else ())
        holders = holders_of(roles, self.groups.names)
        self.rules = [RuleRows(tag, holders, data, rule) for tag, rule in _rules(kind, before).items()]
        if before is not None:
            self.fields["backup_eligible"].initial = before.token_rules.backup_eligible

    def is_valid(self) -> bool:
        """Whether everything is complete and can be."""
        parts = [super().is_valid(), self.groups.is_valid(), *(rule.is_valid() for rule in self.rules)]
        return all(parts)

    @property
    def has_errors(self) -> bool:
        """Whether something has to be put right."""
        return self.is_bound and not self.is_valid()

    @property
    def person_fields(self) -> list[tuple[Person, forms.BoundField]]:
        """Each person with the field of their roles."""
        return [(person, self[f"roles-{person.pk}"]) for person in self.people]

    @property
    def duties(self) -> list[Duty]:
        """The people who are given a role or are in a group."""
        return [
            Duty(person, tuple(Role(role) for role in self.cleaned_data[f"roles-{person.pk}"]))
            for person in self._chosen()
        ]

    @property
    def terms(self) -> Terms:
        """The rules and the rest. What was never allowed and is not now is not mentioned."""
        rules = [rows.rule() for rows in self.rules]
        return Terms(
            rules=tuple(
                rule
                for rule in rules
                if rule.clauses or self.before is None or self.before.rule(rule.operation)
            ),
            groups=self.groups.groups(),
            backup_eligible=self.cleaned_data["backup_eligible"],
            days=self.cleaned_data["days"],
        )

    def clean(self) -> dict[str, Any]:
        """Somebody must be in it, each with tokens that it accepts."""
        cleaned = super().clean() or {}
        chosen = self._chosen()
        if not chosen:
            self.add_error(None, _("Give at least one person a role."))
        for person in chosen:
            self._check_tokens(person, cleaned.get("backup_eligible"))
        return cleaned

    def explain(self, error: Invalid) -> None:
        """Put a refusal of the draft beside what it is about."""
        if isinstance(error, Unsatisfiable):
            for rows in self.rules:
                if rows.operation in error.operations:
                    rows.refusals.append(_("Too few people could sign this, even if all of them did."))
        elif isinstance(error, Conflicting):
            for person in self.people:
                if person.name in error.people:
                    self.add_error(f"roles-{person.pk}", error.people[person.name])
        else:
            self.add_error(None, error.message)

    def _chosen(self) -> list[Person]:
        members = self.groups.members
        return [
            person
            for person in self.people
            if self.cleaned_data.get(f"roles-{person.pk}") or person.pk in members
        ]

    def _check_tokens(self, person: Person, backup_eligible: str | None) -> None:
        tokens = person.tokens.filter(suspended_at=None)
        if not tokens:
            message = _("%(name)s has no token yet. Send an invitation, or leave this person out for now.")
            self.add_error(f"roles-{person.pk}", message % {"name": person.name})
        for token in tokens:
            if token.backup_eligible and backup_eligible == "forbidden":
                message = _("The token “%(token)s” can be synced, which this charter does not accept.")
                self.add_error(f"roles-{person.pk}", message % {"token": token.label})

    def _roles_field(self, person: Person, roles: Sequence[Role]) -> forms.MultipleChoiceField:
        held = self.before.persons.get(person.pk) if self.before else None
        return forms.MultipleChoiceField(
            label=person.name,
            required=False,
            choices=[(role.value, capfirst(wording.role(role.value))) for role in roles],
            widget=forms.CheckboxSelectMultiple,
            initial=[role.value for role in held.roles] if held else [],
        )


def candidates_for(version: CharterVersion, viewer: Person) -> list[Person]:
    """Who could be in the next version of a charter: those in it, and the people of its organisations."""
    organisations = {version.organisation_id}
    if version.zone is not None:
        organisations.add(version.zone.service.provider_id)
    in_it = version.document.persons
    visible = access.visible_people(viewer).filter(organisation__in=organisations)
    found = Person.objects.filter(Q(pk__in=visible) | Q(pk__in=in_it)).select_related("organisation")
    return list(found.order_by("name"))


def _roles(kind: AuthorityKind, before: Charter | None) -> list[Role]:
    """The roles that go with this kind of authority, and any that the version before gives or asks for."""
    held = {role for person in before.people for role in person.roles} if before else set()
    asked = {clause.role for rule in before.rules for clause in rule.clauses} if before else set()
    return [*ROLES[kind], *sorted((held | asked) - {None, *ROLES[kind]})]


def _rules(kind: AuthorityKind, before: Charter | None) -> dict[str, Rule | None]:
    """Each operation that a charter of this kind can allow, with the rule the form begins with."""
    usual = {rule.operation: rule for rule in default_rules(kind)}
    if before is None:
        return dict(usual)
    tags = sorted({*usual, *(rule.operation for rule in before.rules)})
    return {tag: before.rule(tag) for tag in tags}
