"""Share keys of custodians whose token has no PRF: in a file or on a sheet, opened again, then certified."""

import base64
import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from hsmnodes.node.protocol import canonical, words
from hsmnodes.node.protocol.documents import Desk, ShareKey
from hsmnodes.node.protocol.purposes import Purpose, challenge
from hsmnodes.node.protocol.webauthn import verify_assertion
from tests.console.desk import kept_keys, papers
from tests.console.desk.hands import press, sign_as, words_shown
from tests.console.desk.lying_console import order
from tests.console.desk.test_real_tokens import AUTHENTICATOR, enrol, token_of

pytestmark = pytest.mark.browser

PASSPHRASE = "six words that nobody else has drawn"


class Custodian:
    """Dina at a desk with a token that computes nothing, and everything that leaves the page."""

    def __init__(self, page, counter) -> None:
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        added = session.send(
            "WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR | {"hasPrf": False}}
        )
        self.page, self.counter = page, counter
        self.session, self.authenticator = session, added["authenticatorId"]
        self.token = token_of((session, self.authenticator), enrol(page, counter))
        self.sent: list[str] = []
        page.on("request", lambda request: self.sent.append(request.url + (request.post_data or "")))

    def ask(self) -> None:
        """Come to the desk for a share key and press the button."""
        credential = self.token.credential_id
        document = papers.share_key_request(desk=self.counter.origin, credential=credential, demo=False)
        self.page.goto(self.counter.address(order("share-key", document, credentials=[credential])))
        press(self.page)
        expect(self.heading("This token cannot compute a share key")).to_be_visible()

    def heading(self, name: str):
        return self.page.get_by_role("heading", name=name)

    def button(self, name: str):
        return self.page.get_by_role("button", name=name)

    def make_file(self, folder: Path, passphrase: str = PASSPHRASE) -> Path:
        """As far as the file that the browser saves."""
        self.button("Keep it in a file").click()
        self.page.get_by_label("Passphrase").fill(passphrase)
        self.page.get_by_label("The same again").fill(passphrase)
        with self.page.expect_download() as download:
            self.button("Make the file").click()
        saved = folder / download.value.suggested_filename
        download.value.save_as(saved)
        return saved

    def open_file(self, file: Path, passphrase: str = PASSPHRASE) -> None:
        self.page.get_by_label("The file").set_input_files(file)
        self.page.get_by_label("Its passphrase").fill(passphrase)
        self.button("Open the file").click()

    def see_sheet(self) -> list[str]:
        """The lines of the sheet, before they are typed back."""
        self.button("Print it on a sheet").click()
        lines = [
            " ".join(line.locator("span").all_inner_texts()) for line in self.page.locator(".paper li").all()
        ]
        assert len(lines) == 8
        return lines

    def type_lines(self, lines: list[str]) -> None:
        for number, line in enumerate(lines, start=1):
            self.page.get_by_label(f"Line {number}", exact=True).fill(line)
        self.button("Check the sheet").click()

    def certify(self) -> ShareKey:
        """The last step, and what was handed in, which verifies as a node does it."""
        self.button("Certify the share key with “Blue key”").click()
        expect(self.heading("The words of the new share key")).to_be_visible()
        share_key = ShareKey(**list(self.counter.console.answers.values())[-1])
        verify_assertion(
            share_key.assertion,
            challenge=challenge(Purpose.SHARE_KEY, share_key.stated.raw),
            token=self.token,
            desk=Desk.model_validate(papers.at_desk(self.counter.origin)),
        )
        return share_key

    def has_problem(self, text: str) -> None:
        expect(self.page.locator(".state.problem")).to_contain_text(text)
        expect(self.button("Certify")).to_have_count(0)

    def nothing_left(self, *secrets: bytes) -> None:
        """No form of a secret stood in anything that was sent, nor does the page still hold it."""
        traffic = "\n".join(self.sent)
        assert '"assertion"' in traffic
        kept = self.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        shown = self.page.content()
        for secret in secrets:
            for form in forms_of(secret):
                assert form not in traffic
                assert form not in kept
                assert form not in shown


def forms_of(secret: bytes) -> list[str]:
    """How bytes could be written."""
    plain = [secret.decode()] if secret.isascii() and secret.decode().isprintable() else []
    standard = base64.b64encode(secret).decode()
    return [
        *plain,
        secret.hex(),
        secret.hex().upper(),
        standard,
        standard.rstrip("="),
        canonical.b64u(secret),
        json.dumps(list(secret), separators=(",", ":")),
        secret.decode("latin-1"),
    ]


@pytest.fixture
def dina(page, real_desk):
    return Custodian(page, real_desk)


def answers(counter) -> int:
    return len(counter.console.answers)


def test_the_page_says_that_the_token_cannot_and_offers_both_forms(dina, real_desk):
    before = answers(real_desk)
    dina.ask()
    expect(dina.page.get_by_text("lacks the PRF extension")).to_be_visible()
    expect(dina.heading("An encrypted file")).to_be_visible()
    expect(dina.heading("A printed sheet")).to_be_visible()
    assert answers(real_desk) == before


def test_a_share_key_in_a_file_is_certified_once_the_file_was_opened_again(dina, tmp_path):
    dina.ask()
    file = dina.make_file(tmp_path)
    dina.open_file(file)
    share_key = dina.certify()
    assert share_key.stated.kept == "file"
    private_key = kept_keys.read_file(file.read_bytes(), PASSPHRASE)
    assert kept_keys.public_key_of(private_key) == share_key.key_bytes
    assert words_shown(dina.page) == list(words.fingerprint(canonical.sha256_hex(share_key.key_bytes)))
    dina.nothing_left(private_key, PASSPHRASE.encode())


def test_a_share_key_on_a_sheet_is_certified_once_the_sheet_was_typed_back(dina):
    dina.ask()
    lines = dina.see_sheet()
    private_key = kept_keys.read_lines(lines)
    dina.button("I have it on paper").click()
    dina.type_lines([" ".join(word[:4] for word in line.split()) for line in lines])
    share_key = dina.certify()
    assert share_key.stated.kept == "sheet"
    assert kept_keys.public_key_of(private_key) == share_key.key_bytes
    dina.nothing_left(private_key, *(line.encode() for line in lines))


def test_a_sheet_is_scanned_instead(dina):
    """The code on the screen is read by its standard, and its text given as a scanner types it."""
    dina.ask()
    private_key = kept_keys.read_lines(dina.see_sheet())
    text = kept_keys.read_modules(modules_on(dina.page))
    assert kept_keys.read_code(text) == private_key
    dina.button("I have it on paper").click()
    dina.page.get_by_label("Or the text of the code").fill(text)
    dina.page.keyboard.press("Enter")
    assert kept_keys.public_key_of(private_key) == dina.certify().key_bytes
    dina.nothing_left(private_key, text.encode())


def modules_on(page) -> list[str]:
    """The modules of the code, from what is drawn."""
    drawn = page.locator(".paper svg path").get_attribute("d")
    dark = {tuple(int(part) - 4 for part in one.split("h")[0].split()) for one in drawn.split("M") if one}
    return ["".join("01"[(right, down) in dark] for right in range(41)) for down in range(41)]


@pytest.mark.parametrize(
    ("passphrase", "again", "said"),
    [
        ("short but fine", "short but fine", "too easily found"),
        ("a" * 40, "a" * 40, "too easily found"),
        (PASSPHRASE, PASSPHRASE + "!", "differ"),
        ("", "", "too easily found"),
    ],
)
def test_a_passphrase_must_be_strong_and_typed_twice(dina, passphrase, again, said):
    dina.ask()
    dina.button("Keep it in a file").click()
    dina.page.get_by_label("Passphrase").fill(passphrase)
    dina.page.get_by_label("The same again").fill(again)
    dina.button("Make the file").click()
    dina.has_problem(said)


def test_six_words_are_drawn_and_must_be_typed(dina):
    dina.ask()
    dina.button("Keep it in a file").click()
    drawn = set()
    for _ in range(3):
        dina.button("Draw six words for me").click()
        text = dina.page.locator(".drawn strong").inner_text()
        assert set(text.split()) <= set(words.word_list())
        assert len(text.split()) == 6
        drawn.add(text)
    assert len(drawn) == 3
    expect(dina.page.get_by_label("Passphrase")).to_have_value("")


def test_a_file_that_does_not_open_is_not_certified(dina, tmp_path, real_desk):
    before = answers(real_desk)
    dina.ask()
    file = dina.make_file(tmp_path)
    dina.button("Open the file").click()
    dina.has_problem("No file is chosen")
    dina.open_file(file, PASSPHRASE + "s")
    dina.has_problem("not its passphrase")
    altered = tmp_path / "altered.json"
    altered.write_bytes(file.read_bytes().replace(b'"label":"Blue', b'"label":"Glue'))
    dina.open_file(altered)
    dina.has_problem("altered or damaged")
    other = tmp_path / "other.json"
    other.write_bytes(kept_keys.write_file(bytes(range(32)), PASSPHRASE, demo=False))
    dina.open_file(other)
    dina.has_problem("another share key")
    (tmp_path / "letter.json").write_text("Dear Dina")
    dina.open_file(tmp_path / "letter.json")
    dina.has_problem("no share key file")
    assert answers(real_desk) == before


def test_a_sheet_that_is_typed_wrongly_is_not_certified_and_the_line_is_named(dina, real_desk):
    before = answers(real_desk)
    dina.ask()
    lines = dina.see_sheet()
    dina.button("I have it on paper").click()
    swapped = [*lines[:2], " ".join(reversed(lines[2].split())), *lines[3:]]
    dina.type_lines(swapped)
    dina.has_problem("line 3")
    third = dina.page.get_by_label("Line 3", exact=True)
    expect(third).to_be_focused()
    expect(third).to_have_attribute("aria-invalid", "true")
    expect(dina.page.locator("#line-3-said")).to_contain_text("do not belong together")
    third.fill("abanbon " + " ".join(lines[2].split()[1:]))
    dina.page.keyboard.press("Tab")
    expect(dina.page.locator("#line-3-said")).to_contain_text("abanbon")
    dina.type_lines(kept_keys.write_lines(bytes(range(32))))
    dina.has_problem("it is another share key")
    dina.button("Show the sheet once more").click()
    expect(dina.page.locator(".paper")).to_be_visible()
    assert answers(real_desk) == before


def test_who_declines_at_the_last_step_can_try_again(dina, tmp_path):
    dina.ask()
    file = dina.make_file(tmp_path)
    dina.open_file(file)
    refuse = {"authenticatorId": dina.authenticator, "isUserVerified": False}
    dina.session.send("WebAuthn.setUserVerified", refuse)
    dina.button("Certify the share key").click()
    expect(dina.page.locator(".state.problem")).to_contain_text("The token did not sign")
    dina.session.send("WebAuthn.setUserVerified", refuse | {"isUserVerified": True})
    assert dina.certify().stated.kept == "file"


def test_the_sheet_alone_is_printed(dina):
    dina.ask()
    dina.see_sheet()
    dina.page.emulate_media(media="print", color_scheme="dark")
    expect(dina.page.locator(".paper")).to_be_visible()
    for elsewhere in ("header.frame", ".card > h1", ".card > .actions", ".card > .leave"):
        expect(dina.page.locator(elsewhere).first).to_be_hidden()
    background = "element => getComputedStyle(element).backgroundColor"
    assert dina.page.locator(".paper").evaluate(background) == "rgb(255, 255, 255)"


def test_printing_is_asked_of_the_browser(page, real_desk):
    page.add_init_script("globalThis.printed = 0; globalThis.print = () => { globalThis.printed += 1; }")
    dina = Custodian(page, real_desk)
    dina.ask()
    dina.see_sheet()
    dina.button("Print").click()
    assert page.evaluate("globalThis.printed") == 1


def test_in_a_demo_a_simulated_token_can_act_as_one_without_prf(page, demo_desk):
    document = papers.share_key_request(desk=demo_desk.origin)
    page.goto(demo_desk.address(order("share-key", document, credentials=[document["credential_id"]])))
    press(page)
    page.get_by_label("cannot compute share keys").check()
    page.get_by_role("combobox").fill("Dina")
    page.get_by_role("option").first.click()
    expect(page.get_by_role("heading", name="This token cannot compute a share key")).to_be_visible()
    page.goto(demo_desk.address(order("share-key", document, credentials=[document["credential_id"]])))
    sign_as(page, "Dina")
    expect(page.get_by_role("heading", name="The words of the new share key")).to_be_visible()
