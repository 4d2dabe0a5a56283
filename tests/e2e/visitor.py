"""A person with a browser of their own, who signs by the simulator or by an authenticator of the browser."""

import re
from urllib.parse import urlparse

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.console.desk.hands import choose_simulated, press

PATIENCE = 30_000


class Visitor:
    """Somebody at the console: signs in, proposes, signs, and waits to see what comes of it."""

    def __init__(self, browser: Browser, console: str, name: str, *, simulated: bool = True) -> None:
        self.console = console
        self.name = name
        self.simulated = simulated
        self.context: BrowserContext = browser.new_context(viewport={"width": 1280, "height": 900})
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()

    def sign_in(self) -> None:
        """From the sign-in page through the desk to the overview."""
        self.go("/sign-in")
        self.page.get_by_role("button", name="Go to the desk and sign in").click()
        self.sign_at_the_desk()
        expect(self.page).to_have_url(f"{self.console}/", timeout=PATIENCE)

    def go(self, path: str) -> None:
        """Open a page of the console."""
        self.page.goto(f"{self.console}{path}")

    def sign_at_the_desk(self) -> None:
        """Sign what lies on the desk, and come back to the console."""
        press(self.page)
        if self.simulated:
            choose_simulated(self.page, self.name)
        self.page.wait_for_url(lambda url: url.startswith(self.console) and "/desk/return" not in url)

    def propose(self) -> str:
        """From the review of a draft: sign it as its requester. Returns its address."""
        self.page.locator("#go-propose").click()
        self.sign_at_the_desk()
        return urlparse(self.page.url).path

    def approve(self, proposal: str) -> None:
        """Approve a proposal by its address."""
        self.go(proposal)
        self.page.locator("#go-approve").click()
        self.sign_at_the_desk()

    def sign_charter(self, charter: str) -> None:
        """Sign a charter, by its address, with every token that has to."""
        self.go(charter)
        button = self.page.locator("form[action$='/found'] button, form[action*='/desk/found'] button")
        expect(button.first).to_be_visible(timeout=PATIENCE)
        while button.count():
            button.first.click()
            self.sign_at_the_desk()

    def expect_done(self, proposal: str) -> None:
        """Wait, without reloading, until the receipt of a proposal is shown."""
        if urlparse(self.page.url).path != proposal:
            self.go(proposal)
        expect(self.page.locator(".docket .badge").first).to_have_text("Done", timeout=60_000)

    def choose(self, label: str, option: str) -> None:
        """Choose in a list by what is written there."""
        box = self.page.get_by_label(label, exact=True)
        value = (
            box.locator("option").filter(has_text=re.compile(re.escape(option))).first.get_attribute("value")
        )
        box.select_option(value)

    def choose_zone(self, zone: str) -> None:
        """Choose the Trust Zone that a form is about; with several of them, it asks for that first."""
        self.choose("Trust Zone", zone)
        go_on = self.page.get_by_role("button", name="Go on")
        if go_on.count():
            go_on.click()
            self.page.wait_for_url(re.compile(r"\?zone="))

    def tick(self, group: str, option: str) -> None:
        """Tick a box of a group by what is written beside it."""
        boxes = self.page.get_by_role("group", name=group)
        boxes.get_by_label(re.compile(re.escape(option))).check()

    def choose_node(self, node: str) -> None:
        """Choose an HSM, beside others that are ticked already, if there is a choice."""
        if self.page.get_by_label("On which HSM", exact=True).count():
            self.choose("On which HSM", node)
        elif self.page.get_by_role("group", name="On which HSMs").count():
            self.tick("On which HSMs", node)

    def close(self) -> None:
        self.context.close()
