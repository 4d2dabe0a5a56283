"""Who can do what, over REST: computed as the pages compute it, and for a loss that is asked about."""

import pytest

from tests.cast.people import CLEO, DINA, EMIL, FAY, IVO

pytestmark = pytest.mark.django_db


def asked(scene, member=DINA, **query):
    answer = scene.as_member(member).get(f"/api/v1/zones/{scene.zone.id}/duties", query)
    assert answer.status_code == 200
    return answer.json()


def operation(found, tag):
    [one] = [one for one in found["operations"] if one["operation"] == tag]
    return one


def names(people):
    return [one["name"] for one in people]


def test_what_an_operation_takes_is_said(scene):
    found = operation(asked(scene), "key.generate/v1")
    [clause] = found["clauses"]
    assert (clause["role"], clause["m"], names(clause["eligible"])) == (
        "key-manager",
        2,
        ["Dina", "Emil", "Fay"],
    )
    assert (found["people_needed"], found["possible"], found["may_be_lost"]) == (3, True, 0)
    assert names(found["could_alone"]) == ["Meridian Bank"]
    assert [(one["lost"], names(one["people"])) for one in found["bottlenecks"]] == [
        (1, ["Dina", "Emil", "Fay"])
    ]
    assert [[(part["count"], names(part["people"])) for part in way] for way in found["smallest"]] == [
        [(3, ["Dina", "Emil", "Fay"])]
    ]


def test_what_both_sides_consent_to_has_the_charters_of_both(scene):
    found = asked(scene, CLEO)
    assert {one["kind"] for one in found["charters"]} == {"provider", "customer", "zone"}
    slot = operation(found, "slot.create/v1")
    assert {one["name"] for one in slot["authorities"]} == {"Northgate", scene.zone.name}
    assert (slot["people_needed"], slot["could_alone"], slot["holds_both_sides"]) == (5, [], [])


def test_a_loss_is_taken_into_account(scene):
    found = asked(scene, lost_people=f"{EMIL.id},{FAY.id}")
    assert names(found["lost"]["people"]) == sorted(names(found["lost"]["people"]))
    generate = operation(found, "key.generate/v1")
    assert (generate["possible"], generate["may_be_lost"]) == (False, None)
    assert names(generate["clauses"][0]["eligible"]) == ["Dina"]
    token = scene.world.person(EMIL).tokens.get().pk
    assert not operation(asked(scene, lost_tokens=token), "key.generate/v1")["possible"]


@pytest.mark.parametrize("lost", [IVO.id, "0" * 32, "everyone", f"{DINA.id},"])
def test_a_loss_of_what_stands_in_no_charter_is_refused(scene, lost):
    address = f"/api/v1/zones/{scene.zone.id}/duties"
    assert scene.as_member(DINA).get(address, {"lost_people": lost}).status_code == 400


def test_a_customer_is_shown_no_other_customer_of_its_provider(scene):
    address = f"/api/v1/organisations/{scene.world.northgate.id}/duties"
    text = scene.as_member(DINA).get(address).content.decode()
    assert "Meridian Bank" in text
    assert "Lumen Health" not in text
