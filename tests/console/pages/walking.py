"""Follows the links of pages, as somebody would who tries everything that they are offered."""

import re
from collections import Counter

from django.test import Client

LINK = re.compile(r'href="(/[^"#]*)')
# These end a session, need a program's signature, or leave the console.
APART = ("/static/", "/sign-in", "/desk", "/api/", "/connect")


def walk(client: Client, *, of_a_kind: int = 4) -> dict[str, tuple[int, str]]:
    """The answer at each address that pages lead to, from the overview on, and which page led there first.

    Of each kind of page a few are looked at.
    """
    waiting: list[tuple[str, str]] = [("/", "")]
    answers: dict[str, tuple[int, str]] = {}
    kinds: Counter[str] = Counter()
    while waiting:
        address, led_by = waiting.pop(0)
        if address in answers:
            continue
        kind = re.sub(r"[0-9a-f]{32}|\d+", "*", address.partition("?")[0])
        kinds[kind] += 1
        if kinds[kind] > of_a_kind:
            continue
        response = client.get(address, follow=True)
        content = b"".join(response) if response.streaming else response.content
        answers[address] = response.status_code, led_by
        if response.headers.get("Content-Type", "").startswith("text/html"):
            found = [one.replace("&amp;", "&") for one in LINK.findall(content.decode())]
            waiting += [(one, address) for one in found if not one.startswith(APART)]
    return answers
