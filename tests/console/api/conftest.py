"""The cast's deployment with something of every kind in it, and those who ask the API about it."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from hsmnodes import backups
from hsmnodes.models import Application, Backup, Ceremony, Cluster, Key, Receipt, ShareSet, Slot
from tenants import programs
from tenants.identifiers import new_id
from tenants.models import CharterVersion, LogEntry, Organisation, Program, Proposal, Service, TrustZone
from tests.cast.people import DINA, GUS, IVO, JON, Member
from tests.console.api.signing import ProgramKey
from tests.world import applications, clusters
from tests.world.backups import make_file
from tests.world.signing_in import sign_in
from tests.world.world import World


@dataclass
class Scene:
    """What is there, and how to ask about it."""

    world: World
    node: Any
    service: Service
    zone: TrustZone
    slot: Slot
    share_set: ShareSet
    ceremony: Ceremony
    key: Key
    cluster: Cluster
    application: Application
    backup: Backup
    receipt: Receipt
    done: Proposal
    open: Proposal
    charter: CharterVersion
    entry: LogEntry

    def as_member(self, member: Member | None) -> Client:
        """A browser in which the member is signed in; without one, nobody."""
        client = Client()
        return client if member is None else sign_in(client, self.world.person(member))


@pytest.fixture(autouse=True)
def _no_stranger_was_here_before():
    cache.clear()


def _set(world: World) -> Scene:
    """A zone of Meridian Bank with a key on a node of Northgate, and a proposal that is still open."""
    node = world.node()
    zone = world.zone_of_custodians(world.service(node))
    world.slot(zone, node)
    world.shares(zone, node)
    drill = world.drill(zone, node)
    world.custody(node).answer(world.give_share(drill, DINA))
    done = world.key(zone, node)
    cluster = clusters.formed(world, node, world.node("fra-1"))
    applications.admit(world, zone, node)
    return Scene(
        world=world,
        node=node,
        service=Service.objects.get(),
        zone=zone,
        slot=Slot.objects.get(),
        share_set=ShareSet.objects.get(),
        ceremony=Ceremony.objects.get(),
        key=Key.objects.get(),
        cluster=cluster,
        application=Application.objects.get(),
        backup=backups.upload_backup(
            person=world.person(DINA), zone=zone, data=make_file(zone, node, new_id()).data
        ),
        receipt=Receipt.objects.get(proposal=done),
        done=done,
        open=world.propose_key(zone, node, label="statements"),
        charter=CharterVersion.objects.get(authority=zone.id),
        entry=LogEntry.objects.get(subject=done.id, event="proposal.authorised"),
    )


@pytest.fixture
def scene(world, once) -> Scene:
    """The same, made once and put back for each test."""
    return once(lambda: _set(world))


OFFICERS = {"Northgate": JON, "Meridian Bank": GUS, "Lumen Health": IVO}


def register(world: World, organisation: Organisation, name: str = "Rotation") -> ProgramKey:
    """A program of the organisation with a key of its own."""
    key = ProgramKey()
    program: Program = programs.register_program(
        name=name, public_key=key.public_key, by=world.person(OFFICERS[organisation.name])
    )
    key.id = program.id
    return key


@pytest.fixture
def program(world) -> ProgramKey:
    """A program of Meridian Bank."""
    return register(world, world.meridian)


@pytest.fixture
def make_program(world):
    """Registers a program of any organisation."""
    return lambda organisation, name="Rotation": register(world, organisation, name)
