"""The OpenAPI document, the pages made from it, and that every address keeps to it, whatever it is sent."""

import json
import re
from html.parser import HTMLParser

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as examples
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from console.api import description
from console.wsgi import application
from hsmnodes.models import Epoch
from tests.cast.people import DINA

pytestmark = pytest.mark.django_db

CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


def test_the_document_is_valid_and_nothing_in_it_was_guessed(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "openapi.yaml"))


def test_it_is_served_as_it_is(client):
    response = client.get("/api/v1/schema")
    assert response.headers["Content-Type"] == "application/vnd.oai.openapi+json"
    assert json.loads(response.content) == description.document()


def test_every_operation_says_how_it_refuses_and_what_it_is(client):
    for path, methods in description.document()["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["summary"].endswith((".", ":")), where
            assert {"400", "401", "404", "429"} <= set(operation["responses"]), where
            assert operation["security"] == [{"signature": []}, {"session": []}], where
            if method == "post":
                assert {"403", "409", "413", "415", "422"} <= set(operation["responses"]), where
            for status, answer in operation["responses"].items():
                if status >= "400":
                    assert list(answer["content"]) == ["application/problem+json"], where


class Loaded(HTMLParser):
    """What a page makes a browser load or run."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.inline = []

    def handle_starttag(self, tag, attrs):
        given_ = dict(attrs)
        self.found += [given_[name] for name in ("src", "action") if name in given_]
        if tag == "link":
            self.found.append(given_["href"])
        if tag == "style" or (tag == "script" and "src" not in given_):
            self.inline.append(tag)
        self.inline += [name for name in given_ if name.startswith("on") or name == "style"]


def test_the_pages_load_nothing_from_elsewhere_and_run_nothing_of_their_own(client):
    response = client.get("/api/v1/docs")
    page = Loaded()
    page.feed(response.content.decode())
    assert page.inline == []
    assert all(one.startswith("/static/") for one in page.found), page.found
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_the_pages_show_every_operation(client):
    text = client.get("/api/v1/docs").content.decode()
    shown = set(re.findall(r'<details class="panel" id="(\w+)"', text))
    operations = {
        operation["operationId"]
        for methods in description.document()["paths"].values()
        for operation in methods.values()
    }
    assert shown == operations
    assert len(operations) > 45


# ------------------------------------------------------------------ every address, whatever it is sent

EXAMPLES = 8


def _operations():
    load_all_checks()
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema", application)
    return [found.ok() for found in schema.get_all_operations()]


def _places(scene):
    """For each resource the path of something that is there."""
    return {
        "organisations": {"key": scene.world.meridian.id},
        "people": {"key": scene.world.person(DINA).id},
        "tokens": {"key": scene.world.person(DINA).tokens.get().id},
        "charters": {"key": scene.charter.id},
        "services": {"key": scene.service.id},
        "zones": {"key": scene.zone.id},
        "keys": {"key": scene.key.id},
        "applications": {"key": scene.application.id},
        "nodes": {"key": scene.node.id},
        "data-centres": {"key": scene.node.row.data_centre_id},
        "clusters": {"key": scene.cluster.pk},
        "slots": {"key": scene.slot.id},
        "ceremonies": {"key": scene.ceremony.pk},
        "backups": {"key": scene.backup.pk},
        "backup-keys": {"key": Epoch.objects.get().pk},
        "share-sets": {"key": scene.share_set.id},
        "receipts": {"key": scene.receipt.hash},
        "proposals": {"key": scene.open.id},
        "log": {"key": str(scene.entry.sequence)},
        "operations": {"name": "key.generate", "version": "v1"},
    }


@pytest.fixture
def _one_connection():
    """Requests straight to the application would close the connection that holds the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.slow
@pytest.mark.usefixtures("_one_connection")
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_address_keeps_to_the_document_whatever_it_is_sent(scene, mode, settings):
    settings.ALLOWED_HOSTS = ["localhost"]
    client = scene.as_member(DINA)
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    assert cookies
    places, failures = _places(scene), []
    for operation in _operations():
        if mode is GenerationMode.NEGATIVE and not _takes_anything(operation):
            continue
        real = places.get(operation.path.removeprefix("/api/v1/").partition("/")[0])
        try:
            _hammer(operation, mode, real, cookies)
        except (Exception, FailureGroup) as failure:  # noqa: BLE001 - all of them are wanted, not the first alone
            failures.append(f"{operation.label}: {failure}")
    assert not failures, "\n\n".join(failures)


def _takes_anything(operation):
    """Whether there is anything to get wrong about it."""
    return bool(operation.definition.raw.get("parameters") or operation.definition.raw.get("requestBody"))


def _hammer(operation, mode, real, cookies):
    @seed(9421)
    @examples(
        max_examples=EXAMPLES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), is_real=st.booleans())
    def hammer(case, is_real):
        if is_real and real and case.path_parameters:
            case.path_parameters = dict(real)
        response = case.call(cookies=cookies)
        assert response.status_code < 500, response.text
        case.validate_response(response, checks=CHECKS)
        if mode is GenerationMode.NEGATIVE and case.method == "POST":
            assert response.status_code >= 400, response.text

    hammer()


def test_the_document_is_not_for_members_only():
    assert Client().get("/api/v1/schema").status_code == 200
