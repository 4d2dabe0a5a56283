"""What browsers send and keep, while people use them."""

from playwright.sync_api import BrowserContext, Request

from tests.e2e.visitor import Visitor


class Recording:
    """Every request of the contexts that are recorded, what pages print, and what the browser keeps."""

    def __init__(self) -> None:
        self.places: dict[str, bytes] = {}

    def follow(self, context: BrowserContext, name: str) -> None:
        """Record a context from now on."""
        context.on("request", lambda sent: self._add(f"request of {name}", _sent(sent)))
        context.on("console", lambda said: self._add(f"what a page printed for {name}", said.text.encode()))

    def keep(self, visitor: Visitor) -> None:
        """What the visitor's browser has stored: cookies, local storage, databases."""
        kept = visitor.context.storage_state(indexed_db=True)
        self._add(f"storage of {visitor.name}", repr(kept).encode())

    def _add(self, place: str, content: bytes) -> None:
        self.places[f"{place}, {len(self.places)}"] = content


def _sent(request: Request) -> bytes:
    """What a browser sent, with the address it went to and the headers."""
    headers = repr(request.headers).encode()
    return b"\n".join([request.url.encode(), headers, request.post_data_buffer or b""])
