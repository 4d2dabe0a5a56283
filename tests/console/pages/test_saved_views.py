"""Saved views: a filter under a name of one's own, above its list, for oneself alone."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import IntegrityError, transaction

from console.models import SavedView
from console.saved_views import LISTINGS, MOST_VIEWS, save_view
from tests.cast.people import DINA, EMIL, IVO

pytestmark = pytest.mark.django_db
OPEN = "view=all&state=open"


def save(browser, name, query=OPEN, listing="proposals", path="/proposals"):
    return browser.post(f"/views/of/{listing}", {"name": name, "query": query, "next": path})


def chips(browser, path):
    return {
        chip.view.name: (chip.count, chip.is_current) for chip in browser.get(path).context["saved"].chips
    }


def test_a_filter_is_kept_under_a_name_and_opened_again(stage, as_):
    browser = as_(EMIL)
    answer = save(browser, "All that is open")
    assert urlsplit(answer["Location"]).path == "/proposals"
    assert parse_qs(urlsplit(answer["Location"]).query) == {"view": ["all"], "state": ["open"]}
    shown = browser.get(answer["Location"])
    rows = shown.context["rows"]
    assert rows
    assert all(proposal.is_open for proposal, _seats in rows)
    assert chips(browser, answer["Location"]) == {"All that is open": (str(len(rows)), True)}
    assert chips(browser, "/proposals") == {"All that is open": (str(len(rows)), False)}


def test_the_count_is_of_what_the_person_may_see_now(stage, as_):
    for member in (EMIL, IVO):
        save(as_(member), "Open", "view=all&state=open")
    assert chips(as_(EMIL), "/proposals")["Open"][0] != "0"
    listed = as_(IVO).get("/proposals?view=all&state=open").context["rows"]
    assert chips(as_(IVO), "/proposals")["Open"][0] == str(len(listed))


def test_long_lists_are_counted_only_as_far_as_people_tell_numbers_apart(stage, as_, monkeypatch):
    monkeypatch.setattr("console.pages.saved.MOST_COUNTED", 1)
    browser = as_(EMIL)
    save(browser, "Everything of cards", "view=all&q=Cards")
    assert chips(browser, "/proposals")["Everything of cards"][0] == "1+"


def test_sorting_a_view_anew_does_not_leave_it(world, as_):
    browser = as_(EMIL)
    save(browser, "Open")
    assert chips(browser, f"/proposals?{OPEN}&sort=-state&cursor=")["Open"][1]
    assert not chips(browser, f"/proposals?{OPEN}&q=cards")["Open"][1]


def test_nobody_sees_renames_or_deletes_anothers_view(world, as_):
    save(as_(EMIL), "Mine alone")
    view = SavedView.objects.get(name="Mine alone")
    assert "Mine alone" not in as_(DINA).get("/proposals").content.decode()
    for action in ("rename", "delete"):
        answer = as_(DINA).post(f"/views/{view.pk}/{action}", {"name": "Taken"})
        assert answer.status_code == 404
    assert SavedView.objects.get(pk=view.pk).name == "Mine alone"


def test_a_view_is_renamed_and_deleted(world, as_):
    browser = as_(EMIL)
    save(browser, "Open")
    view = SavedView.objects.get(name="Open")
    answer = browser.post(f"/views/{view.pk}/rename", {"name": "Still open", "next": "/proposals"})
    assert answer["Location"] == f"/proposals?{view.query}"
    assert set(chips(browser, "/proposals")) == {"Still open"}
    answer = browser.post(f"/views/{view.pk}/delete", {"next": "/proposals"}, follow=True)
    assert "The view “Still open” is deleted." in answer.content.decode()
    assert chips(browser, "/proposals") == {}


def test_a_name_stands_once_in_a_list_and_again_in_another(world, as_):
    browser = as_(EMIL)
    save(browser, "Alarms")
    again = save(browser, "Alarms", "view=mine&state=done")
    assert again.status_code == 422
    assert "You have a view called “Alarms” of this list already." in again.content.decode()
    assert "view=mine&amp;state=done" in again.content.decode()
    assert save(browser, "Alarms", "severity=alarm", "log", "/log").status_code == 302
    assert SavedView.objects.filter(person=EMIL.id).count() == 2


def test_the_database_itself_refuses_a_second_view_of_that_name(stage, world):
    for listing, allowed in (("log", True), ("proposals", False)):
        copy = SavedView(person=world.person(DINA), listing=listing, name=stage.view.name, query="q=1")
        if allowed:
            copy.save()
            continue
        with pytest.raises(IntegrityError), transaction.atomic():
            copy.save()


@pytest.mark.parametrize(
    ("name", "query", "says"),
    [
        ("", OPEN, "Give it a name."),
        ("x" * 61, OPEN, "at most 60 characters"),
        ("Bell \x07", OPEN, "Null characters are not allowed|cannot be signed"),
        ("All", "view=all", "Filter the list first"),
        ("Paging", "view=all&cursor=abc&seen=1", "Filter the list first"),
        ("Bell", "view=all&q=%00%07", "Filter the list first"),
    ],
)
def test_what_is_no_view_is_refused_with_what_to_do(world, as_, name, query, says):
    answer = save(as_(EMIL), name, query)
    assert answer.status_code == 422
    assert any(one in answer.content.decode() for one in says.split("|"))
    assert not SavedView.objects.filter(person=EMIL.id).exists()


def test_there_are_only_as_many_views_as_fit_above_a_list(world, as_):
    for number in range(MOST_VIEWS):
        save_view(
            person=world.person(EMIL),
            listing=LISTINGS["log"],
            name=f"View {number}",
            asked={"q": str(number)},
        )
    answer = save(as_(EMIL), "One more", "q=more", "log", "/log")
    assert answer.status_code == 422
    assert "Delete one that you no longer need." in answer.content.decode()


def test_a_view_leads_nowhere_but_to_its_list(world, as_):
    for number, elsewhere in enumerate(("https://example.org/", "//example.org", "/\\example.org")):
        answer = save(as_(EMIL), f"Open {number}", path=elsewhere)
        assert urlsplit(answer["Location"]).netloc == ""
        assert answer["Location"].startswith("/?")


def test_keys_zones_and_the_log_have_views_too(stage, as_):
    browser, zone = as_(EMIL), f"/zones/{stage.zones['Cards'].pk}"
    for listing, path, query in (
        ("keys", zone, "q=aes"),
        ("zones", "/zones", "q=Cards"),
        ("log", "/log", "event=proposal.rejected"),
    ):
        save(browser, f"View of {listing}", query, listing, path)
        count, is_current = chips(browser, f"{path}?{query}")[f"View of {listing}"]
        assert is_current
        assert int(count) > 0
    assert chips(browser, f"{zone}?q=aes")["View of keys"][0] == "2"
    assert chips(browser, f"/zones/{stage.zones['Payments'].pk}")["View of keys"][0] == "0"


def test_the_log_can_be_verified_with_views_above_it(world, as_):
    browser = as_(EMIL)
    save(browser, "Rejected", "event=proposal.rejected", "log", "/log")
    assert '<a class="chip" href="/log?event=' in browser.post("/log/verify").content.decode()
