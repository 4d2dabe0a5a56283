"""The form of a charter: people and their roles, groups of them, and for each operation who must sign."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.pages import wording
from console.pages.forms.charter_groups import GroupRows
from console.pages.forms.charter_rules import RuleRows, holders_of
from console.pages.forms.recovery_fields import recovery_fields, recovery_of
from console.pages.forms.token_rules import TokenRulesForm, missing_tokens
from hsmnodes.node.protocol.consistency import RECOVER
from hsmnodes.node.protocol.documents import AuthorityKind, Charter, Clause, Group, Role, Rule
from tenants import access, charters
from tenants.analysis.default_rules import token_rules
from tenants.analysis.defaults import defaults_for, defaults_of
from tenants.charter_drafts import (
    VALIDITY_DAYS,
    Conflicting,
    Duty,
    Terms,
    Uncontrolled,
    Unsatisfiable,
)
from tenants.errors import Invalid
from tenants.models import CharterVersion, Person
from tenants.recovery import Side

ROLES = {
    AuthorityKind.PROVIDER: (
        Role.HSM_ADMINISTRATOR,
        Role.SECURITY_OFFICER,
        Role.KEY_MANAGER,
        Role.AUDITOR,
    ),
    AuthorityKind.CUSTOMER: (Role.SECURITY_OFFICER, Role.KEY_MANAGER, Role.AUDITOR),
    AuthorityKind.ZONE: (Role.KEY_MANAGER, Role.CUSTODIAN, Role.AUDITOR),
}


class CharterForm(forms.Form):
    """After `is_valid()`: `duties` and `terms` for the draft.

    `before` is the version that it follows; `rules` are those the form begins with, if other than its own;
    `sides` the other sides of a recovery, each with those who could be it; `instead` the roles to begin with
    of people by id, where they are not those held (who has none is in no group either).
    """

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

    def __init__(
        self,
        kind: AuthorityKind,
        people: Sequence[Person],
        data: Mapping[str, Any] | None = None,
        *,
        before: Charter | None = None,
        rules: Sequence[Rule] = (),
        sides: Sequence[Sequence[Side]] = (),
        instead: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.people, self.before, self.sides = people, before, sides
        self.instead = instead or {}
        super().__init__(data)
        roles = _roles(kind, before)
        for person in people:
            self.fields[f"roles-{person.pk}"] = self._roles_field(person, roles)
        self.groups = GroupRows(people, data, self._groups(before.groups if before else ()))
        holders = holders_of(roles, self.groups.names)
        defaults = dict(defaults_for(before) if before else defaults_of(kind))
        defaults |= {rule.operation: rule for rule in rules}
        begins = _rules(kind, before) | {rule.operation: rule for rule in rules}
        self.rules = [RuleRows(tag, holders, data, rule, defaults.get(tag)) for tag, rule in begins.items()]
        self.fields |= recovery_fields(roles, sides, before)
        self.tokens = TokenRulesForm(
            data,
            begins=before.token_rules if before else token_rules(),
            people=[person.pk for person in people],
        )

    def is_valid(self) -> bool:
        """Whether everything is complete and can be."""
        parts = [self.groups, self.tokens, *self.rules]
        return all([super().is_valid(), *(part.is_valid() for part in parts)])

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
            token_rules=self.tokens.rules,
            leave_out=self.tokens.cleaned_data["leave_out"],
            days=self.cleaned_data["days"],
            recovery=recovery_of(self.cleaned_data, self.sides, self.before),
        )

    def clean(self) -> dict[str, Any]:
        """Somebody must be in it, each with tokens that it accepts."""
        cleaned = super().clean() or {}
        chosen = self._chosen()
        if not chosen:
            self.add_error(None, _("Give at least one person a role."))
        for person in chosen:
            self._check_tokens(person)
        for name in ("recovery_days", "recovery_side") if cleaned.get("recovery") else ():
            if name in self.fields and not cleaned.get(name) and name not in self.errors:
                self.add_error(name, _("A recovery needs this."))
        return cleaned

    def explain(self, error: Invalid) -> None:
        """Put a refusal of the draft beside what it is about."""
        if isinstance(error, Unsatisfiable):
            if RECOVER in error.operations:
                self.add_error("recovery", _("Too few people could sign this, even if all of them did."))
            for rows in self.rules:
                if rows.operation in error.operations:
                    rows.refusals.append(_("Too few people could sign this, even if all of them did."))
        elif isinstance(error, Conflicting):
            self._explain_people(error.people)
        elif isinstance(error, Uncontrolled):
            self._explain_people({error.person: error.message})
            if RECOVER in error.operations:
                self.add_error("recovery", error.message)
            for rows in self.rules:
                if rows.operation in error.operations:
                    rows.refusals.append(
                        _("Ask for at least two people of the side that controls the zone, and only of it.")
                    )
        else:
            self.add_error(None, error.message)

    def _explain_people(self, messages: Mapping[str, str]) -> None:
        for person in self.people:
            if person.name in messages:
                self.add_error(f"roles-{person.pk}", messages[person.name])

    @property
    def weaker(self) -> set[str]:
        """The operations for which the rule in the form asks for less than the default."""
        held = {person.pk: set(field.value() or ()) for person, field in self.person_fields}
        members = {form["name"].value(): form["people"].value() or () for form in self.groups.forms}

        def within(clause: Clause, asked: Clause) -> bool:
            """Whether all whom the clause asks for are given the role that the default asks for."""
            if clause.role is not None:
                return clause.role == asked.role
            people = members.get(clause.group, ())
            return all(asked.role in held.get(person, ()) for person in people)

        return {rows.operation for rows in self.rules if rows.is_weaker(within)}

    def _chosen(self) -> list[Person]:
        members = self.groups.members
        return [
            person
            for person in self.people
            if self.cleaned_data.get(f"roles-{person.pk}") or person.pk in members
        ]

    def _check_tokens(self, person: Person) -> None:
        """Put beside a person what keeps their tokens out of a charter with these rules."""
        for message in missing_tokens(person, self.tokens) if self.tokens.is_valid() else ():
            self.add_error(f"roles-{person.pk}", message)

    def _roles_field(self, person: Person, roles: Sequence[Role]) -> forms.MultipleChoiceField:
        held = self.before.persons.get(person.pk) if self.before else None
        return forms.MultipleChoiceField(
            label=person.name,
            required=False,
            choices=[(role.value, capfirst(wording.role(role.value))) for role in roles],
            widget=forms.CheckboxSelectMultiple,
            initial=self._begins(person, [role.value for role in held.roles] if held else [], roles),
        )

    def _begins(self, person: Person, held: Sequence[str], roles: Sequence[Role]) -> list[str]:
        known = {role.value for role in roles}
        return [one for one in self.instead.get(person.pk, held) if one in known]

    def _groups(self, groups: Sequence[Group]) -> list[Group]:
        """The groups to begin with: without those who are to have no role."""
        out = {person for person, roles in self.instead.items() if not set(roles) & set(Role)}
        kept = [(one.name, tuple(member for member in one.people if member not in out)) for one in groups]
        return [Group(name=name, people=people) for name, people in kept]


def candidates_for(version: CharterVersion, viewer: Person) -> list[Person]:
    """Who could be in the next version of a charter: those in it, and the people of its organisations."""
    organisations = {version.organisation_id}
    in_it = set(version.document.persons)
    if version.zone is not None:
        organisations.add(version.zone.service.provider_id)
        in_it |= lent_by([version.zone.service.provider_id])
    visible = access.visible_people(viewer).filter(organisation__in=organisations)
    found = Person.objects.filter(Q(pk__in=visible) | Q(pk__in=in_it)).select_related("organisation")
    return list(found.prefetch_related("tokens").order_by("name"))


def lent_by(providers: Iterable[str]) -> set[str]:
    """The ids of those who, by their providers' charters in force, could have duties in a customer's zone.

    Customers see these charters, but not the lists of their providers' people.
    """
    return {
        person.id
        for charter in charters.in_force(providers).values()
        for person in charter.people
        if Role.HSM_ADMINISTRATOR not in person.roles
    }


def _roles(kind: AuthorityKind, before: Charter | None) -> list[Role]:
    """The roles that go with this kind of authority, and any that the version before gives or asks for."""
    held = {role for person in before.people for role in person.roles} if before else set()
    asked = {clause.role for rule in before.rules for clause in rule.asked} if before else set()
    return [*ROLES[kind], *sorted((held | asked) - {None, *ROLES[kind]})]


def _rules(kind: AuthorityKind, before: Charter | None) -> dict[str, Rule | None]:
    """Each operation that a charter of this kind can allow, with the rule the form begins with."""
    usual = defaults_of(kind)
    if before is None:
        return dict(usual)
    tags = sorted({*usual, *(rule.operation for rule in before.rules)})
    return {tag: before.rule(tag) for tag in tags}
