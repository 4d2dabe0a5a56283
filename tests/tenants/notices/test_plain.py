"""What leaves the console has no words of a fingerprint in it, wherever a sentence has them."""

import pytest

from hsmnodes.node.protocol.canonical import sha256_hex
from hsmnodes.node.protocol.words import fingerprint
from tenants.notices.plain import without_fingerprints

WORDS = [fingerprint(sha256_hex(b"%d" % number)) for number in range(300)]


@pytest.mark.parametrize("between", [" ", ", ", " · ", "-", "\n"])
def test_every_fingerprint_is_left_out_however_it_is_written(between):
    for words in WORDS:
        told = without_fingerprints(f"“webshop” ({between.join(words)}), until 2027")
        assert told == "“webshop” ((its words stand on the page)), until 2027"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Fay approved: Generate in Trust Zone “Cards” on node “ams-1”: “card-signing” (EC P-256).",
        "The charter of Meridian Bank ends on 26 Nov 2026. Amend it before then.",
        " ".join(WORDS[0][:7]),
    ],
)
def test_anything_else_stays_as_it_is(text):
    assert without_fingerprints(text) == text
