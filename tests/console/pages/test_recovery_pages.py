"""Recovery below quorum on the pages: off until it is chosen, offered for a draft, and seen by all."""

from html import unescape

import pytest
from django.test import Client

from console.pages.forms.zone_models import model_called
from console.pages.founding import ZoneForm
from hsmnodes.node.protocol.documents import Charter, Role
from tenants import charters, clock, workflow
from tenants.charter_drafts import Terms
from tenants.drafting import build_proposal
from tenants.models import CharterVersion, Organisation, Person, Proposal, Service, State
from tenants.recovery import could_recover
from tests.cast.people import ADA, CLEO, DINA, EMIL, FAY, GUS, HANA, IVO, JON, Member, named
from tests.console.pages.charter_forms import sent
from tests.console.pages.recovery_under_way import (
    OSCAR,
    PIA,
    clause_for_a_zone,
    draft_recovery,
    recovery_under_way,
)
from tests.world.hiring import hire
from tests.world.signing_in import sign_in

pytestmark = pytest.mark.django_db


NEWBANK = named("New Bank")


def in_force(authority) -> CharterVersion:
    return CharterVersion.objects.get(authority=authority, state="in-force")


def text(client, path) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


@pytest.fixture
def service(world):
    return world.service(world.node())


@pytest.fixture
def safe(world, service):
    """A zone with a recovery clause."""
    hire(world.meridian, OSCAR, PIA)
    return world.zone(service, name="Safe", terms=Terms(recovery=clause_for_a_zone(world)))


class TestTheClause:
    """It is chosen in the form of a charter."""

    def amend(self, client, version, **changes) -> CharterVersion:
        path = f"/charters/{version.pk}/amend"
        filled = sent(client.get(path).context["form"]) | changes | {"step": "draft"}
        answer = client.post(path, filled)
        assert answer.status_code == 302, answer.context["form"].errors
        return CharterVersion.objects.get(pk=answer["Location"].rsplit("/", 1)[1])

    def test_it_is_off_unless_it_is_chosen(self, as_, world, service):
        zone = world.zone(service)
        made = self.amend(as_(DINA), in_force(zone.pk))
        assert made.document.recovery is None
        assert b"recovery" not in bytes(made.raw)

    def test_a_zone_s_takes_both_organisations_by_their_charters_in_force(self, as_, world, service):
        zone = world.zone(service)
        made = self.amend(as_(DINA), in_force(zone.pk), recovery="1 key-manager", recovery_days=14)
        recovery = made.document.recovery
        assert (recovery.days, recovery.clauses[0].m, recovery.clauses[0].role) == (14, 1, Role.KEY_MANAGER)
        wanted = [in_force(one.pk).hash for one in (world.meridian, world.northgate)]
        assert [one.charter for one in recovery.others] == wanted

    def test_a_provider_chooses_the_customer(self, as_, world):
        path = f"/charters/{in_force(world.northgate.pk).pk}/amend"
        field = as_(JON).get(path).context["form"].fields["recovery_side"]
        assert {name for _, name in field.choices} == {"Meridian Bank", "Lumen Health"}
        made = self.amend(
            as_(JON),
            in_force(world.northgate.pk),
            recovery="1 security-officer",
            recovery_side=world.lumen.pk,
        )
        assert [one.name for one in made.document.recovery.others] == ["Lumen Health"]

    @pytest.mark.parametrize("days", [6, 91, ""])
    def test_its_days_are_a_week_to_a_quarter(self, as_, world, service, days):
        zone = world.zone(service)
        path = f"/charters/{in_force(zone.pk).pk}/amend"
        client = as_(DINA)
        filled = sent(client.get(path).context["form"]) | {"recovery": "1 key-manager"}
        answer = client.post(path, filled | {"recovery_days": days, "step": "draft"})
        assert answer.status_code == 422
        assert "recovery_days" in answer.context["form"].errors

    def test_where_it_is_off_nothing_more_is_asked(self, as_, world, service):
        made = self.amend(as_(JON), in_force(world.northgate.pk), recovery_days="", recovery_side="")
        assert made.document.recovery is None

    def test_a_provider_s_asks_which_customer_it_takes(self, as_, world, service):
        path = f"/charters/{in_force(world.northgate.pk).pk}/amend"
        client = as_(JON)
        filled = sent(client.get(path).context["form"]) | {"recovery": "1 security-officer"}
        answer = client.post(path, filled | {"recovery_side": "", "step": "draft"})
        assert answer.status_code == 422
        assert "recovery_side" in answer.context["form"].errors

    def test_an_amendment_by_the_form_keeps_it_so_that_the_draft_could_be_a_recovery(self, as_, world, safe):
        changes = {f"roles-{one.id}": ["key-manager"] for one in (OSCAR, PIA)}
        changes |= {f"roles-{EMIL.id}": []}
        made = self.amend(as_(DINA), in_force(safe.pk), **changes)
        assert made.document.recovery == in_force(safe.pk).document.recovery
        assert could_recover(made)


class TestFounding:
    """The form that founds a charter has the clause as the one that amends it: off until it is chosen."""

    def found(self, client, service, **changes):
        form = sent(client.get(f"/zones/found?service={service.pk}").context["form"])
        roles = {f"roles-{one.id}": [Role.KEY_MANAGER.value] for one in (DINA, EMIL, FAY)}
        return client.post("/zones/found", form | roles | {"name": "Vault", "service": service.pk} | changes)

    def founded(self, client, service, **changes) -> Charter:
        answer = self.found(client, service, **changes)
        assert answer.status_code == 302, answer.context["form"].errors
        return CharterVersion.objects.get(pk=answer["Location"].rsplit("/", 1)[1]).document

    def test_a_zone_has_none_unless_it_is_chosen(self, as_, service):
        assert self.founded(as_(DINA), service).recovery is None

    @pytest.fixture
    def of_lumen(self, world, service) -> Service:
        """Another service of the provider, which its people see beside the first."""
        return Service.objects.create(
            name="Archive",
            provider=world.northgate,
            customer=world.lumen,
            started_at=clock.now(),
            mode="shared",
        )

    def test_a_zone_s_takes_both_organisations_of_its_service(self, as_, world, service):
        made = self.founded(as_(DINA), service, recovery="1 key-manager", recovery_days=14)
        wanted = [in_force(one.pk).hash for one in (world.meridian, world.northgate)]
        assert [one.charter for one in made.recovery.others] == wanted
        assert made.recovery.days == 14

    def test_these_are_of_the_service_that_is_chosen_and_not_of_another(self, world, service, of_lumen):
        form = ZoneForm(world.person(JON), model_called("customer"))
        filled = sent(form) | {"service": of_lumen.pk, "name": "Vault", f"roles-{JON.id}": ["key-manager"]}
        chosen = {"recovery": "1 key-manager", "recovery_days": 30}
        form = ZoneForm(world.person(JON), model_called("customer"), filled | chosen)
        form.is_valid()
        assert [one.id for one in form.terms.recovery.others] == [world.lumen.pk, world.northgate.pk]

    @pytest.mark.parametrize("days", [6, 91, ""])
    def test_its_days_are_a_week_to_a_quarter(self, as_, service, days):
        answer = self.found(as_(DINA), service, recovery="1 key-manager", recovery_days=days)
        assert answer.status_code == 422
        assert "recovery_days" in answer.context["form"].errors

    def test_it_is_refused_where_a_side_of_that_service_has_no_charter_in_force(
        self, as_, world, service, of_lumen
    ):
        CharterVersion.objects.filter(authority=world.lumen.pk).update(state="discarded")
        chosen = {"recovery": "1 key-manager", "recovery_days": 30}
        answer = self.found(as_(JON), of_lumen, **chosen)
        assert answer.status_code == 422
        assert "recovery" in answer.context["form"].errors

    def test_it_is_not_offered_where_there_is_no_other_side(self, world, service):
        CharterVersion.objects.filter(authority=world.northgate.pk).update(state="discarded")
        assert "recovery" not in ZoneForm(world.person(DINA), model_called("customer")).fields

    def test_a_customer_s_takes_its_provider_and_is_off_unless_it_is_chosen(self, world):
        officers = [Member(one, NEWBANK, (Role.SECURITY_OFFICER,)) for one in ("Vera", "Walt", "Xenia")]
        bank = Organisation.objects.create(
            id=NEWBANK.id, name=NEWBANK.name, kind="customer", provider=world.northgate
        )
        hire(bank, *officers)
        client = sign_in(Client(), Person.objects.get(pk=officers[0].id))
        form = sent(client.get("/charters/found").context["form"])
        assert form["recovery"] == ""
        form |= {f"roles-{one.id}": ["security-officer"] for one in officers}
        chosen = {"recovery": "1 security-officer", "recovery_days": 14}
        answer = client.post("/charters/found", form | chosen)
        assert answer.status_code == 302, answer.context["form"].errors
        made = CharterVersion.objects.get(authority=bank.pk).document.recovery
        assert [(one.id, one.charter) for one in made.others] == [
            (world.northgate.pk, in_force(world.northgate.pk).hash)
        ]


class TestWhoCanDoWhat:
    """The analysis of duties knows the clause, and what it means that there is none."""

    def test_a_zone_with_the_clause_says_who_recovers_it_with_whom_and_how_late(self, as_, safe):
        shown = " ".join(text(as_(DINA), f"/zones/{safe.pk}/duties").split())
        assert "Recover a charter below quorum" in shown
        assert "comes into force 30 days after it is announced" in shown
        assert "only be founded anew" not in shown

    def test_what_nobody_could_amend_any_more_it_says_can_be_recovered(self, as_, safe):
        lost = f"person={DINA.id}&person={EMIL.id}"
        shown = text(as_(FAY), f"/zones/{safe.pk}/duties?{lost}")
        assert "Nobody could amend the charter of Safe any more." in shown
        assert (
            "It could be recovered: 1 key manager, with the consent of Meridian Bank and Northgate" in shown
        )

    def test_and_not_once_too_few_are_left_for_that(self, as_, safe):
        lost = f"person={DINA.id}&person={JON.id}"
        shown = text(as_(FAY), f"/zones/{safe.pk}/duties?{lost}")
        assert "Too few would be left to recover it, too: this zone can only be founded anew" in shown

    def test_a_zone_without_it_says_whose_loss_is_final(self, as_, world, service):
        zone = world.zone(service)
        client = as_(DINA)
        shown = text(client, f"/zones/{zone.pk}/duties")
        final = "If any one of Dina, Emil and Fay loses every token"
        assert f"{final}, this zone can only be founded anew from shares" in shown
        assert "Recover a charter below quorum" not in shown
        imagined = text(client, f"/zones/{zone.pk}/duties?person={DINA.id}")
        assert "It has no recovery clause: this zone can only be founded anew from shares." in imagined

    def test_an_organisation_has_no_shares_to_be_founded_from(self, as_, world):
        shown = text(as_(GUS), f"/organisations/{world.meridian.pk}/duties")
        assert "another organisation has to be founded in its place" in shown


def test_a_draft_that_could_be_one_is_offered_to_be_proposed_as_one(as_, world, safe):
    current = in_force(safe.pk)
    draft = draft_recovery(world, current)
    client = as_(DINA)
    where = f"/propose/charter.recover/v1?charter={draft.hash}"
    assert where in text(client, f"/charters/{draft.pk}")
    answer = client.post(where, {"charter": draft.hash, "reason": "Two are lost.", "lifetime": 259200})
    assert answer.status_code == 302
    drafted = Proposal.objects.get(operation="charter.recover/v1")
    assert drafted.state == State.DRAFT
    assert drafted.document.parameters["days"] == 30
    assert {one.kind for one in drafted.document.authorities} == {"zone", "customer", "provider"}


def test_a_plain_draft_is_not(as_, world, service):
    zone = world.zone(service)
    hire(world.meridian, OSCAR, PIA)
    draft = draft_recovery(world, in_force(zone.pk))
    assert "charter.recover" not in text(as_(DINA), f"/charters/{draft.pk}")


@pytest.mark.parametrize("member", [DINA, EMIL, GUS, HANA, JON, CLEO, ADA], ids=lambda one: one.name)
def test_everybody_concerned_sees_it_on_the_overview_and_with_the_charter(as_, world, service, member):
    proposal, current, draft = recovery_under_way(world, service)
    client = as_(member)
    assert "A recovery of the charter of Safe was begun" in text(client, "/")
    for version in (current, draft):
        shown = text(client, f"/charters/{version.pk}")
        assert "A recovery below quorum is under way" in shown
        assert f"/proposals/{proposal.pk}" in shown


def test_a_stranger_does_not(as_, world, service):
    proposal, *_ = recovery_under_way(world, service)
    client = as_(IVO)
    assert "A recovery of the charter" in text(as_(GUS), "/")
    assert "A recovery of the charter" not in text(client, "/")
    assert client.get(f"/proposals/{proposal.pk}").status_code == 404


def test_who_only_stands_in_the_charter_is_offered_to_cancel_it(as_, world, service):
    proposal, *_ = recovery_under_way(world, service)
    assert "Cancel…" in text(as_(EMIL), f"/proposals/{proposal.pk}")
    assert "Cancel…" not in text(as_(HANA), f"/proposals/{proposal.pk}")


def test_while_it_waits_its_draft_is_not_offered_to_be_given_up(as_, world, service):
    _, _, draft = recovery_under_way(world, service)
    assert "Give up this draft" not in text(as_(DINA), f"/charters/{draft.pk}")
    answer = as_(DINA).post(f"/charters/{draft.pk}/discard")
    assert answer.status_code == 409
    assert charters.document_of(draft).version == 2


def draft_many(world, current, member, *, charter: str, number: int = 60) -> None:
    """The member fills their drafts with recoveries that nobody has asked for."""
    recovery = charters.document_of(current).recovery
    parameters = {
        "authority": {"kind": "zone", "id": current.authority, "name": current.name},
        "version": current.version + 1,
        "charter": charter,
        "days": recovery.days,
        "others": [{"kind": one.kind.value, "id": one.id, "name": one.name} for one in recovery.others],
    }
    for _ in range(number):
        document = build_proposal(
            operation="charter.recover/v1",
            parameters=parameters,
            requester=world.person(member),
            reason="To hide another.",
        )
        workflow.save_draft(document=document, requester=world.person(member))


def test_drafts_do_not_hide_it(as_, world, service):
    """Somebody drafts so many others that a page that looks at the newest alone would not see it."""
    proposal, current, draft = recovery_under_way(world, service)
    draft_many(world, current, DINA, charter="0" * 64)
    client = as_(GUS)
    assert "A recovery of the charter of Safe was begun" in text(client, "/")
    assert "A recovery below quorum is under way" in text(client, f"/charters/{current.pk}")
    shown = text(client, f"/charters/{draft.pk}")
    assert shown.count(f"/proposals/{proposal.pk}") == 2


def test_a_draft_is_no_recovery_that_was_begun(as_, world, service):
    proposal, current, draft = recovery_under_way(world, service)
    world.cancel(proposal, EMIL)
    draft_many(world, current, DINA, charter=draft.hash, number=1)
    assert "A recovery of the charter of Safe was begun" not in text(as_(GUS), "/")
