"""Signing at a desk without a simulator, by the WebAuthn of the browser with its virtual authenticator."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key
from playwright.sync_api import expect

from hsmnodes.node.protocol import canonical, words
from hsmnodes.node.protocol.documents import Assertion, Desk, ShareKey, Token
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.webauthn import verify_assertion
from tests.console.desk import papers
from tests.console.desk.cast import token
from tests.console.desk.hands import press, words_shown
from tests.console.desk.lying_console import order

pytestmark = pytest.mark.browser

AUTHENTICATOR = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "usb",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "hasPrf": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def authenticator(page):
    """A virtual authenticator in the page: its session, and its id."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    added = session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return session, added["authenticatorId"]


def enrol(page, counter) -> dict:
    """Enrol a token for Dina and return the registration that was handed in."""
    page.goto(counter.address(order("enrol", papers.enrolment(desk=counter.origin, demo=False))))
    press(page)
    expect(page.get_by_role("heading", name="The words of the new token")).to_be_visible()
    return list(counter.console.answers.values())[-1]["registration"]


def token_of(authenticator, registration: dict) -> Token:
    """The token as a charter would hold it, its key asked from the authenticator itself."""
    session, authenticator_id = authenticator
    kept = session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator_id})["credentials"]
    [found] = [one for one in kept if one["credentialId"].startswith(registration_id(registration))]
    key = load_der_private_key(canonical.b64u_decode(unpadded(found["privateKey"])), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    changes = {
        "credential_id": registration["credential_id"],
        "public_key": canonical.b64u(point),
        "simulated": False,
        "label": "Blue key",
    }
    return Token.model_validate({**token("Dina"), **changes})


def unpadded(standard: str) -> str:
    return standard.replace("+", "-").replace("/", "_").rstrip("=")


def registration_id(registration: dict) -> str:
    return registration["credential_id"].replace("-", "+").replace("_", "/")


def test_a_token_is_enrolled_with_its_words_and_then_signs(page, real_desk, authenticator):
    registration = enrol(page, real_desk)
    assert registration.keys() == {"credential_id", "client_data", "attestation_object", "transports"}
    assert registration["transports"] == ["usb"]
    enrolled = token_of(authenticator, registration)
    assert words_shown(page) == list(words.fingerprint(canonical.sha256_hex(enrolled.key_bytes)))

    document = papers.proposal(demo=False)
    page.goto(real_desk.address(order("approve", document, credentials=[enrolled.credential_id])))
    press(page)
    page.wait_for_url("**/desk/return?code=*")
    verify_assertion(
        Assertion.model_validate(list(real_desk.console.answers.values())[-1]["assertion"]),
        challenge=challenge(Purpose.APPROVE, canonical.encode(document)),
        token=enrolled,
        desk=Desk.model_validate(papers.at_desk(real_desk.origin)),
    )


def test_signing_in_needs_no_name(page, real_desk, authenticator):
    registration = enrol(page, real_desk)
    document = papers.sign_in(console=real_desk.console_origin, desk=real_desk.origin)
    page.goto(real_desk.address(order("sign-in", document)))
    press(page)
    page.wait_for_url("**/desk/return?code=*")
    assertion = list(real_desk.console.answers.values())[-1]["assertion"]
    assert assertion["credential_id"] == registration["credential_id"]


def test_a_token_that_verifies_nobody_does_not_sign(page, real_desk, authenticator):
    enrol(page, real_desk)
    session, authenticator_id = authenticator
    session.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator_id, "isUserVerified": False})
    page.goto(real_desk.address(order("approve", papers.proposal(demo=False))))
    before = len(real_desk.console.answers)
    press(page)
    expect(page.locator(".state.problem")).to_contain_text("Nothing was signed")
    assert len(real_desk.console.answers) == before


def test_secrets_of_extensions_never_leave_the_page(page, real_desk, authenticator):
    """Even when the browser gives them: what is handed in has no member for them."""
    page.add_init_script(
        """() => {
        const real = navigator.credentials.create.bind(navigator.credentials);
        navigator.credentials.create = async (options) => {
          const credential = await real(options);
          const json = credential.toJSON();
          json.clientExtensionResults = { prf: { results: { first: "c2VjcmV0" } } };
          return { toJSON: () => json };
        };
        }"""
    )
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    enrol(page, real_desk)
    assert all("c2VjcmV0" not in body and "clientExtensionResults" not in body for body in sent)
    assert any("attestation_object" in json.loads(body).get("registration", {}) for body in sent if body)


def make_share_key(page, counter, enrolled: Token) -> dict:
    """Make a share key with the token and return what was handed in."""
    document = papers.share_key_request(desk=counter.origin, credential=enrolled.credential_id, demo=False)
    page.goto(counter.address(order("share-key", document, credentials=[enrolled.credential_id])))
    press(page)
    expect(page.get_by_role("heading", name="The words of the new share key")).to_be_visible()
    return list(counter.console.answers.values())[-1]


def test_a_token_makes_the_same_share_key_every_time_and_certifies_it(page, real_desk, authenticator):
    enrolled = token_of(authenticator, enrol(page, real_desk))
    answers = [make_share_key(page, real_desk, enrolled) for _ in range(2)]
    desk = Desk.model_validate(papers.at_desk(real_desk.origin))
    keys = [ShareKey(**{name: answer[name] for name in ("statement", "assertion")}) for answer in answers]
    assert keys[0].stated.public_key == keys[1].stated.public_key
    for key in keys:
        assert key.stated.credential_id == enrolled.credential_id
        verify_assertion(
            key.assertion,
            challenge=challenge(Purpose.SHARE_KEY, key.stated.raw),
            token=enrolled,
            desk=desk,
        )
    assert words_shown(page) == list(words.fingerprint(canonical.sha256_hex(keys[0].key_bytes)))


def test_what_a_token_computes_never_leaves_the_page(page, real_desk, authenticator):
    page.add_init_script(
        """(() => {
        const real = navigator.credentials.get.bind(navigator.credentials);
        globalThis.computed = [];
        navigator.credentials.get = async (options) => {
          const credential = await real(options);
          const first = credential.getClientExtensionResults().prf?.results?.first;
          if (first) globalThis.computed.push([...new Uint8Array(first)]);
          return credential;
        };
        })()"""
    )
    enrolled = token_of(authenticator, enrol(page, real_desk))
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url + (request.post_data or "")))
    make_share_key(page, real_desk, enrolled)
    computed = [bytes(one) for one in page.evaluate("globalThis.computed")]
    assert len(computed) == 2
    assert computed[0] == computed[1]
    assert len(computed[0]) == 32
    traffic = "\n".join(sent)
    for form in (
        computed[0].hex(),
        canonical.b64u(computed[0]),
        base64.b64encode(computed[0]).decode(),
        json.dumps(list(computed[0]), separators=(",", ":")),
    ):
        assert form not in traffic
    assert "clientExtensionResults" not in traffic


def test_a_token_that_computes_something_else_the_second_time_makes_no_share_key(
    page, real_desk, authenticator
):
    page.add_init_script(
        """(() => {
        const real = navigator.credentials.get.bind(navigator.credentials);
        let touches = 0;
        navigator.credentials.get = async (options) => {
          const credential = await real(options);
          touches += 1;
          const first = new Uint8Array(32).fill(touches);
          return {
            toJSON: () => credential.toJSON(),
            getClientExtensionResults: () => ({ prf: { results: { first } } }),
          };
        };
        })()"""
    )
    enrolled = token_of(authenticator, enrol(page, real_desk))
    document = papers.share_key_request(desk=real_desk.origin, credential=enrolled.credential_id, demo=False)
    before = len(real_desk.console.answers)
    page.goto(real_desk.address(order("share-key", document, credentials=[enrolled.credential_id])))
    press(page)
    expect(page.locator(".state.problem")).to_contain_text("two different keys")
    assert len(real_desk.console.answers) == before
