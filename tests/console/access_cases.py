"""Every address of the console, filled with things of Meridian Bank and, as foreign ones, of Lumen Health."""

import re
from collections.abc import Iterator, Mapping

from django.urls import URLPattern, URLResolver, get_resolver

from hsmnodes.models import Application, Key
from hsmnodes.models import Receipt as StoredReceipt
from tenants import tokens as admission
from tenants.models import CharterVersion, LogEntry, Notice, Organisation, Person, Program
from tests.cast.people import CLEO, DINA, EMIL, GUS, HANA, IVO, JON, Member, named
from tests.console.pages.stage import Stage

RIA = Member("Ria", named("Southport"), ())
VIEWERS = (None, CLEO, JON, DINA, GUS, HANA, IVO, RIA)
NOTHING = "0" * 32
PARAMETER = re.compile(r"<\w+:\w+>")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def routes() -> Iterator[str]:
    """Every route of the console, as written in its urls files."""
    yield from _walk("", get_resolver().url_patterns)


def _walk(before: str, patterns) -> Iterator[str]:
    for one in patterns:
        here = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _walk(here, one.url_patterns)
        elif isinstance(one, URLPattern):
            yield here


def add_stranger() -> None:
    """Southport, another provider, with Ria, who has nothing to do with anybody here."""
    southport = Organisation.objects.create(id=RIA.organisation.id, name="Southport", kind="provider")
    ria = Person.objects.create(id=RIA.id, organisation=southport, name="Ria")
    admission.enrol_token(person=ria, token=RIA.key.token(), invitation=None)


def things(stage: Stage) -> dict[str, Mapping[str, str]]:
    """For each kind of thing, as addresses begin: the id of one of Meridian Bank's, and of another."""
    made = stage.proposals["made"]
    lumen = CharterVersion.objects.get(authority=stage.world.lumen.id, state="in-force")
    receipt = StoredReceipt.objects.get(proposal=stage.proposals["application"])
    foreign_receipt = StoredReceipt.objects.filter(node__name="fra-1").first()
    entries = LogEntry.objects.exclude(document=b"").order_by("sequence")
    bank = entries.filter(customer=stage.world.meridian.id).first()
    health = entries.filter(customer=stage.world.lumen.id).first()
    return {
        "proposals": _both(made.pk, stage.proposals["service"].pk),
        "zones": _both(stage.zones["Cards"].pk, NOTHING),
        "backups": _both(stage.backup.pk, NOTHING),
        "applications": _both(Application.objects.get(name="webshop").pk, NOTHING),
        "keys": _both(Key.objects.get(label="card-signing").pk, NOTHING),
        "clusters": _both(stage.cluster.pk, NOTHING),
        "hsms": _both(stage.nodes["ams-1"].id, stage.nodes["fra-1"].id),
        "people": _both(EMIL.id, IVO.id),
        "organisations": _both(stage.world.meridian.pk, stage.world.lumen.pk),
        "services": _both(stage.zones["Cards"].service_id, NOTHING),
        "statements": _both(stage.statements["drawn-up"].pk, NOTHING),
        "charters": _both(stage.charters["Treasury"].pk, lumen.pk),
        "log": _both(str(bank.sequence), str(health.sequence)),
        "receipts": _both(str(receipt.pk), str(foreign_receipt.pk)),
        "settings": _both(Program.objects.get().pk, NOTHING),
        "invitation": _both(stage.secret, "nothing"),
        "views/of": _both("proposals", "nothing"),
        "views": _both(stage.view.pk, NOTHING),
        "notices": _both(notice_of(DINA), notice_of(IVO)),
        "webhooks": _both(stage.webhooks["Meridian Bank"].pk, stage.webhooks["Lumen Health"].pk),
        "desk/share-key": _both(token_of(stage, DINA), token_of(stage, IVO)),
        "desk/suspend-application": _both(Application.objects.get(name="webshop").pk, NOTHING),
        "desk/suspend": _both(token_of(stage, DINA), token_of(stage, IVO)),
        "ceremonies": _both(stage.proposals["drill"].pk, NOTHING),
        "desk/contribute": _both(stage.proposals["drill"].pk, NOTHING),
        "desk/found": _both(stage.charters["Treasury"].pk, lumen.pk),
        "desk": _both(stage.proposals["waiting"].pk, stage.proposals["service"].pk),
    }


def token_of(stage: Stage, member: Member) -> str:
    """The id of somebody's token."""
    return stage.world.person(member).tokens.get().pk


def notice_of(member: Member) -> str:
    """The id of something that a member was told."""
    return Notice.objects.filter(person=member.id).first().pk


def paths(route: str, stage: Stage, known: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    """The addresses of a route: with own and with foreign things, or the one it has."""
    if "<" not in route:
        yield "any", f"/{route}"
        return
    kind = next((kind for kind in known if route.startswith(f"{kind}/")), "")
    for whose in ("own", "foreign"):
        holder = {"own": EMIL, "foreign": IVO}[whose]
        filled = (
            route.replace("<path:tag>", {"own": "key.generate/v1", "foreign": "key.conjure/v1"}[whose])
            .replace("<str:token>", token_of(stage, holder))
            .replace("<str:delivery>", delivery_of(stage, whose))
            .replace("<str:name>", f"{Application.objects.get(name='webshop').pk}.kit")
        )
        yield whose, "/" + PARAMETER.sub(known[kind][whose] if kind else "", filled)


def delivery_of(stage: Stage, whose: str) -> str:
    """The id of a message to a webhook of the holder's organisation."""
    organisation = {"own": "Meridian Bank", "foreign": "Lumen Health"}[whose]
    return stage.webhooks[organisation].deliveries.first().pk


def _both(own: str, foreign: str) -> Mapping[str, str]:
    return {"own": own, "foreign": foreign}
