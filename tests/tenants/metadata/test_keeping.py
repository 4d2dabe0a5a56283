"""The list that is loaded holds; nobody puts back an older one; officers hear of what fails."""

from datetime import timedelta

import pytest

from tenants import clock
from tenants.metadata import keeping, reading
from tenants.metadata.reading import MetadataRefused
from tenants.models import LogEntry, ModelList, Notice, Token, TokenModel
from tests.cast.makers import CARD, CLONE, KEYRING, SIGNER, Maker, entry, make_blob, root_of
from tests.cast.people import EMIL, FAY, GUS, HANA, JON, LEA, MERIDIAN

pytestmark = pytest.mark.django_db
MAKER = Maker.of(KEYRING, "Maker")
FAILS = [("USER_KEY_REMOTE_COMPROMISE", "2026-03-04")]


def load(*entries, number: int = 7, anew: bool = False, **options):
    blob = make_blob(*entries, number=number, **options)
    root = root_of("Root of lists").der
    found = reading.read_list(blob, root=root, signer=SIGNER, today=clock.now().date())
    return keeping.keep_list(found, anew=anew)


def told() -> set[str]:
    notices = Notice.objects.filter(occasion__event="token.model-compromised")
    return {one.person_id for one in notices}


def test_what_a_list_says_is_kept_and_the_next_takes_its_place():
    first = load(entry(KEYRING, "Keyring", roots=[MAKER.root.der]), entry(CARD, "Card"))
    assert (first.added, first.removed) == (2, 0)
    assert keeping.roots_of(KEYRING) == [MAKER.root.der]
    second = load(entry(KEYRING, "Keyring 5"), number=8)
    assert (second.added, second.removed) == (0, 1)
    assert {one.aaguid: str(one) for one in TokenModel.objects.all()} == {KEYRING: "Keyring 5"}
    assert ModelList.objects.get().number == 8
    assert keeping.roots_of(KEYRING) == []


def test_the_same_list_may_be_loaded_again():
    blob = make_blob(entry(KEYRING, "Keyring"))
    found = reading.read_list(
        blob, root=root_of("Root of lists").der, signer=SIGNER, today=clock.now().date()
    )
    keeping.keep_list(found)
    assert keeping.keep_list(found).added == 0


@pytest.mark.parametrize(("number", "code"), [(6, "older"), (7, "another")])
def test_an_older_list_or_another_with_the_same_number_is_refused_and_nothing_changes(number, code):
    load(entry(CLONE, "Clone", reports=FAILS))
    with pytest.raises(MetadataRefused) as refused:
        load(entry(CLONE, "Clone"), number=number)
    assert refused.value.code == code
    assert keeping.compromise_of(CLONE)
    assert ModelList.objects.get().number == 7


def test_the_operator_can_begin_anew():
    load(entry(CLONE, "Clone"), number=7)
    assert load(entry(CARD, "Card"), number=1, anew=True).added == 1


def test_a_list_whose_successor_is_overdue_proves_nothing_and_still_warns(monkeypatch):
    load(entry(KEYRING, "Keyring", roots=[MAKER.root.der]), entry(CLONE, "Clone", reports=FAILS))
    later = clock.now() + timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert keeping.current_list() is None
    assert keeping.roots_of(KEYRING) == []
    assert "taken from afar" in keeping.compromise_of(CLONE)


def test_officers_of_those_who_hold_such_tokens_are_told_when_it_becomes_known(
    world, django_capture_on_commit_callbacks
):
    Token.objects.filter(person__in=[EMIL.id, FAY.id]).update(aaguid=CLONE)
    with django_capture_on_commit_callbacks(execute=True):
        load(entry(CLONE, "Clone"))
    assert told() == set()
    with django_capture_on_commit_callbacks(execute=True):
        news = load(entry(CLONE, "Clone", reports=FAILS), number=8)
    assert [one.aaguid for one in news.newly_compromised] == [CLONE]
    assert told() == {GUS.id, LEA.id}
    [entry_] = LogEntry.objects.filter(event="token-models.compromised")
    assert (entry_.subject, entry_.severity) == (MERIDIAN.id, "alarm")
    assert "Meridian Bank has 2 of the model Clone" in entry_.summary
    assert "its keys can be taken from afar (since 2026-03-04)" in entry_.summary


def test_they_are_told_once_and_again_of_what_is_worse(world, django_capture_on_commit_callbacks):
    Token.objects.filter(person=EMIL.id).update(aaguid=CLONE)
    worse = [*FAILS, ("REVOKED", "2026-05-06")]
    for number, reports, entries in ((7, FAILS, 1), (8, FAILS, 1), (9, worse, 2), (10, worse, 2)):
        with django_capture_on_commit_callbacks(execute=True):
            load(entry(CLONE, "Clone", reports=reports), number=number)
        assert LogEntry.objects.filter(event="token-models.compromised").count() == entries


def test_nobody_hears_of_models_that_only_others_hold(world, django_capture_on_commit_callbacks):
    """Neither another organisation's officers, the provider's among them, nor those who are no officers."""
    Token.objects.filter(person=HANA.id).update(aaguid=CLONE)
    with django_capture_on_commit_callbacks(execute=True):
        load(entry(CLONE, "Clone", reports=FAILS), entry(CARD, "Card", reports=FAILS))
    assert told() == {GUS.id, LEA.id}
    assert JON.id not in told()
