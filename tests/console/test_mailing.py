"""E-mails: to those who want them and gave an address, once, with no secret and no word of a fingerprint."""

import itertools
import re
from html.parser import HTMLParser

import pytest

from console import mailing
from hsmnodes.node.protocol.words import fingerprint
from tenants.models import Letter, MailAddress, Notice, Occasion, Proposal
from tenants.notices import addresses, kinds, letters, preferences, telling
from tests.cast.people import DINA, EMIL, FAY, Member

pytestmark = [pytest.mark.django_db, pytest.mark.both_stacks]
WAITING = kinds.PROPOSAL_WAITING


@pytest.fixture
def give_address(world):
    def giving(*members: Member):
        for member in members:
            person = world.person(member)
            asked = addresses.ask_for_address(person=person, address=f"{member.name.lower()}@bank.example")
            addresses.confirm_address(person=person, code=addresses.code_of(asked))
        Letter.objects.all().delete()

    return giving


@pytest.fixture
def proposed(world):
    """Proposes a key, after all that came before was told."""
    node = world.node()
    zone = world.zone(world.service(node))
    world.slot(zone, node)
    telling.sweep()

    def proposing(label="payments-2027"):
        made = world.propose_key(zone, node, label=label)
        telling.sweep()
        return made

    return proposing


class Seen(HTMLParser):
    """What a mail program would load, and where it leads."""

    def __init__(self):
        super().__init__()
        self.links, self.loads, self.tags = [], [], set()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.add(tag)
        self.links += [given[name] for name in ("href",) if name in given]
        self.loads += [given[name] for name in ("src", "background", "action") if name in given]


def test_who_gave_an_address_gets_one_and_nobody_else(proposed, give_address, mailoutbox):
    give_address(EMIL)
    proposed()
    assert mailing.send_due() == 1
    assert [one.to for one in mailoutbox] == [["emil@bank.example"]]
    assert mailing.send_due() == 0
    telling.sweep()
    assert mailing.send_due() == 0
    assert len(mailoutbox) == 1


def test_it_says_what_happened_and_leads_to_the_page(proposed, give_address, mailoutbox, settings):
    give_address(EMIL)
    proposal = proposed()
    mailing.send_due()
    mail = mailoutbox[0]
    (page, kind) = mail.alternatives[0]
    assert mail.subject == "Quorate: A proposal waits for you"
    assert proposal.sentence in mail.body
    assert f"{settings.CONSOLE_ORIGIN}/proposals/{proposal.pk}" in mail.body
    assert kind == "text/html"
    seen = Seen()
    seen.feed(page)
    assert seen.links == [
        f"{settings.CONSOLE_ORIGIN}/proposals/{proposal.pk}",
        f"{settings.CONSOLE_ORIGIN}/settings/notices",
    ]
    assert seen.loads == []
    assert not seen.tags & {"script", "form", "img", "iframe", "link", "input", "button"}


def test_there_is_no_secret_and_no_word_of_the_fingerprint_in_it(proposed, give_address, mailoutbox):
    give_address(EMIL)
    proposal = Proposal.objects.get(pk=proposed().pk)
    mailing.send_due()
    text = mailoutbox[0].body + mailoutbox[0].alternatives[0][0]
    words = fingerprint(proposal.hash)
    for first, second in itertools.pairwise(words):
        assert f"{first} {second}" not in text
    assert proposal.hash not in text
    assert not re.search(r"whsec_|sessionid|[?&](token|ticket|secret|key)=", text)
    # Every address in it is a page's that asks for a session; none has anything in it that opens something.
    paths = re.findall(r"https?://[^/\s\"<]+(/[^\s\"<]*)", text)
    assert set(paths) == {f"/proposals/{proposal.pk}", "/settings/notices"}


def test_the_words_of_a_key_that_a_sentence_names_are_not_in_it(proposed, give_address, mailoutbox):
    give_address(EMIL)
    proposed()
    words = " ".join(fingerprint("ab" * 32))
    Occasion.objects.filter(event=WAITING).update(summary=f"Let “webshop”, whose key is {words}, use keys.")
    mailing.send_due()
    text = mailoutbox[0].body + mailoutbox[0].alternatives[0][0]
    assert "its words stand on the page" in text
    assert words not in text


def test_what_was_read_meanwhile_is_not_sent(proposed, give_address, mailoutbox, world):
    give_address(EMIL)
    world.approve(proposed(), EMIL)
    telling.sweep()
    assert mailing.send_due() == 0
    assert mailoutbox == []


def test_following_its_links_signs_nothing_and_asks_for_a_session(proposed, give_address, mailoutbox, client):
    give_address(EMIL)
    proposal = proposed()
    mailing.send_due()
    for path in re.findall(r"https?://[^/\s]+(/\S*)", mailoutbox[0].body):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/sign-in")
    proposal.refresh_from_db()
    assert (proposal.state, proposal.seats_filled) == ("proposed", 0)


def test_what_a_name_says_is_text_in_both_forms(give_address, proposed, mailoutbox):
    give_address(EMIL)
    proposed(label="<b>x</b> & y")
    mailing.send_due()
    assert "<b>x</b> & y" in mailoutbox[0].body
    assert "&lt;b&gt;x&lt;/b&gt; &amp; y" in mailoutbox[0].alternatives[0][0]


def test_a_choice_is_respected(world, proposed, give_address, mailoutbox, later, settings):
    give_address(EMIL, FAY)
    Notice.objects.all().delete()
    preferences.choose(person=world.person(EMIL), choices={WAITING: "console"})
    preferences.choose(person=world.person(FAY), choices={WAITING: "digest"})
    proposed("one")
    proposed("two")
    settings.DIGEST_HOUR = 0
    assert (letters.gather_digests(), mailing.send_due()) == (0, 0)
    assert Notice.objects.filter(occasion__event=WAITING, person__in=[EMIL.id, FAY.id]).count() >= 4

    later(days=1)
    assert letters.gather_digests() == 1
    assert mailing.send_due() == 1
    assert [one.to for one in mailoutbox] == [["fay@bank.example"]]
    assert mailoutbox[0].body.count("A proposal waits for you") == 2
    assert letters.gather_digests() == 0
    assert mailing.send_due() == 0


def test_without_a_confirmed_address_nothing_is_sent(world, proposed, mailoutbox):
    addresses.ask_for_address(person=world.person(EMIL), address="emil@bank.example")
    proposed()
    mailing.send_due()
    assert [one.subject for one in mailoutbox] == ["Quorate: The code for your e-mail address"]
    assert addresses.code_of(MailAddress.objects.get()) in mailoutbox[0].body


def test_an_address_that_was_taken_back_gets_nothing_that_was_due(world, proposed, give_address, mailoutbox):
    give_address(EMIL)
    proposed()
    addresses.forget_address(person=world.person(EMIL))
    assert mailing.send_due() == 0
    assert mailoutbox == []


def test_what_one_may_not_see_any_more_is_not_sent(proposed, give_address, mailoutbox, world):
    give_address(EMIL)
    proposal = proposed()
    Proposal.objects.filter(pk=proposal.pk).update(customer=world.lumen)
    assert mailing.send_due() == 0
    assert mailoutbox == []


def test_a_mail_server_that_is_away_gets_it_later_under_the_same_id(
    proposed, give_address, mailoutbox, later, settings
):
    give_address(EMIL)
    proposed()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert mailing.send_due() == 0
    letter = Letter.objects.get(kind="notice")
    assert (letter.attempts, letter.settled_at) == (1, None)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert mailing.send_due() == 0
    later(minutes=2)
    assert mailing.send_due() == 1
    assert mailoutbox[0].extra_headers["Message-ID"].startswith(f"<{letter.pk}@")


def test_two_workers_send_it_once(proposed, give_address, mailoutbox):
    """The second takes nothing that the first has in hand."""
    give_address(EMIL)
    proposed()
    first = letters.take_due()
    assert next(first)
    assert mailing.send_due() == 0
    assert mailoutbox == []


def test_a_worker_that_died_with_it_in_hand_is_made_good(proposed, give_address, mailoutbox, later):
    give_address(EMIL)
    proposed()
    assert len(list(letters.take_due())) == 1
    later(minutes=3)
    assert mailing.send_due() == 1
    assert len(mailoutbox) == 1


def test_nobody_is_sent_what_waits_for_others(proposed, give_address, mailoutbox):
    give_address(DINA)
    proposed()
    assert mailing.send_due() == 0
