"""Every page with somebody who has business there: what the browser tests walk."""

from collections.abc import Iterator
from dataclasses import dataclass

from hsmnodes.models import Application, Key
from tenants.models import CharterVersion
from tests.cast.people import CLEO, DINA, EMIL, FAY, GUS, JON, LEA, Member
from tests.console.pages.recovery_under_way import recovery_under_way
from tests.console.pages.rules_in_full import waiting, zone_in_full
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
    yield from _statements(stage)
    yield from _rules(stage)
    yield from _recovery(stage)


def _proposals(stage: Stage) -> Iterator[Screen]:
    yield Screen("inbox-waiting", "/proposals", FAY)
    yield Screen("inbox-empty", "/proposals", JON)
    yield Screen("inbox-all", "/proposals?view=all", EMIL)
    yield Screen("inbox-saved", f"/proposals?{stage.view.query}", DINA)
    yield Screen("inbox-to-save", "/proposals?view=all&state=done", DINA)
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
    yield Screen("propose-rotating", f"/propose/key.rotate/v1?zone={stage.zones['Cards'].pk}", DINA)
    yield Screen("propose-rotation", f"/propose/backup-key.rotate/v1?zone={stage.zones['Payments'].pk}", DINA)
    yield Screen("propose-import", f"/propose/backup-key.import/v1?zone={stage.zones['Payments'].pk}", CLEO)
    yield Screen("propose-backup", f"/propose/backup.take/v1?zone={stage.zones['Cards'].pk}", DINA)
    yield Screen("propose-service", "/propose/service.start/v1", CLEO)
    yield Screen("propose-extend", f"/propose/zone.extend/v1?zone={stage.zones['Cards'].pk}", DINA)
    yield Screen("propose-withdraw", f"/propose/zone.withdraw/v1?zone={stage.zones['Cards'].pk}", DINA)


def _statements(stage: Stage) -> Iterator[Screen]:
    service = f"/services/{stage.zones['Cards'].service_id}/statement"
    yield Screen("statements", "/statements", GUS)
    yield Screen("statement-of-service", service, GUS)
    yield Screen("statement-draw-up", f"{service}/draw-up", GUS)
    yield Screen("statement-drawn-up", f"/statements/{stage.statements['drawn-up'].pk}", GUS)
    yield Screen("statement-signed", f"/statements/{stage.statements['signed'].pk}", JON)


def _zones(stage: Stage) -> Iterator[Screen]:
    yield Screen("zones", "/zones", EMIL)
    yield Screen("zone", f"/zones/{stage.zones['Cards'].pk}", EMIL)
    yield Screen("zone-hand-over", f"/zones/{stage.zones['Cards'].pk}/hand-over", DINA)
    yield Screen("zone-comparison", f"/zones/{stage.zones['Cards'].pk}/comparison", EMIL)
    yield Screen("application", f"/applications/{Application.objects.get(name='webshop').pk}", EMIL)
    yield Screen("application-suspended", f"/applications/{Application.objects.get(name='tills').pk}", DINA)
    yield Screen("propose-application", f"/propose/application.admit/v1?zone={stage.zones['Cards'].pk}", DINA)
    yield Screen("zone-backups", f"/zones/{stage.zones['Cards'].pk}/backups", DINA)
    yield Screen("backup", f"/backups/{stage.backup.pk}", DINA)
    yield Screen("backup-verify", f"/backups/{stage.backup.pk}/verify", DINA)
    yield Screen("backup-restore", f"/backups/{stage.backup.pk}/restore", DINA)
    yield Screen("custody", f"/zones/{stage.zones['Payments'].pk}", EMIL)
    yield Screen("ceremony", f"/ceremonies/{stage.proposals['drill'].pk}", FAY)
    yield Screen("ceremony-given", f"/ceremonies/{stage.proposals['drill'].pk}", EMIL)
    yield Screen("ceremony-print", f"/ceremonies/{stage.proposals['drill'].pk}/print", FAY)
    yield Screen("zone-drafted", f"/zones/{stage.zones['Treasury'].pk}", EMIL)
    yield Screen("zone-found", "/zones/found", DINA)
    yield Screen("key", f"/keys/{Key.objects.get(label='card-signing').pk}", EMIL)
    yield Screen("charter-collecting", f"/charters/{stage.charters['Treasury'].pk}", EMIL)


def _machines(stage: Stage) -> Iterator[Screen]:
    yield Screen("hsms", "/hsms", CLEO)
    yield Screen("hsm", f"/hsms/{stage.nodes['ams-1'].id}", CLEO)
    yield Screen("clusters", "/clusters", CLEO)
    yield Screen("cluster", f"/clusters/{stage.cluster.pk}", CLEO)
    yield Screen("cluster-customer", f"/clusters/{stage.cluster.pk}", EMIL)
    yield Screen("propose-cluster", "/propose/cluster.form/v1", CLEO)
    yield Screen("propose-joining", f"/propose/cluster.join/v1?cluster={stage.cluster.pk}", CLEO)
    yield Screen("propose-leaving", f"/propose/cluster.leave/v1?cluster={stage.cluster.pk}", CLEO)
    yield Screen("propose-mode", f"/propose/cluster.change-mode/v1?cluster={stage.cluster.pk}", CLEO)
    yield Screen("propose-agreeing", f"/propose/cluster.agree/v1?zone={stage.zones['Cards'].pk}", DINA)
    yield Screen("hsm-new", f"/hsms/{stage.nodes['fra-2'].id}", CLEO)
    yield Screen("hsm-register", "/hsms/register", CLEO)


def _people(stage: Stage) -> Iterator[Screen]:
    yield Screen("people", "/people", JON)
    yield Screen("people-customer", "/people", GUS)
    yield Screen("person", f"/people/{EMIL.id}", GUS)
    yield Screen("guide-lose", f"/people/{DINA.id}/lose-token", GUS)
    yield Screen("guide-replace", f"/people/{DINA.id}/replace-token", DINA)
    yield Screen("guide-leave", f"/people/{GUS.id}/leave", LEA)
    payments = CharterVersion.objects.get(authority=stage.zones["Payments"].pk, state="in-force").pk
    yield Screen("guide-role", f"/people/{EMIL.id}/change-role?charter={payments}&role=custodian", DINA)
    yield Screen("charter", f"/charters/{stage.charters['meridian'].pk}", GUS)
    yield Screen("charter-amend", f"/charters/{stage.charters['meridian'].pk}/amend", GUS)
    yield Screen("duties-provider", f"/organisations/{stage.world.northgate.pk}/duties", JON)
    yield Screen("duties-customer", f"/organisations/{stage.world.meridian.pk}/duties", GUS)
    yield Screen("duties-zone", f"/zones/{stage.zones['Payments'].pk}/duties", EMIL)
    lost = f"person={DINA.id}&person={GUS.id}"
    yield Screen("duties-lost", f"/organisations/{stage.world.meridian.pk}/duties?{lost}", GUS)
    yield Screen("duties-unfounded", f"/zones/{stage.zones['Treasury'].pk}/duties", EMIL)
    yield Screen("log", "/log", GUS)
    yield Screen("log-alarms", "/log?severity=alarm", CLEO)
    yield Screen("log-entry", f"/log/{stage.entry}", GUS)
    yield Screen("settings", "/settings", JON)
    yield Screen("notices", "/notices", EMIL)
    yield Screen("notices-all", "/notices?view=all", GUS)
    yield Screen("notice-settings", "/settings/notices", GUS)
    yield Screen("webhooks", "/webhooks", GUS)
    yield Screen("webhooks-empty", "/webhooks", JON)
    yield Screen("webhook-add", "/webhooks/add", GUS)
    yield Screen("webhook", f"/webhooks/{stage.webhooks['Meridian Bank'].pk}", GUS)
    yield Screen("search", "/search?q=card", EMIL)


def _rules(stage: Stage) -> Iterator[Screen]:
    node = stage.nodes["ams-1"]
    zone = zone_in_full(stage.world, stage.zones["Cards"].service, node)
    charter = CharterVersion.objects.get(authority=zone.pk, state="in-force")
    yield Screen("rules-delayed", f"/proposals/{waiting(stage.world, zone, node).pk}", FAY)
    open_one = stage.world.approve(stage.world.propose_key(zone, node, label="tills"), EMIL)
    yield Screen("rules-alternatives", f"/proposals/{open_one.pk}", FAY)
    yield Screen("rules-propose", f"/propose/key.generate/v1?zone={zone.pk}", DINA)
    yield Screen("rules-duties", f"/zones/{zone.pk}/duties", DINA)
    yield Screen("rules-charter", f"/charters/{charter.pk}", DINA)
    yield Screen("rules-amend", f"/charters/{charter.pk}/amend", DINA)


def _recovery(stage: Stage) -> Iterator[Screen]:
    """A zone with a recovery clause, and its recovery, which waits out its announcement."""
    proposal, current, draft = recovery_under_way(stage.world, stage.zones["Cards"].service)
    yield Screen("recovery-proposal", f"/proposals/{proposal.pk}", EMIL)
    yield Screen("recovery-charter", f"/charters/{current.pk}", EMIL)
    yield Screen("recovery-draft", f"/charters/{draft.pk}", DINA)
    yield Screen("recovery-overview", "/", EMIL)
    duties = f"/zones/{current.authority}/duties"
    yield Screen("recovery-duties", duties, EMIL)
    yield Screen("recovery-lost", f"{duties}?person={DINA.id}&person={EMIL.id}", FAY)
    yield Screen("recovery-amend", f"/charters/{current.pk}/amend", EMIL)
