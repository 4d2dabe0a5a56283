"""Opening a certified share key where it is kept, as whoever releases a share does (`openShareKey`)."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Assertion, Desk, ShareKey
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.sealing import seal
from hsmnodes.node.protocol.webauthn import verify_assertion
from tests.console.desk import kept_keys, papers
from tests.console.desk.cast import DEPLOYMENT, credential_id, id_of, named
from tests.console.desk.test_looks import problems
from tests.console.desk.test_real_tokens import AUTHENTICATOR, enrol, make_share_key, token_of

pytestmark = pytest.mark.browser

PRIVATE_KEY = bytes(range(1, 33))
PASSPHRASE = "six words that nobody else has drawn"
CONTEXT = {"purpose": "quorate/sealed-share/v1", "index": 2}
SHARE = b"what is in the box"

OPEN = """([statements, toSign, sealed, context]) => {
  globalThis.said = [];
  globalThis.outcome = (async () => {
    const load = (name) => import(`/js/${name}.js`);
    const [{ openShareKey }, { open }, { fromHex, hex, fromB64u }, tokens] = await Promise.all(
      ["share_key_sources", "share_keys", "canonical", "webauthn"].map(load));
    try {
      const asked = toSign && { purpose: toSign.purpose, bytes: fromB64u(toSign.bytes) };
      const say = (text) => globalThis.said.push(text);
      const credentialId = statements[0].credential_id;
      const wanted = { credentialId, statements, tokens, toSign: asked, say };
      const { pair, assertion } = await openShareKey(wanted);
      return { plain: hex(await open(fromHex(sealed), pair, context)), assertion };
    } catch (problem) {
      return { refused: problem.code };
    }
  })();
  return true;
}"""


def begin(page, counter, *statements: dict, to_sign: dict | None = None) -> None:
    """Have the desk open a share key that was certified, and with it a box that was sealed to the oldest."""
    page.goto(f"{counter.origin}/")
    sealed = seal(SHARE, canonical.b64u_decode(statements[-1]["public_key"]), CONTEXT)
    page.evaluate(OPEN, [statements, to_sign, sealed.hex(), CONTEXT])


def outcome(page) -> dict:
    return page.evaluate("globalThis.outcome")


def statement(kept: str, private_key: bytes = PRIVATE_KEY, **changes) -> dict:
    """What a token certified of Dina's share key."""
    return {
        "type": "quorate/share-key-statement/v1",
        "deployment": DEPLOYMENT,
        "demo": True,
        "person": named("Dina"),
        "credential_id": credential_id("Dina"),
        "kept": kept,
        "public_key": canonical.b64u(kept_keys.public_key_of(private_key)),
        "at": 1_764_000_000,
        **changes,
    }


def stated(answer: dict) -> dict:
    return json.loads(ShareKey(**answer).stated.raw)


@pytest.fixture
def enrolled(page, real_desk):
    """A token with PRF."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    added = session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return token_of((session, added["authenticatorId"]), enrol(page, real_desk))


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "share-key.json"
    path.write_bytes(kept_keys.write_file(PRIVATE_KEY, PASSPHRASE))
    return path


def test_a_token_signs_and_opens_with_one_touch(page, real_desk, enrolled):
    certified = stated(make_share_key(page, real_desk, enrolled))
    document = canonical.encode(papers.proposal(demo=False))
    begin(
        page,
        real_desk,
        certified,
        to_sign={"purpose": Purpose.APPROVE.value, "bytes": canonical.b64u(document)},
    )
    found = outcome(page)
    assert bytes.fromhex(found["plain"]) == SHARE
    verify_assertion(
        Assertion.model_validate(found["assertion"]),
        challenge=challenge(Purpose.APPROVE, document),
        token=enrolled,
        desk=Desk.model_validate(papers.at_desk(real_desk.origin)),
    )
    assert len(page.evaluate("globalThis.said")) == 1


def test_a_token_opens_without_signing_anything(page, real_desk, enrolled):
    begin(page, real_desk, stated(make_share_key(page, real_desk, enrolled)))
    assert outcome(page) == {"plain": SHARE.hex(), "assertion": None}


def test_a_token_that_computes_another_key_opens_nothing(page, real_desk, enrolled):
    certified = stated(make_share_key(page, real_desk, enrolled))
    other = {"public_key": canonical.b64u(kept_keys.public_key_of(PRIVATE_KEY))}
    begin(page, real_desk, certified | other)
    assert outcome(page) == {"refused": "cannot-open"}


def test_a_file_is_opened_and_the_token_signs(page, real_desk, enrolled, file):
    document = canonical.encode(papers.proposal(demo=False))
    file.write_bytes(
        kept_keys.write_file(PRIVATE_KEY, PASSPHRASE, demo=False, credential_id=enrolled.credential_id)
    )
    certified = statement("file", demo=False, credential_id=enrolled.credential_id)
    to_sign = {"purpose": Purpose.APPROVE.value, "bytes": canonical.b64u(document)}
    begin(page, real_desk, certified, to_sign=to_sign)
    open_file(page, file, PASSPHRASE)
    found = outcome(page)
    assert bytes.fromhex(found["plain"]) == SHARE
    verify_assertion(
        Assertion.model_validate(found["assertion"]),
        challenge=challenge(Purpose.APPROVE, document),
        token=enrolled,
        desk=Desk.model_validate(papers.at_desk(real_desk.origin)),
    )


def open_file(page, file: Path, passphrase: str) -> None:
    page.get_by_label("The file").set_input_files(file)
    page.get_by_label("Its passphrase").fill(passphrase)
    page.get_by_role("button", name="Open the file").click()


def test_what_is_wrong_with_a_file_is_named_until_it_is_right(page, real_desk, file):
    begin(page, real_desk, statement("file"))
    problem = page.locator(".state.problem")
    open_file(page, file, PASSPHRASE.upper())
    expect(problem).to_contain_text("not its passphrase")
    altered = file.with_name("altered.json")
    altered.write_bytes(file.read_bytes().replace(b"1000000", b"1000001"))
    open_file(page, altered, PASSPHRASE)
    expect(problem).to_contain_text("altered or damaged: iterations")
    emil = {"person": {"id": id_of("Emil"), "name": "Emil"}}
    altered.write_bytes(kept_keys.write_file(PRIVATE_KEY, PASSPHRASE, **emil))
    open_file(page, altered, PASSPHRASE)
    expect(problem).to_contain_text("somebody else: Emil")
    open_file(page, file, PASSPHRASE)
    assert outcome(page) == {"plain": SHARE.hex(), "assertion": None}
    expect(page.locator("dialog")).to_have_count(0)


def test_who_closes_the_list_of_files_can_still_choose_one(page, real_desk, file):
    begin(page, real_desk, statement("file"))
    page.get_by_label("The file").dispatch_event("cancel", {"bubbles": True})
    open_file(page, file, PASSPHRASE)
    assert outcome(page) == {"plain": SHARE.hex(), "assertion": None}


@pytest.mark.parametrize("scanned", [True, False])
def test_a_sheet_is_typed_or_scanned(page, real_desk, scanned):
    begin(page, real_desk, statement("sheet"))
    if scanned:
        page.get_by_label("Or the text of the code").fill(kept_keys.write_code(PRIVATE_KEY).lower())
    else:
        for number, line in enumerate(kept_keys.write_lines(PRIVATE_KEY), start=1):
            page.get_by_label(f"Line {number}", exact=True).fill(line)
    page.keyboard.press("Enter")
    assert outcome(page) == {"plain": SHARE.hex(), "assertion": None}


@pytest.mark.parametrize("kept", ["file", "sheet"])
def test_a_share_that_is_sealed_to_an_earlier_share_key_opens_with_that(page, real_desk, file, kept):
    begin(page, real_desk, statement(kept, bytes(range(32))), statement(kept))
    if kept == "file":
        open_file(page, file, PASSPHRASE)
    else:
        page.get_by_label("Or the text of the code").fill(kept_keys.write_code(PRIVATE_KEY))
        page.keyboard.press("Enter")
    assert outcome(page) == {"plain": SHARE.hex(), "assertion": None}


def test_what_is_wrong_with_a_code_is_named(page, real_desk):
    begin(page, real_desk, statement("sheet"))
    code, problem = page.get_by_label("Or the text of the code"), page.locator(".state.problem")
    right = kept_keys.write_code(PRIVATE_KEY)
    for typed, said in (
        (right[:-1], "not the text of a sheet's code"),
        (right[:-1] + ("0" if right[-1] != "0" else "1"), "damaged"),
        (kept_keys.write_code(bytes(range(32))), "another share key"),
    ):
        code.fill(typed)
        page.keyboard.press("Enter")
        expect(problem).to_contain_text(said)


@pytest.mark.parametrize("kept", ["file", "sheet"])
def test_who_has_it_not_at_hand_leaves_by_keyboard_and_nothing_is_signed(page, real_desk, kept):
    begin(page, real_desk, statement(kept), to_sign={"purpose": "quorate/approve/v1", "bytes": "e30"})
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    assert outcome(page) == {"refused": "key-not-given"}
    expect(page.locator("dialog")).to_have_count(0)
    assert page.evaluate("globalThis.said") == []


@pytest.mark.parametrize("kept", ["file", "sheet"])
def test_the_dialog_is_accessible_and_fits(page, real_desk, kept):
    page.set_viewport_size({"width": 390, "height": 844})
    begin(page, real_desk, statement(kept))
    expect(page.get_by_role("dialog")).to_be_visible()
    assert problems(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
