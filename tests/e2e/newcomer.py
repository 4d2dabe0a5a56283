"""A person whose token is an authenticator of their own browser: real WebAuthn, nothing simulated by us.

The virtual authenticator belongs to one page, so a newcomer does everything in one.
"""

from playwright.sync_api import Browser, expect

from tests.console.desk.hands import press, words_shown
from tests.e2e.visitor import PATIENCE, Visitor

AUTHENTICATOR = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "usb",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Newcomer(Visitor):
    """Somebody who comes in by a one-time link; `words` are those of the token they enrolled."""

    def __init__(self, browser: Browser, console: str, name: str) -> None:
        super().__init__(browser, console, name, simulated=False)
        session = self.context.new_cdp_session(self.page)
        session.send("WebAuthn.enable")
        session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        self.words: list[str] = []

    def come_in(self, link: str) -> None:
        """Follow the link, enrol a token at the desk, and sign in with it."""
        self.page.goto(link)
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(self.name)
        expect(self.page.get_by_text("Why two tokens")).to_be_visible()
        self.page.get_by_role("button", name="Go to the desk and enrol").click()
        press(self.page)
        expect(self.page.get_by_role("heading", name="The words of the new token")).to_be_visible()
        self.words = words_shown(self.page)
        self.page.get_by_role("link", name="I have noted the words").click()
        expect(self.page).to_have_url(f"{self.console}/sign-in", timeout=PATIENCE)
        self.sign_in()

    def add_person(self, organisation: str, name: str) -> str:
        """Add somebody to an organisation. Returns the one-time link to give them."""
        self.go("/people")
        self.page.get_by_role("region", name=organisation).get_by_role(
            "link", name="Person", exact=True
        ).click()
        return self.name_and_invite(name)

    def take_on(self, customer: str, first: str) -> str:
        """Take on a customer with its first person. Returns the one-time link to give them."""
        self.go("/people")
        self.page.get_by_role("link", name="Take on a customer").click()
        self._fill_in_name(customer)
        self.page.wait_for_url("**/people/new")
        return self.name_and_invite(first)

    def name_and_invite(self, name: str) -> str:
        """From the page that adds a person: add and invite them."""
        self._fill_in_name(name)
        self.page.get_by_role("button", name="Make an invitation link").click()
        return str(self.page.locator("[data-what='invitation link']").get_attribute("data-copy"))

    def draft_charter(self, roles: dict[str, str]) -> str:
        """Draft the founding charter of one's organisation. Returns its address."""
        self.go("/people")
        self.page.get_by_role("link", name="Found its charter").click()
        for name, role in roles.items():
            self.page.get_by_role("group", name=f"Roles of {name}").get_by_label(role).check()
        self.page.get_by_role("button", name="Draft it").click()
        self.page.wait_for_url(lambda url: "/charters/" in url and not url.endswith("/found"))
        return self.page.url.removeprefix(self.console)

    def _fill_in_name(self, name: str) -> None:
        self.page.get_by_label("Name", exact=True).fill(name)
        self.page.get_by_role("button", name="Add", exact=True).click()
