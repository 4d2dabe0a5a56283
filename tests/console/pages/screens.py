"""Every page with somebody who has business there: what the browser tests walk."""

from collections.abc import Iterator
from dataclasses import dataclass

from hsmnodes.models import Key
from tests.cast.people import CLEO, DINA, EMIL, FAY, GUS, JON, Member
from tests.console.pages.stage import Stage


@dataclass(frozen=True)
class Screen:
    """A page, who looks at it, and whether to open all that can be opened."""

    name: str
    path: str
    member: Member | None
    status: int = 200


def screens(stage: Stage) -> Iterator[Screen]:
    """All of them."""
    yield Screen("sign-in", "/sign-in", None)
    yield Screen("invitation", f"/invitation/{stage.secret}", None)
    yield Screen("not-found", "/proposals/" + "0" * 32, EMIL, 404)
    yield Screen("overview-provider", "/", CLEO)
    yield Screen("overview-as-customer", f"/?customer={stage.world.meridian.pk}", CLEO)
    yield Screen("overview-customer", "/", FAY)
    yield from _proposals(stage)
    yield from _zones(stage)
    yield from _machines(stage)
    yield from _people(stage)


def _proposals(stage: Stage) -> Iterator[Screen]:
    yield Screen("inbox-waiting", "/proposals", FAY)
    yield Screen("inbox-empty", "/proposals", JON)
    yield Screen("inbox-all", "/proposals?view=all", EMIL)
    for name, member in (
        ("waiting", FAY),
        ("made", EMIL),
        ("refused", DINA),
        ("running", EMIL),
        ("rejected", EMIL),
        ("draft", FAY),
        ("service", CLEO),
        ("enrolment", CLEO),
    ):
        yield Screen(f"proposal-{name}", f"/proposals/{stage.proposals[name].pk}", member)
    yield Screen("propose", "/propose", CLEO)
    yield Screen("propose-key", f"/propose/key.generate/v1?zone={stage.zones['Cards'].pk}", DINA)
    yield Screen("propose-destroy", f"/propose/key.destroy/v1?zone={stage.zones['Cards'].pk}", DINA)
    yield Screen("propose-rotation", f"/propose/backup-key.rotate/v1?zone={stage.zones['Payments'].pk}", DINA)
    yield Screen("propose-service", "/propose/service.start/v1", CLEO)


def _zones(stage: Stage) -> Iterator[Screen]:
    yield Screen("zones", "/zones", EMIL)
    yield Screen("zone", f"/zones/{stage.zones['Cards'].pk}", EMIL)
    yield Screen("zone-backups", f"/zones/{stage.zones['Cards'].pk}/backups", DINA)
    yield Screen("backup", f"/backups/{stage.backup.pk}", DINA)
    yield Screen("backup-verify", f"/backups/{stage.backup.pk}/verify", DINA)
    yield Screen("backup-restore", f"/backups/{stage.backup.pk}/restore", DINA)
    yield Screen("zone-drafted", f"/zones/{stage.zones['Treasury'].pk}", EMIL)
    yield Screen("zone-found", "/zones/found", DINA)
    yield Screen("key", f"/keys/{Key.objects.get(label='card-signing').pk}", EMIL)
    yield Screen("charter-collecting", f"/charters/{stage.charters['Treasury'].pk}", EMIL)


def _machines(stage: Stage) -> Iterator[Screen]:
    yield Screen("hsms", "/hsms", CLEO)
    yield Screen("hsm", f"/hsms/{stage.nodes['ams-1'].id}", CLEO)
    yield Screen("hsm-new", f"/hsms/{stage.nodes['fra-2'].id}", CLEO)
    yield Screen("hsm-register", "/hsms/register", CLEO)


def _people(stage: Stage) -> Iterator[Screen]:
    yield Screen("people", "/people", JON)
    yield Screen("person", f"/people/{EMIL.id}", GUS)
    yield Screen("charter", f"/charters/{stage.charters['meridian'].pk}", GUS)
    yield Screen("charter-amend", f"/charters/{stage.charters['meridian'].pk}/amend", GUS)
    yield Screen("log", "/log", GUS)
    yield Screen("log-entry", f"/log/{stage.entry}", GUS)
    yield Screen("settings", "/settings", JON)
    yield Screen("search", "/search?q=card", EMIL)
