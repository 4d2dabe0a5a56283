"""Lists sorted by a column: by links in its head that keep what is filtered, and say which way it is."""

import re

import pytest

from hsmnodes.models import Key
from tests.cast.people import CLEO, EMIL

pytestmark = pytest.mark.django_db


HEAD = re.compile(
    r'<th scope="col"(?: class="\w+")?(?: aria-sort="(\w+)")?><a class="sort" href="([^"]+)">([^<]+)</a>'
)


def heads(page: str) -> dict[str, tuple[str, str]]:
    """Each column that can be sorted by: the direction it has, and where its link goes."""
    return {
        label: (direction, address.replace("&amp;", "&")) for direction, address, label in HEAD.findall(page)
    }


@pytest.mark.parametrize(
    ("member", "address", "column", "name"),
    [
        (EMIL, "/proposals?view=all", "State", "state"),
        (EMIL, "/proposals?view=all", "Proposal", "proposal"),
        (CLEO, "/zones", "Zone", "zone"),
        (CLEO, "/zones", "Keys", "keys"),
        (CLEO, "/hsms", "Last heard", "heard"),
        (CLEO, "/people", "Person", "person"),
        (CLEO, "/log", "Event", "event"),
        (CLEO, "/log", "No.", "number"),
    ],
)
def test_a_column_s_head_sorts_one_way_and_then_the_other(stage, as_, member, address, column, name):
    client = as_(member)
    path, _, query = address.partition("?")
    there = heads(client.get(f"{path}?{query}&sort=none&cursor=").content.decode())
    assert column in there
    up = heads(client.get(f"{path}?{query}&sort={name}").content.decode())[column]
    assert up[0] == "ascending"
    assert f"sort=-{name}" in up[1]
    down = heads(client.get(path + up[1]).content.decode())[column]
    assert down[0] == "descending"
    assert down[1].endswith(f"sort={name}")
    assert query in down[1]


def test_keys_are_sorted_within_what_is_filtered(stage, as_):
    address = f"/zones/{stage.zones['Cards'].pk}"
    for sort, sign in (("label", ""), ("-label", "-")):
        answer = as_(EMIL).get(address, {"sort": sort, "q": "aes"})
        wanted = Key.objects.filter(algorithm__startswith="aes").order_by(f"{sign}label")
        assert list(answer.context["found"].rows) == list(wanted)
        label = heads(answer.content.decode())["Label"]
        assert "q=aes" in label[1]


def test_proposals_are_paged_in_the_order_that_is_asked_for(stage, as_, monkeypatch):
    monkeypatch.setattr("console.pages.inbox.SIZE", 3)
    seen, address = [], "/proposals?view=all&sort=state"
    while address:
        found = as_(EMIL).get(address).context["found"]
        seen += [one.state for one in found.rows]
        address = f"/proposals?view=all&sort=state&cursor={found.older}" if found.older else ""
    assert seen == sorted(seen)
    assert len(set(seen)) > 2
