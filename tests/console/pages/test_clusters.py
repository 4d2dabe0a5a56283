"""Clusters on pages: what forms propose, and what people are told of members and zones."""

from html import unescape

import pytest

from hsmnodes import incoming
from hsmnodes.models import Cluster
from tenants import clock, tags
from tenants.models import Proposal, State
from tests.cast.people import ADA, BEN, CLEO, DINA, EMIL, IVO
from tests.world import clusters as making

pytestmark = pytest.mark.django_db

SHARED = {"reason": "The two sites stand in for each other.", "lifetime": "86400"}


def drafted(as_, member, tag, **fields) -> Proposal:
    answer = as_(member).post(f"/propose/{tag}", SHARED | fields)
    assert answer.status_code == 302, answer.context["form"].errors
    return Proposal.objects.get(pk=answer["Location"].rsplit("/", 1)[1], state=State.DRAFT)


def names(draft) -> tuple[list[str], list[str]]:
    """The members it names, and the nodes it is for, both in order."""
    document = draft.document
    members = [one["node"]["name"] for one in document.parameters["members"]]
    return members, [node.name for node in document.nodes]


def at(stage, *nodes) -> dict[str, str]:
    """What is chosen for each place."""
    return {f"members_{place}": stage.nodes[name].id for place, name in enumerate(nodes)}


@pytest.fixture
def further(stage):
    """Two enrolled nodes beside those of the stage, in no cluster."""
    for name in ("lon-1", "lon-2"):
        stage.nodes[name] = stage.world.node(name)
    return stage


def test_a_cluster_is_formed_of_nodes_in_an_order(further, as_):
    chosen = at(further, "lon-2", "lon-1") | {"cluster": "London", "mode": "failover"}
    draft = drafted(as_, CLEO, tags.FORM_CLUSTER, **chosen)
    assert names(draft) == (["lon-2", "lon-1"], ["lon-2", "lon-1"])
    assert draft.document.parameters["mode"] == "failover"


@pytest.mark.parametrize(
    ("chosen", "said"),
    [(("lon-1",), "at least two"), (("lon-1", "lon-1"), "stands twice"), ((), "at least two")],
)
def test_what_is_no_cluster_is_told_beside_it(further, as_, chosen, said):
    posted = SHARED | at(further, *chosen) | {"cluster": "London", "mode": "active"}
    answer = as_(CLEO).post(f"/propose/{tags.FORM_CLUSTER}", posted)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_only_nodes_that_are_in_no_cluster_can_be_chosen(stage, as_):
    page = as_(CLEO).get(f"/propose/{tags.FORM_CLUSTER}")
    offered = page.context["form"].fields["members"].nodes
    assert stage.nodes["ams-2"].id in offered
    assert stage.nodes["ams-1"].id not in offered


def test_a_node_joins_at_the_end_and_the_first_member_begins(further, as_):
    draft = drafted(
        as_, CLEO, tags.JOIN_CLUSTER, cluster=further.cluster.pk, joined=further.nodes["lon-1"].id
    )
    assert names(draft) == (["ams-1", "fra-1", "lon-1"], ["ams-1", "lon-1", "fra-1"])
    said = draft.document.parameters
    assert (said["revision"], said["succeeds"]) == (2, further.cluster.state)


def test_who_was_heard_lately_is_asked_itself_and_who_is_lost_is_not(stage, as_):
    there = drafted(as_, CLEO, tags.LEAVE_CLUSTER, cluster=stage.cluster.pk, left=stage.nodes["ams-1"].id)
    assert names(there) == (["fra-1"], ["ams-1", "fra-1"])
    lost = drafted(as_, CLEO, tags.LEAVE_CLUSTER, cluster=stage.cluster.pk, left=stage.nodes["fra-1"].id)
    assert names(lost) == (["ams-1"], ["ams-1"])


def test_mode_and_order_are_changed_on_the_members_as_they_stand(stage, as_):
    chosen = at(stage, "fra-1", "ams-1") | {"cluster": stage.cluster.pk, "mode": "active"}
    draft = drafted(as_, CLEO, tags.CHANGE_MODE, **chosen)
    assert names(draft) == (["fra-1", "ams-1"], ["ams-1", "fra-1"])


def test_no_member_can_be_left_out_by_a_change_of_the_mode(stage, as_):
    posted = SHARED | at(stage, "fra-1") | {"cluster": stage.cluster.pk, "mode": "active"}
    answer = as_(CLEO).post(f"/propose/{tags.CHANGE_MODE}", posted)
    assert "Give every member its place" in answer.content.decode()


class TestAgreeing:
    @pytest.fixture
    def leaving(self, stage):
        """Proposed: ams-1, on which zones of Meridian Bank are, leaves."""
        return making.leave(stage.world, stage.cluster, stage.nodes["ams-1"], stage.nodes["fra-1"])

    def test_key_managers_are_told_until_one_of_them_asks_for_it(self, stage, leaving, as_):
        asked = "Cards is asked to agree: ams-1 leaves cluster Amsterdam and Frankfurt"
        assert asked in as_(DINA).get("/").content.decode()
        for other in (CLEO, IVO):
            assert "is asked to agree" not in as_(other).get("/").content.decode()
        key = f"{leaving.pk}-{stage.nodes['ams-1'].id}"
        draft = drafted(as_, DINA, tags.AGREE_TO_CLUSTER, zone=stage.zones["Cards"].pk, pending=key)
        assert asked in as_(DINA).get("/").content.decode()
        wanted = draft.document.parameters
        stage.world.propose(tags.AGREE_TO_CLUSTER, wanted, by=DINA, nodes=[stage.nodes["ams-1"]])
        assert asked not in as_(DINA).get("/").content.decode()
        form = (
            as_(EMIL).get(f"/propose/{tags.AGREE_TO_CLUSTER}?zone={stage.zones['Cards'].pk}").context["form"]
        )
        assert key not in dict(form.fields["pending"].choices)

    def test_the_overview_leads_to_the_form_with_the_one_change_chosen(self, stage, leaving, as_):
        zone = stage.zones["Cards"].pk
        key = f"{leaving.pk}-{stage.nodes['ams-1'].id}"
        address = f"/propose/{tags.AGREE_TO_CLUSTER}?zone={zone}&pending={key}"
        assert address in unescape(as_(DINA).get("/").content.decode())
        assert as_(DINA).get(address).context["form"]["pending"].value() == key

    def test_who_proposed_it_reads_that_it_goes_on_by_itself(self, stage, leaving, as_):
        stage.world.approve(leaving, ADA, BEN)
        stage.nodes["ams-1"].answer(leaving, step=0, outcome="refused", code="not-agreed")
        page = as_(CLEO).get(f"/proposals/{leaving.pk}").content.decode()
        assert "As soon as they have, the HSM is asked again by itself." in page
        assert "Waits for a zone" in page
        assert "Refused by the node" not in page
        assert "ams-1 waits for a zone to agree" in page
        assert ">Refused<" not in page
        assert "Propose it again" not in page
        assert "Waits for a zone to agree" in as_(CLEO).get("/").content.decode()
        assert "Waits for a zone" in as_(CLEO).get("/proposals?view=all").content.decode()
        Proposal.objects.filter(pk=leaving.pk).update(expires_at=clock.now())
        assert "Place in its journal" not in page
        assert "Before that it was refused" not in page
        late = as_(CLEO).get(f"/proposals/{leaving.pk}").content.decode()
        assert "Refused by the node" in late
        assert "asked again by itself" not in late
        assert "Propose it again" in late

    def test_a_refusal_that_was_overtaken_stands_folded_below_what_was_done(self, stage, leaving, as_):
        stage.world.approve(leaving, ADA, BEN)
        stage.nodes["ams-1"].answer(leaving, step=0, outcome="refused", code="not-agreed")
        stage.nodes["ams-1"].answer(leaving, step=0)
        page = as_(CLEO).get(f"/proposals/{leaving.pk}").content.decode()
        assert page.count("Receipt of ams-1") == 1
        assert page.count("Place in its journal") == 1
        assert page.index("Receipt of ams-1") < page.index("Before that it was refused once")

    def test_key_managers_choose_what_the_provider_has_proposed(self, stage, leaving, as_):
        key = f"{leaving.pk}-{stage.nodes['ams-1'].id}"
        draft = drafted(as_, DINA, tags.AGREE_TO_CLUSTER, zone=stage.zones["Cards"].pk, pending=key)
        said, asked = draft.document.parameters, leaving.document.parameters
        assert {name: said[name] for name in ("cluster", "members", "revision", "succeeds")} == {
            name: asked[name] for name in ("cluster", "members", "revision", "succeeds")
        }
        assert (said["change"], said["node"]["name"]) == ("leave", "ams-1")
        assert [node.name for node in draft.document.nodes] == ["ams-1"]
        assert "leaves it" in draft.sentence

    def test_what_nobody_has_proposed_cannot_be_agreed_to(self, stage, leaving, as_):
        posted = SHARED | {"zone": stage.zones["Cards"].pk, "pending": f"{'0' * 32}-{'1' * 32}"}
        answer = as_(DINA).post(f"/propose/{tags.AGREE_TO_CLUSTER}", posted)
        assert answer.status_code == 422
        assert not Proposal.objects.filter(operation=tags.AGREE_TO_CLUSTER).exists()

    def test_it_takes_the_key_managers_of_the_zone_and_no_one_of_the_provider(self, stage, leaving, as_):
        key = f"{leaving.pk}-{stage.nodes['ams-1'].id}"
        draft = drafted(as_, DINA, tags.AGREE_TO_CLUSTER, zone=stage.zones["Cards"].pk, pending=key)
        assert [one.kind.value for one in draft.document.authorities] == ["zone"]


class TestPages:
    def test_the_provider_sees_every_member_and_what_is_missing(self, stage, as_):
        page = as_(CLEO).get(f"/clusters/{stage.cluster.pk}").content.decode()
        for said in ("ams-1", "fra-1", "Failover", "serves first", "stands by", "Missing", "Cards"):
            assert said in page, said
        service = stage.zones["Cards"].service_id
        assert f"/propose/service.start/v1?service={service}" in page

    def test_a_missing_zone_leads_to_its_extension_where_its_service_is(self, stage, as_):
        stage.world.place(stage.zones["Cards"].service, stage.nodes["fra-1"])
        page = as_(CLEO).get(f"/clusters/{stage.cluster.pk}").content.decode()
        receiver = stage.nodes["fra-1"].id
        assert f"/propose/zone.extend/v1?zone={stage.zones['Cards'].pk}&amp;receiver={receiver}" in page

    def test_a_customer_sees_no_member_that_serves_it_not(self, stage, as_):
        page = as_(EMIL).get(f"/clusters/{stage.cluster.pk}").content.decode()
        assert "ams-1" in page
        assert ">fra-1<" not in page
        assert "One more member" in page
        assert as_(IVO).get(f"/clusters/{stage.cluster.pk}").status_code == 404

    def test_who_is_behind_is_told_to_those_who_look_for_trouble(self, stage, as_):
        peer = stage.nodes["fra-1"].row.named()
        zone = stage.zones["Cards"].pk
        said = {"zone": zone, "state": "out", "since": clock.unix_now() - 60, "peer": peer}
        incoming.receive(stage.nodes["ams-1"].heartbeat_message(at=clock.unix_now() + 1, standings=(said,)))
        for address in ("/", f"/zones/{zone}", f"/hsms/{stage.nodes['ams-1'].id}"):
            page = as_(EMIL).get(address).content.decode().lower()
            assert "ams-1, cards: out of service" in page, address

    def test_all_members_of_a_cluster_are_ticked_by_one_link(self, stage, as_):
        address = f"/propose/service.start/v1?all_of={stage.cluster.pk}"
        assert f"all_of={stage.cluster.pk}" in as_(CLEO).get("/propose/service.start/v1").content.decode()
        form = as_(CLEO).get(address).context["form"]
        assert form.initial["on_node"] == stage.cluster.member_ids

    def test_a_node_in_no_cluster_says_so(self, stage, as_):
        page = as_(CLEO).get(f"/hsms/{stage.nodes['ams-2'].id}").content.decode()
        assert "<dt>Cluster</dt><dd>none</dd>" in page


def test_what_is_done_leads_to_the_cluster(stage, as_):
    formed = Proposal.objects.get(operation=tags.FORM_CLUSTER)
    page = as_(CLEO).get(f"/proposals/{formed.pk}").content.decode()
    assert f"/clusters/{stage.cluster.pk}" in page
    assert Cluster.objects.count() == 1
    slot = stage.proposals["slot of Cards"]
    assert "it is on 1 of 2" in as_(CLEO).get(f"/proposals/{slot.pk}").content.decode()


def test_an_hsm_that_waits_for_its_peers_says_on_its_page_what_it_waits_for_and_what_to_do(stage, as_):
    waits = "Waiting for the peers. Until then no application is served."
    incoming.receive(
        stage.nodes["ams-1"].heartbeat_message(state="starting", reason=waits, at=clock.unix_now() + 1)
    )
    page = as_(CLEO).get(f"/hsms/{stage.nodes['ams-1'].id}").content.decode()
    assert waits in page
    assert "carried by hand" in page
    assert "ams-1: waits for its peers" in as_(CLEO).get("/").content.decode()
