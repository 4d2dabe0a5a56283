"""Visitors who sign by what programs are offered, for walks on which signing is not what is looked at."""

import json
from urllib.parse import urlsplit

from playwright.sync_api import Browser

from console.demo.software_token import SoftwareToken
from console.desk.simulator import read_simulator
from hsmnodes.node.protocol.documents import Desk
from hsmnodes.node.protocol.purposes import Purpose
from tests.e2e.running import Running
from tests.e2e.visitor import Visitor


class HurryingVisitor(Visitor):
    """Somebody who proposes at the desk like everybody, and has simulated tokens sign the rest over REST."""

    def __init__(self, browser: Browser, demo: Running, name: str) -> None:
        super().__init__(browser, demo.console, name)
        self._desk = Desk(origin=demo.desk, rp_id=str(urlsplit(demo.desk).hostname))
        everyone = read_simulator(demo.state / "simulator.json").people
        self._tokens = [
            SoftwareToken.read(one) for person in everyone if person.name == name for one in person.tokens
        ]

    def approve(self, proposal: str) -> None:
        address = f"proposals/{_last(proposal)}"
        self._hand_in(f"{address}/approvals", Purpose.APPROVE, self._document(address), self._tokens[0])

    def sign_charter(self, charter: str) -> None:
        address = f"charters/{_last(charter)}"
        data = self._document(address)
        named = data.decode("utf-8")
        for token in self._tokens:
            if token.credential_id in named:
                self._hand_in(f"{address}/signatures", Purpose.FOUND, data, token)

    def _document(self, address: str) -> bytes:
        answer = self.page.request.get(f"{self.console}/api/v1/{address}/document")
        assert answer.ok, answer.text()
        return answer.body()

    def _hand_in(self, address: str, purpose: Purpose, data: bytes, token: SoftwareToken) -> None:
        """What a token signed; with the mark that the console's own pages carry against forged requests."""
        if not self.page.url.startswith(self.console):
            self.go("/")
        mark = self.page.locator("input[name=csrfmiddlewaretoken]").first.get_attribute("value")
        assertion = token.sign(purpose, data, desk=self._desk).model_dump(mode="json")
        answer = self.page.request.post(
            f"{self.console}/api/v1/{address}",
            data=json.dumps({"assertion": assertion}),
            headers={"Content-Type": "application/json", "X-CSRFToken": str(mark)},
        )
        assert answer.status == 201, answer.text()


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
