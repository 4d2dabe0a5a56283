"""The vectors of canonical JSON hold Python to the rules that js/canonical.test.mjs holds the desk to."""

import json
from pathlib import Path

import pytest

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.errors import DocumentRefused

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "canonical.json").read_text("utf-8"))


def cases(kind: str):
    return [pytest.param(bytes.fromhex(case["bytes"]), id=case["name"]) for case in VECTORS[kind]]


@pytest.mark.parametrize("data", cases("accepted"))
def test_what_is_canonical_is_read_and_written_in_the_same_bytes(data):
    assert canonical.encode(canonical.decode(data)) == data


@pytest.mark.parametrize("data", cases("refused"))
def test_what_is_not_canonical_is_refused(data):
    with pytest.raises(DocumentRefused):
        canonical.decode(data)


def test_base64url_has_one_spelling():
    for text in VECTORS["base64url"]["accepted"]:
        assert canonical.b64u(canonical.b64u_decode(text)) == text
    for text in VECTORS["base64url"]["refused"]:
        with pytest.raises(DocumentRefused):
            canonical.b64u_decode(text)
