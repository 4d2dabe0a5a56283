"""Who gets what: every address of pages and desk, every method, everyone of the cast, own things and others'.

An address that is not in the table fails the test, and so does one that answers otherwise. What a stranger
may not see does not exist (404); what one sees and may not do is refused (403); who is not signed in is sent
to sign in (302). The API has a table of its own (tests/console/api/test_access.py).
"""

import copy

import pytest
from django.db import transaction
from django.test import Client

from tenants.models import Person
from tests.console.access_cases import METHODS, VIEWERS, add_stranger, paths, routes, things
from tests.console.pages.stage import Stage
from tests.world.signing_in import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(600)]

NOT_OFFERED = [405] * len(VIEWERS)
TABLE = """
route                                        method whose   nobody Cleo Jon Dina Gus Hana Ivo Ria
desk/sign-in                                 POST   any     303 303 303 303 303 303 303 303
desk/enrol                                   POST   any     302 422 422 422 422 422 422 422
desk/propose/<str:key>                       POST   own     302 409 409 409 409 409 404 404
desk/propose/<str:key>                       POST   foreign 302 409 409 404 404 404 409 404
desk/approve/<str:key>                       POST   own     302 403 403 403 403 403 404 404
desk/approve/<str:key>                       POST   foreign 302 403 403 404 404 404 409 404
desk/reject/<str:key>                        POST   own     302 303 303 303 303 303 404 404
desk/reject/<str:key>                        POST   foreign 302 303 303 404 404 404 303 404
desk/cancel/<str:key>                        POST   own     302 303 303 303 303 303 404 404
desk/cancel/<str:key>                        POST   foreign 302 303 303 404 404 404 303 404
desk/found/<str:key>                         POST   own     302 403 403 403 403 403 404 404
desk/found/<str:key>                         POST   foreign 302 409 409 404 404 404 409 404
desk/share-key/<str:key>                     POST   own     302 404 404 303 404 404 404 404
desk/share-key/<str:key>                     POST   foreign 302 404 404 404 404 404 303 404
desk/suspend/<str:key>                       POST   own     302 422 422 422 422 422 404 404
desk/suspend/<str:key>                       POST   foreign 302 422 422 404 404 404 422 404
desk/suspend-application/<str:key>           POST   own     302 422 422 422 422 422 404 404
desk/suspend-application/<str:key>           POST   foreign 302 404 404 404 404 404 404 404
desk/contribute/<str:key>                    POST   own     302 403 403 303 403 403 404 404
desk/contribute/<str:key>                    POST   foreign 302 404 404 404 404 404 404 404
desk/ticket                                  GET    any     403 403 403 403 403 403 403 403
desk/ticket                                  POST   any     403 403 403 403 403 403 403 403
desk/ticket                                  PUT    any     403 403 403 403 403 403 403 403
desk/ticket                                  PATCH  any     403 403 403 403 403 403 403 403
desk/ticket                                  DELETE any     403 403 403 403 403 403 403 403
desk/answer                                  GET    any     403 403 403 403 403 403 403 403
desk/answer                                  POST   any     403 403 403 403 403 403 403 403
desk/answer                                  PUT    any     403 403 403 403 403 403 403 403
desk/answer                                  PATCH  any     403 403 403 403 403 403 403 403
desk/answer                                  DELETE any     403 403 403 403 403 403 403 403
desk/return                                  GET    any     302 302 302 302 302 302 302 302
metrics                                      GET    any     403 403 403 403 403 403 403 403
(root)                                       GET    any     302 200 200 200 200 200 200 200
overview/live                                GET    any     302 200 200 200 200 200 200 200
sign-in                                      GET    any     200 302 302 302 302 302 302 302
sign-out                                     POST   any     302 302 302 302 302 302 302 302
invitation/<str:secret>                      GET    own     200 200 200 200 200 200 200 200
invitation/<str:secret>                      GET    foreign 404 404 404 404 404 404 404 404
search                                       GET    any     302 200 200 200 200 200 200 200
palette                                      GET    any     302 200 200 200 200 200 200 200
proposals                                    GET    any     302 200 200 200 200 200 200 200
proposals/live                               GET    any     302 200 200 200 200 200 200 200
proposals.csv                                GET    any     302 200 200 200 200 200 200 200
proposals/<str:key>                          GET    own     302 200 200 200 200 200 404 404
proposals/<str:key>                          GET    foreign 302 200 200 404 404 404 200 404
proposals/<str:key>/live                     GET    own     302 200 200 200 200 200 404 404
proposals/<str:key>/live                     GET    foreign 302 200 200 404 404 404 200 404
proposals/<str:key>/discard                  POST   own     302 403 403 409 403 403 404 404
proposals/<str:key>/discard                  POST   foreign 302 409 403 404 404 404 403 404
proposals/<str:key>/abandon                  POST   own     302 409 409 409 409 409 404 404
proposals/<str:key>/abandon                  POST   foreign 302 409 409 404 404 404 409 404
proposals/<str:key>/send-again               POST   own     302 409 409 409 409 409 404 404
proposals/<str:key>/send-again               POST   foreign 302 409 409 404 404 404 409 404
proposals/<str:key>/document                 GET    own     302 200 200 200 200 200 404 404
proposals/<str:key>/document                 GET    foreign 302 200 200 404 404 404 200 404
proposals/<str:key>/warrant                  GET    own     302 200 200 200 200 200 404 404
proposals/<str:key>/warrant                  GET    foreign 302 404 404 404 404 404 404 404
proposals/<str:key>/evidence.zip             GET    own     302 200 200 200 200 200 404 404
proposals/<str:key>/evidence.zip             GET    foreign 302 200 200 404 404 404 200 404
ceremonies/<str:key>                         GET    own     302 200 200 200 200 200 404 404
ceremonies/<str:key>                         GET    foreign 302 404 404 404 404 404 404 404
ceremonies/<str:key>/live                    GET    own     302 200 200 200 200 200 404 404
ceremonies/<str:key>/live                    GET    foreign 302 404 404 404 404 404 404 404
ceremonies/<str:key>/transcript.json         GET    own     302 200 200 200 200 200 404 404
ceremonies/<str:key>/transcript.json         GET    foreign 302 404 404 404 404 404 404 404
ceremonies/<str:key>/print                   GET    own     302 200 200 200 200 200 404 404
ceremonies/<str:key>/print                   GET    foreign 302 404 404 404 404 404 404 404
views/of/<str:listing>                       POST   own     302 422 422 422 422 422 422 422
views/of/<str:listing>                       POST   foreign 302 404 404 404 404 404 404 404
views/<str:key>/rename                       POST   own     302 404 404 422 404 404 404 404
views/<str:key>/rename                       POST   foreign 302 404 404 404 404 404 404 404
views/<str:key>/delete                       POST   own     302 404 404 302 404 404 404 404
views/<str:key>/delete                       POST   foreign 302 404 404 404 404 404 404 404
propose                                      GET    any     302 200 200 200 200 200 200 200
propose/<path:tag>                           GET    own     302 403 403 200 403 403 403 403
propose/<path:tag>                           POST   own     302 403 403 422 403 403 403 403
propose/<path:tag>                           GET    foreign 302 404 404 404 404 404 404 404
propose/<path:tag>                           POST   foreign 302 404 404 404 404 404 404 404
zones                                        GET    any     302 200 200 200 200 200 200 200
zones.csv                                    GET    any     302 200 200 200 200 200 200 200
zones/found                                  GET    any     302 200 200 200 200 200 200 200
zones/found                                  POST   any     302 422 422 422 422 422 422 422
zones/<str:key>                              GET    own     302 200 200 200 200 200 404 404
zones/<str:key>                              GET    foreign 302 404 404 404 404 404 404 404
zones/<str:key>/comparison                   GET    own     302 200 200 200 200 200 404 404
zones/<str:key>/comparison                   GET    foreign 302 404 404 404 404 404 404 404
zones/<str:key>/duties                       GET    own     302 200 200 200 200 200 404 404
zones/<str:key>/duties                       GET    foreign 302 404 404 404 404 404 404 404
zones/<str:key>/duties.csv                   GET    own     302 200 200 200 200 200 404 404
zones/<str:key>/duties.csv                   GET    foreign 302 404 404 404 404 404 404 404
zones/<str:key>/hand-over                    GET    own     302 403 403 200 403 403 404 404
zones/<str:key>/hand-over                    GET    foreign 302 404 404 404 404 404 404 404
zones/<str:key>/keys.csv                     GET    own     302 200 200 200 200 200 404 404
zones/<str:key>/keys.csv                     GET    foreign 302 404 404 404 404 404 404 404
zones/<str:key>/backups                      GET    own     302 200 200 200 200 200 404 404
zones/<str:key>/backups                      GET    foreign 302 404 404 404 404 404 404 404
zones/<str:key>/backups                      POST   own     302 403 403 422 403 403 404 404
zones/<str:key>/backups                      POST   foreign 302 404 404 404 404 404 404 404
backups/<str:key>                            GET    own     302 200 200 200 200 200 404 404
backups/<str:key>                            GET    foreign 302 404 404 404 404 404 404 404
backups/<str:key>/file                       GET    own     302 200 200 200 200 200 404 404
backups/<str:key>/file                       GET    foreign 302 404 404 404 404 404 404 404
backups/<str:key>/verify                     GET    own     302 403 403 200 403 403 404 404
backups/<str:key>/verify                     GET    foreign 302 404 404 404 404 404 404 404
backups/<str:key>/verify                     POST   own     302 403 403 422 403 403 404 404
backups/<str:key>/verify                     POST   foreign 302 404 404 404 404 404 404 404
backups/<str:key>/restore                    GET    own     302 403 403 200 403 403 404 404
backups/<str:key>/restore                    GET    foreign 302 404 404 404 404 404 404 404
backups/<str:key>/restore                    POST   own     302 403 403 422 403 403 404 404
backups/<str:key>/restore                    POST   foreign 302 404 404 404 404 404 404 404
applications/quorate-connect                 GET    any     302 200 200 200 200 200 200 200
applications/<str:key>                       GET    own     302 200 200 200 200 200 404 404
applications/<str:key>                       GET    foreign 302 404 404 404 404 404 404 404
applications/<str:key>/suspensions/<str:suspended>.json GET own     302 404 404 404 404 404 404 404
applications/<str:key>/suspensions/<str:suspended>.json GET foreign 302 404 404 404 404 404 404 404
keys/<str:key>                               GET    own     302 200 200 200 200 200 404 404
keys/<str:key>                               GET    foreign 302 404 404 404 404 404 404 404
keys/<str:key>/public.pem                    GET    own     302 200 200 200 200 200 404 404
keys/<str:key>/public.pem                    GET    foreign 302 404 404 404 404 404 404 404
receipts/<int:receipt>/<str:name>            GET    own     302 200 200 200 200 200 404 404
receipts/<int:receipt>/<str:name>            GET    foreign 302 404 404 404 404 404 404 404
clusters                                     GET    any     302 200 200 200 200 200 200 200
clusters/<str:key>                           GET    own     302 200 200 200 200 200 404 404
clusters/<str:key>                           GET    foreign 302 404 404 404 404 404 404 404
clusters/<str:key>/history.csv              GET    own     302 200 200 200 200 200 404 404
clusters/<str:key>/history.csv              GET    foreign 302 404 404 404 404 404 404 404
clusters/<str:key>/live                      GET    own     302 200 200 200 200 200 404 404
clusters/<str:key>/live                      GET    foreign 302 404 404 404 404 404 404 404
hsms                                         GET    any     302 200 200 200 200 200 200 200
hsms.csv                                     GET    any     302 200 200 200 200 200 200 200
hsms/register                                GET    any     302 200 403 403 403 403 403 403
hsms/register                                POST   any     302 422 403 403 403 403 403 403
hsms/<str:key>                               GET    own     302 200 200 200 200 200 404 404
hsms/<str:key>                               GET    foreign 302 200 200 404 404 404 404 404
hsms/<str:key>/live                          GET    own     302 200 200 200 200 200 404 404
hsms/<str:key>/live                          GET    foreign 302 200 200 404 404 404 404 404
hsms/<str:key>/history.csv                   GET    own     302 200 200 200 200 200 404 404
hsms/<str:key>/history.csv                   GET    foreign 302 200 200 404 404 404 404 404
hsms/<str:key>/identity.pem                  GET    own     302 200 200 200 200 200 404 404
hsms/<str:key>/identity.pem                  GET    foreign 302 200 200 404 404 404 404 404
data-centres/new                             GET    any     302 200 403 403 403 403 403 403
data-centres/new                             POST   any     302 422 403 403 403 403 403 403
people                                       GET    any     302 200 200 200 200 200 200 200
people.csv                                   GET    any     302 200 200 200 200 200 200 200
tokens.csv                                   GET    any     302 200 200 200 200 200 200 200
people/<str:key>                             GET    own     302 200 200 200 200 200 404 404
people/<str:key>                             GET    foreign 302 200 200 404 404 404 200 404
people/<str:key>/change-role                 GET    own     302 200 200 200 200 200 404 404
people/<str:key>/change-role                 GET    foreign 302 200 200 404 404 404 200 404
people/<str:key>/leave                       GET    own     302 200 200 200 200 200 404 404
people/<str:key>/leave                       GET    foreign 302 200 200 404 404 404 200 404
people/<str:key>/lose-token                  GET    own     302 200 200 200 200 200 404 404
people/<str:key>/lose-token                  GET    foreign 302 200 200 404 404 404 200 404
people/<str:key>/replace-token               GET    own     302 200 200 200 200 200 404 404
people/<str:key>/replace-token               GET    foreign 302 200 200 404 404 404 200 404
people/<str:key>/invite                      POST   own     302 403 403 403 200 403 404 404
people/<str:key>/invite                      POST   foreign 302 403 403 404 404 404 200 404
people/<str:key>/sign-out                    POST   own     302 403 403 403 302 403 404 404
people/<str:key>/sign-out                    POST   foreign 302 403 403 404 404 404 302 404
people/<str:key>/tokens/<str:token>/suspend  POST   own     302 403 403 403 422 403 404 404
people/<str:key>/tokens/<str:token>/suspend  POST   foreign 302 403 403 404 404 404 422 404
people/<str:key>/tokens/<str:token>/clear    POST   own     302 403 403 403 302 403 404 404
people/<str:key>/tokens/<str:token>/clear    POST   foreign 302 403 403 404 404 404 403 404
people/<str:key>/suspensions/<str:suspended>.json GET own     302 404 404 404 404 404 404 404
people/<str:key>/suspensions/<str:suspended>.json GET foreign 302 404 404 404 404 404 404 404
people/<str:key>/suspensions/<str:suspended>/reinstate POST own     302 404 404 404 404 404 404 404
people/<str:key>/suspensions/<str:suspended>/reinstate POST foreign 302 404 404 404 404 404 404 404
statements                                   GET    any     302 200 200 200 200 200 200 200
services/<str:key>/statement                 GET    own     302 200 200 200 200 200 404 404
services/<str:key>/statement                 GET    foreign 302 404 404 404 404 404 404 404
services/<str:key>/statement/draw-up         GET    own     302 200 200 200 200 403 404 404
services/<str:key>/statement/draw-up         GET    foreign 302 404 404 404 404 404 404 404
services/<str:key>/statement/draw-up         POST   own     302 302 302 302 302 403 404 404
services/<str:key>/statement/draw-up         POST   foreign 302 404 404 404 404 404 404 404
statements/<str:key>                         GET    own     302 200 200 200 200 200 404 404
statements/<str:key>                         GET    foreign 302 404 404 404 404 404 404 404
statements/<str:key>/propose                 POST   own     302 302 302 302 302 403 404 404
statements/<str:key>/propose                 POST   foreign 302 404 404 404 404 404 404 404
statements/<str:key>/document                GET    own     302 200 200 200 200 200 404 404
statements/<str:key>/document                GET    foreign 302 404 404 404 404 404 404 404
statements/<str:key>/signed.json             GET    own     302 404 404 404 404 404 404 404
statements/<str:key>/signed.json             GET    foreign 302 404 404 404 404 404 404 404
statements/<str:key>/print.pdf               GET    own     302 200 200 200 200 200 404 404
statements/<str:key>/print.pdf               GET    foreign 302 404 404 404 404 404 404 404
duties                                       GET    any     302 302 302 302 302 302 302 302
organisations/<str:organisation>/duties      GET    own     302 200 200 200 200 200 404 404
organisations/<str:organisation>/duties      GET    foreign 302 200 200 404 404 404 200 404
organisations/<str:organisation>/duties.csv  GET    own     302 200 200 200 200 200 404 404
organisations/<str:organisation>/duties.csv  GET    foreign 302 200 200 404 404 404 200 404
organisations/<str:organisation>/people/new  GET    own     302 403 403 403 200 403 404 404
organisations/<str:organisation>/people/new  POST   own     302 403 403 403 422 403 404 404
organisations/<str:organisation>/people/new  GET    foreign 302 403 403 404 404 404 200 404
organisations/<str:organisation>/people/new  POST   foreign 302 403 403 404 404 404 422 404
customers/new                                GET    any     302 200 200 403 403 403 403 200
customers/new                                POST   any     302 422 422 403 403 403 403 422
charters/found                               GET    any     302 403 403 403 403 403 403 200
charters/found                               POST   any     302 403 403 403 403 403 403 422
charters/<str:key>                           GET    own     302 200 200 200 200 200 404 404
charters/<str:key>                           GET    foreign 302 200 200 404 404 404 200 404
charters/<str:key>/document                  GET    own     302 200 200 200 200 200 404 404
charters/<str:key>/document                  GET    foreign 302 200 200 404 404 404 200 404
charters/<str:key>/discard                   POST   own     302 403 403 302 403 403 404 404
charters/<str:key>/discard                   POST   foreign 302 409 409 404 404 404 409 404
charters/<str:key>/amend                     GET    own     302 403 403 403 403 403 404 404
charters/<str:key>/amend                     POST   own     302 403 403 403 403 403 404 404
charters/<str:key>/amend                     GET    foreign 302 403 403 404 404 404 200 404
charters/<str:key>/amend                     POST   foreign 302 403 403 404 404 404 422 404
log                                          GET    any     302 200 200 200 200 200 200 200
log/verify                                   POST   any     302 200 200 200 200 200 200 200
log/alarms-read                              POST   any     302 404 404 404 404 404 404 404
log/<int:key>                                GET    own     302 200 200 200 200 200 404 404
log/<int:key>                                GET    foreign 302 200 200 404 404 404 200 404
log/<int:key>/document                       GET    own     302 200 200 200 200 200 404 404
log/<int:key>/document                       GET    foreign 302 200 200 404 404 404 200 404
log.csv                                      GET    any     302 200 200 200 200 200 200 200
log.jsonl                                    GET    any     302 200 200 200 200 200 200 200
settings                                     GET    any     302 200 200 200 200 200 200 200
settings/sessions/<str:key>/end              POST   own     302 404 404 404 404 404 404 404
settings/sessions/<str:key>/end              POST   foreign 302 404 404 404 404 404 404 404
settings/programs                            POST   any     302 403 422 403 422 403 422 422
settings/programs/<str:key>/revoke           POST   own     302 403 302 404 404 404 404 404
settings/programs/<str:key>/revoke           POST   foreign 302 404 404 404 404 404 404 404
settings/notices                             GET    any     302 200 200 200 200 200 200 200
settings/notices                             POST   any     302 422 422 422 422 422 422 422
settings/notices/address                     POST   any     302 422 422 422 422 422 422 422
settings/notices/confirm                     POST   any     302 422 422 422 422 422 422 422
settings/notices/forget                      POST   any     302 302 302 302 302 302 302 302
notices                                      GET    any     302 200 200 200 200 200 200 200
notices/live                                 GET    any     302 200 200 200 200 200 200 200
notices/count                                GET    any     302 200 200 200 200 200 200 200
notices/read                                 POST   any     302 302 302 302 302 302 302 302
notices/<str:key>/open                       POST   own     302 404 404 302 404 404 404 404
notices/<str:key>/open                       POST   foreign 302 404 404 404 404 404 302 404
webhooks                                     GET    any     302 403 200 403 200 403 200 200
webhooks/add                                 GET    any     302 403 200 403 200 403 200 200
webhooks/add                                 POST   any     302 403 422 403 422 403 422 422
webhooks/<str:key>                           GET    own     302 403 404 403 200 403 404 404
webhooks/<str:key>                           GET    foreign 302 403 404 403 404 403 200 404
webhooks/<str:key>/change                    GET    own     302 403 404 403 200 403 404 404
webhooks/<str:key>/change                    GET    foreign 302 403 404 403 404 403 200 404
webhooks/<str:key>/change                    POST   own     302 403 404 403 422 403 404 404
webhooks/<str:key>/change                    POST   foreign 302 403 404 403 404 403 422 404
webhooks/<str:key>/secret                    POST   own     302 403 404 403 200 403 404 404
webhooks/<str:key>/secret                    POST   foreign 302 403 404 403 404 403 200 404
webhooks/<str:key>/test                      POST   own     302 403 404 403 302 403 404 404
webhooks/<str:key>/test                      POST   foreign 302 403 404 403 404 403 302 404
webhooks/<str:key>/switch                    POST   own     302 403 404 403 302 403 404 404
webhooks/<str:key>/switch                    POST   foreign 302 403 404 403 404 403 302 404
webhooks/<str:key>/remove                    POST   own     302 403 404 403 302 403 404 404
webhooks/<str:key>/remove                    POST   foreign 302 403 404 403 404 403 302 404
webhooks/<str:key>/deliveries/<str:delivery>/again POST own 302 403 404 403 302 403 404 404
webhooks/<str:key>/deliveries/<str:delivery>/again POST foreign 302 403 404 403 404 403 409 404
"""


def _expected() -> dict[tuple[str, str, str], list[int]]:
    lines = [line.split() for line in TABLE.strip().splitlines()[1:]]
    return {
        ("" if route == "(root)" else route, method, whose): [int(code) for code in codes]
        for route, method, whose, *codes in lines
    }


def _routes_of_table() -> set[str]:
    return {route for route, _method, _whose in _expected()}


def _browsers(stage: Stage) -> list[Client]:
    browsers = []
    for viewer in VIEWERS:
        client = Client(raise_request_exception=False)
        browsers.append(client if viewer is None else sign_in(client, Person.objects.get(pk=viewer.id)))
    return browsers


def _ask(client: Client, method: str, path: str) -> int:
    """The status of one request, whose effects on database and browser are undone."""
    cookies, before = copy.deepcopy(client.cookies), transaction.savepoint()
    answer = client.generic(method, path, content_type="application/x-www-form-urlencoded")
    transaction.savepoint_rollback(before)
    client.cookies = cookies
    return answer.status_code


def test_every_address_is_in_a_table():
    known = _routes_of_table()
    missing = [route for route in routes() if not route.startswith("api/") and route not in known]
    assert missing == []
    assert known <= set(routes())


@pytest.fixture
def _static_root(settings):
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.mark.usefixtures("_static_root")
def test_everyone_gets_what_is_theirs_and_nothing_else(world):
    stage = Stage(world).set().beat()
    add_stranger()
    browsers, known, expected = _browsers(stage), things(stage), _expected()
    wrong = []
    for route in routes():
        if route.startswith("api/"):
            continue
        for whose, path in paths(route, stage, known):
            for method in METHODS:
                wanted = expected.get((route, method, whose), NOT_OFFERED)
                got = [_ask(client, method, path) for client in browsers]
                if got != wanted:
                    wrong.append(f"{route} {method} {whose}: wanted {wanted}, got {got}")
    assert wrong == []
