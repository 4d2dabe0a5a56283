"""The sample organisations and people, each with two simulated tokens, and their founded charters."""

import os
from pathlib import Path

from django.conf import settings
from django.db import transaction

from console.demo.cast import BANK, HEALTH, PROVIDER, Member, SampleOrganisation
from console.demo.software_token import SoftwareToken
from console.desk.simulator import SimulatedPerson, Simulator, read_simulator
from hsmnodes.node.protocol.documents import Named
from hsmnodes.node.protocol.purposes import Purpose
from tenants import access, charter_drafts, charters, deployment, people, tokens
from tenants.charter_drafts import Duty
from tenants.models import CharterState, CharterVersion, Organisation, Person

LABELS = ("First token", "Spare token")


def simulator_file() -> Path:
    """Where the simulated tokens are kept; whoever can read it can sign as the sample people."""
    return settings.STATE_DIR / "simulator.json"


def set_up_people() -> None:
    """Add the sample organisations and people, unless they are there; then found their charters."""
    if not Organisation.objects.filter(name=PROVIDER.name).exists():
        with transaction.atomic():
            _save(Simulator(deployment=deployment.current().id, people=tuple(_add_everyone())))
    simulator = read_simulator(simulator_file())
    for sample in (PROVIDER, BANK, HEALTH):
        _found(sample, simulator)


def software_token(simulator: Simulator, person: Person, credential_id: str | None = None) -> SoftwareToken:
    """A simulated token of a person: the first, or the one with this credential id."""
    held = next(one for one in simulator.people if one.id == person.id).tokens
    wanted = [one for one in held if credential_id in (None, one.credential_id)]
    return SoftwareToken.read(wanted[0])


def member(name: str) -> Person:
    """The sample person of this name."""
    return Person.objects.select_related("organisation__provider").get(
        name=name, organisation__name__in=[PROVIDER.name, BANK.name, HEALTH.name]
    )


def _add_everyone() -> list[SimulatedPerson]:
    provider = people.add_provider(name=PROVIDER.name)
    found = _add_members(provider, PROVIDER, by=None)
    officer = Person.objects.get(organisation=provider, name="Jon")
    for sample in (BANK, HEALTH):
        customer = people.add_customer(name=sample.name, by=officer)
        found += _add_members(customer, sample, by=officer)
    return found


def _add_members(
    organisation: Organisation, sample: SampleOrganisation, *, by: Person | None
) -> list[SimulatedPerson]:
    return [_add(organisation, member, by=by) for member in sample.members]


def _add(organisation: Organisation, sample: Member, *, by: Person | None) -> SimulatedPerson:
    person = people.add_person(organisation=organisation, name=sample.name, by=by)
    made = [SoftwareToken.make(label) for label in LABELS]
    for one in made:
        tokens.enrol_token(person=person, token=one.token(), invitation=None)
    return SimulatedPerson(
        id=person.id,
        name=person.name,
        organisation=Named(id=organisation.id, name=organisation.name),
        title=sample.title,
        tokens=tuple(one.simulated() for one in made),
    )


def _found(sample: SampleOrganisation, simulator: Simulator) -> None:
    """Draft the charter and have every token of everyone sign it, as far as that has not been done."""
    organisation = Organisation.objects.get(name=sample.name)
    if access.charter_in_force(organisation.id) is not None:
        return
    charter = CharterVersion.objects.filter(authority=organisation.id, state=CharterState.COLLECTING).first()
    if charter is None:
        duties = [
            Duty(Person.objects.get(organisation=organisation, name=one.name), one.roles)
            for one in sample.members
        ]
        charter = charter_drafts.draft_founding(
            organisation=organisation, duties=duties, by=duties[-1].person
        )
    sign_charter(charter, simulator)


def sign_charter(charter: CharterVersion, simulator: Simulator) -> None:
    """Sign a charter with every simulated token that it still waits for."""
    desk = deployment.desk()
    for one in charters.unsigned(charter):
        person = Person.objects.get(pk=one.person)
        token = software_token(simulator, person, one.token.credential_id)
        charters.sign_charter(
            charter=charter, person=person, assertion=token.sign(Purpose.FOUND, bytes(charter.raw), desk=desk)
        )


def _save(simulator: Simulator) -> None:
    """Write the file whole or not at all, for its owner alone."""
    path = simulator_file()
    new = path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(simulator.model_dump_json(indent=2))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
