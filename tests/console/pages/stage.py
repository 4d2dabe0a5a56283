"""A deployment with something to see on every page: done, running, waiting, refused, and in trouble."""

from dataclasses import dataclass, field
from datetime import timedelta

from console.models import SavedView
from console.saved_views import LISTINGS, save_view
from hsmnodes import backups, incoming
from hsmnodes.models import Application, Backup, Cluster, Node, Sample
from hsmnodes.node.protocol.documents import Role
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.registering import add_data_centre
from tenants import charter_drafts, charters, clock, people, programs
from tenants.charter_drafts import Duty
from tenants.identifiers import new_id
from tenants.models import (
    CharterVersion,
    Delivery,
    LogEntry,
    Occasion,
    Proposal,
    Statement,
    Token,
    TrustZone,
    Webhook,
)
from tenants.notices import kinds, telling
from tenants.webhooks import deliveries, endpoints
from tenants.webhooks.transport import Answer
from tests.cast.makers import CLONE, KEYRING
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, FAY, GUS, IVO, JON, LEA
from tests.world import clusters as making_clusters
from tests.world import statements as making_statements
from tests.world.applications import admit, suspend
from tests.world.backups import make_file
from tests.world.history import FIGURES, make_history
from tests.world.models import load_models
from tests.world.nodes import NodeOfWorld
from tests.world.world import World

KEYS = [
    ("card-signing", "ec-p256", ["sign"]),
    ("issuer-2026", "rsa-3072", ["sign"]),
    ("pin-encryption", "aes-256", ["decrypt", "encrypt"]),
    ("tokenisation", "aes-256", ["decrypt", "encrypt"]),
]


@dataclass
class Stage:
    """The world with a story in it, and what stands on the stage by name."""

    world: World
    nodes: dict[str, NodeOfWorld] = field(default_factory=dict)
    proposals: dict[str, Proposal] = field(default_factory=dict)
    zones: dict[str, TrustZone] = field(default_factory=dict)
    charters: dict[str, CharterVersion] = field(default_factory=dict)
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    statements: dict[str, Statement] = field(default_factory=dict)
    secret: str = ""
    entry: int = 0
    cluster: Cluster | None = None
    backup: Backup | None = None
    view: SavedView | None = None

    def set(self) -> "Stage":
        """Everything but the heartbeats, which are those of the moment."""
        self._models()
        self._machines()
        self._zones()
        self._statements()
        self._keys()
        self._open()
        self._people()
        self._views()
        self._told()
        entries = LogEntry.objects.filter(customer=self.world.meridian.id).exclude(document=b"")
        self.entry = entries.order_by("-sequence").first().sequence
        return self

    def _models(self) -> None:
        """Everyone's tokens are of a model that is listed; those of Emil of one that fails."""
        load_models()
        Token.objects.all().update(aaguid=KEYRING)
        Token.objects.filter(person=EMIL.id).update(aaguid=CLONE)

    def _machines(self) -> None:
        frankfurt = add_data_centre(name="Frankfurt", by=self.world.person(CLEO))
        for name in ("ams-1", "ams-2", "fra-1"):
            self.nodes[name] = self.world.node(name)
        Node.objects.filter(name="fra-1").update(data_centre=frankfurt)
        self.nodes["fra-2"] = NodeOfWorld.register("fra-2", by=self.world.person(CLEO))
        Node.objects.filter(name="fra-2").update(data_centre=frankfurt)
        members = self.nodes["ams-1"], self.nodes["fra-1"]
        self.cluster = making_clusters.formed(
            self.world, *members, name="Amsterdam and Frankfurt", mode="failover"
        )
        self.proposals["enrolment"] = self.world.propose_enrolment(self.nodes["fra-2"])

    def beat(self) -> "Stage":
        """Two nodes are heard of, and one was last heard of five hours ago."""
        cards = {"id": self.zones["Cards"].pk, "keys": 4, "digest": "ab" * 32, "epoch": 1, "kcv": "a1b2c3"}
        standing = {"zone": self.zones["Cards"].pk, "state": "unheard", "since": clock.unix_now() - 600}
        self._beat(
            "ams-1",
            capacity={"slots": 8, "slots_used": 2, "keys": 4},
            zones=(cards,),
            member_of=making_clusters.membership(self.cluster),
            standings=(standing,),
            figures=FIGURES,
        )
        self._beat("ams-2", capacity={"slots": 8, "slots_used": 0, "keys": 0}, figures=FIGURES)
        for name in ("ams-1", "fra-1"):
            make_history(Node.objects.get(name=name))
        Node.objects.filter(name__in=["ams-1", "fra-1"]).update(enrolled_at=clock.now() - timedelta(days=90))
        Sample.objects.filter(node__name="fra-1", at__gt=clock.now() - timedelta(hours=5)).delete()
        Node.objects.filter(name="fra-1").update(last_seen_at=clock.now() - timedelta(hours=5))
        return self

    def _beat(self, node: str, **changes) -> None:
        incoming.receive(self.nodes[node].heartbeat_message(**changes))

    def _zones(self) -> None:
        service = self.world.service(self.nodes["ams-1"])
        kept = ("token", "file", "sheet")
        self.zones["Payments"] = self.world.zone_of_custodians(service, name="Payments", kept=kept)
        self.zones["Cards"] = self.world.zone(service, name="Cards")
        for name in ("Payments", "Cards"):
            self._slot(self.zones[name], self.nodes["ams-1"], f"{name} on ams-1")
        self.world.shares(self.zones["Payments"], self.nodes["ams-1"])
        drill = self.world.drill(self.zones["Payments"], self.nodes["ams-1"])
        self.world.custody(self.nodes["ams-1"]).answer(self.world.give_share(drill, EMIL))
        self.proposals["drill"] = drill
        drafted = self.world.draft_zone(service, name="Treasury")
        self.charters["Treasury"] = drafted
        self.zones["Treasury"] = drafted.zone
        charters.sign_charter(
            charter=drafted,
            person=self.world.person(DINA),
            assertion=DINA.key.sign(Purpose.FOUND, bytes(drafted.raw)),
        )
        self.proposals["service"] = self._lumen_service()

    def _statements(self) -> None:
        """One that both sides signed and that holds, and the next, drawn up with other contacts."""
        service = self.zones["Cards"].service
        self.statements["signed"] = making_statements.draw_up(self.world, service)
        making_statements.sign(self.world, self.statements["signed"])
        contacts = making_statements.CONTACTS[:1]
        self.statements["drawn-up"] = making_statements.draw_up(self.world, service, contacts=contacts)

    def _slot(self, zone: TrustZone, node: NodeOfWorld, name: str) -> None:
        parameters = {
            "slot": {"id": new_id(), "name": name},
            "zone": {"id": zone.id, "name": zone.name},
            "service": {"id": zone.service.id, "name": zone.service.name},
            "zone_charter": charters.anchor_of(zone.id),
            "backup_key": "TBK",
        }
        proposal = self.world.propose("slot.create/v1", parameters, by=CLEO, nodes=[node])
        proposal = self.world.approve(proposal, ADA, BEN, DINA, EMIL)
        node.answer(proposal, results={"backup_key": {"kind": "TBK", "epoch": 1, "kcv": "a1b2c3"}})
        self.proposals[f"slot of {zone.name}"] = Proposal.objects.get(pk=proposal.pk)

    def _lumen_service(self) -> Proposal:
        parameters = {
            "service": {"id": new_id(), "name": "Records HSM"},
            "mode": "exclusive",
            "customer": {"id": self.world.lumen.id, "name": self.world.lumen.name},
            "customer_founding": charters.anchor_of(self.world.lumen.id),
        }
        proposal = self.world.propose("service.start/v1", parameters, by=CLEO, nodes=[self.nodes["ams-2"]])
        return self.world.approve(proposal, ADA, IVO)

    def _propose_keys(self, zone: str, keys, *, by=DINA) -> Proposal:
        parameters = {
            "zone": self.zones[zone].named().model_dump(),
            "keys": [
                {"label": label, "algorithm": algorithm, "usages": usages}
                for label, algorithm, usages in keys
            ],
        }
        return self.world.propose("key.generate/v1", parameters, by=by, nodes=[self.nodes["ams-1"]])

    def _keys(self) -> None:
        node = self.nodes["ams-1"]
        made = self.world.approve(self._propose_keys("Cards", KEYS), EMIL, FAY)
        results = node.key_results(made)
        node.answer(made, results=results, detail="4 keys are generated.")
        self.proposals["made"] = Proposal.objects.get(pk=made.pk)
        self.proposals["application"] = admit(self.world, self.zones["Cards"], node)
        admit(self.world, self.zones["Cards"], node, name="tills")
        suspend(self.world, Application.objects.get(name="tills"))
        file = make_file(self.zones["Cards"], node, new_id())
        self.backup = backups.upload_backup(
            person=self.world.person(DINA), zone=self.zones["Cards"], data=file.data
        )
        refused = self.world.approve(
            self._propose_keys("Payments", [("card-signing", "ec-p256", ["sign"])]), EMIL, FAY
        )
        node.answer(
            refused,
            outcome="refused",
            code="name-in-use",
            detail="The name card-signing was already used for a key here.",
        )
        self.proposals["refused"] = Proposal.objects.get(pk=refused.pk)

    def _open(self) -> None:
        self.proposals["running"] = self.world.approve(
            self._propose_keys("Payments", [("settlement-2027", "rsa-4096", ["sign"])]), EMIL, FAY
        )
        self.proposals["waiting"] = self.world.approve(
            self._propose_keys(
                "Cards",
                [("payments-2027", "ec-p256", ["sign"]), ("pin-2027", "aes-256", ["decrypt", "encrypt"])],
            ),
            EMIL,
        )
        rejected = self._propose_keys("Cards", [("test", "rsa-2048", ["sign"])], by=EMIL)
        self.proposals["rejected"] = self.world.reject(rejected, DINA)
        self.proposals["cancelled"] = self.world.cancel(
            self._propose_keys("Payments", [("old-name", "ec-p384", ["sign"])]), DINA
        )
        self.proposals["draft"] = self.world.draft(
            "key.generate/v1",
            {
                "zone": self.zones["Cards"].named().model_dump(),
                "keys": [{"label": "drafted", "algorithm": "ec-p256", "usages": ["sign"]}],
            },
            by=FAY,
            nodes=[self.nodes["ams-1"]],
        )

    def _people(self) -> None:
        by = self.world.person(JON)
        newcomer = people.add_person(organisation=self.world.northgate, name="Mara Lindqvist", by=by)
        self.secret = people.invite_person(person=newcomer, by=by).secret
        programs.register_program(
            name="Inventory export", public_key="11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", by=by
        )
        current = CharterVersion.objects.get(authority=self.world.meridian.id, state="in-force")
        roles = [(DINA, Role.KEY_MANAGER), (EMIL, Role.KEY_MANAGER), (FAY, Role.KEY_MANAGER)]
        duties = [Duty(self.world.person(one), (role,)) for one, role in roles]
        duties += [Duty(self.world.person(one), (Role.SECURITY_OFFICER,)) for one in (GUS, LEA)]
        self.charters["amendment"] = charter_drafts.draft_amendment(
            current=current, duties=duties, by=self.world.person(GUS)
        )
        self.charters["meridian"] = current

    def _views(self) -> None:
        dina = self.world.person(DINA)
        for name, asked in (
            ("Keys that were refused", {"view": "mine", "state": "refused", "operation": "key.generate/v1"}),
            ("Everything open", {"view": "all", "state": "open"}),
        ):
            self.view = save_view(person=dina, listing=LISTINGS["proposals"], name=name, asked=asked)

    def _told(self) -> None:
        """Webhooks of two organisations, one message that arrived and others that did not; and notices."""
        for member, name in ((GUS, "Tickets"), (IVO, "Monitoring")):
            made = endpoints.add_webhook(
                name=name,
                url="https://hooks.meridian.example/quorate?room=hsm",
                events=[kinds.PROPOSAL_WAITING, kinds.PROPOSAL_FAILED, kinds.ALARM_RAISED],
                by=self.world.person(member),
            )
            self.webhooks[self.world.person(member).organisation.name] = made.webhook
        waiting = Occasion.objects.filter(key=kinds.waiting_key(self.proposals["waiting"].pk))
        waiting.update(told_at=None)
        telling.sweep()
        for made in self.webhooks.values():
            deliveries.put_test(made)
        self._answer(Answer(503, "", 412), occasion__isnull=False)
        self._answer(Answer(None, "It did not answer in time.", 15_003), occasion=None)
        self._answer(Answer(204, "", 87), occasion=None)

    def _answer(self, answer: Answer, **which) -> None:
        """How an attempt at messages to Meridian Bank's webhook went."""
        for delivery in Delivery.objects.filter(webhook=self.webhooks["Meridian Bank"], **which):
            delivery.attempts = 1
            deliveries.note_answer(delivery, answer)
