"""The documents are strict, frozen and spelt in one way; what is unknown, missing or mistyped is refused."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Document, Person, Proposal, Warrant
from hsmnodes.node.protocol.documents.base import Bytes, Name
from hsmnodes.node.protocol.errors import DocumentRefused
from tests.hsmnodes.node.protocol.samples import VECTORS, describe, golden

SAMPLES = golden()
CHARTER, PROPOSAL = SAMPLES["charter"], SAMPLES["proposal"]
every_document = pytest.mark.parametrize("name", SAMPLES)
FREE_FORM = ("parameters", "results")
OPTIONAL = {
    "share_key",
    "kept",
    "models_blocked",
    "delay",
    "changed",
    "endpoint",
    "member_of",
    "peer",
    "standings",
    "zones",
}
NULLABLE = {"check_value", "at_work", "previous", "zone", "role", "group", "warrant", "code", "default"}
WRONG: list[Any] = [None, True, 3, "x", [], {}]

Path = tuple[str | int, ...]


def places(value: Any, at: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every place in a JSON value with what stands there, except inside what an operation defines."""
    yield at, value
    if at and at[-1] in FREE_FORM:
        return
    for step, member in (
        value.items()
        if isinstance(value, dict)
        else enumerate(value or ())
        if isinstance(value, list)
        else ()
    ):
        yield from places(member, (*at, step))


def changed(name: str, at: Path, change) -> bytes:
    """The bytes of a sample after `change(container, last step)` at a place."""
    whole = copy.deepcopy(json.loads(SAMPLES[name].raw))
    container = whole
    for step in at[:-1]:
        container = container[step]
    change(container, at[-1])
    return canonical.encode(whole)


def refused(name: str, data: bytes) -> bool:
    try:
        type(SAMPLES[name]).from_bytes(data)
    except DocumentRefused:
        return True
    return False


@every_document
def test_a_document_reads_back_from_its_bytes_and_keeps_them(name):
    document = SAMPLES[name]
    again = type(document).from_bytes(document.raw)
    assert again == document
    assert again.raw == document.raw == canonical.encode(document.model_dump(mode="json"))
    assert again.sha256 == canonical.sha256_hex(document.raw)


@every_document
def test_the_hash_words_and_challenges_of_a_document_never_change(name):
    wanted = json.loads((VECTORS / "documents.json").read_text())
    assert describe(SAMPLES[name]) == wanted[name]


def test_every_type_of_document_has_golden_bytes():
    assert {type(document) for document in SAMPLES.values()} == set(Document.__subclasses__())


@every_document
def test_an_unknown_member_is_refused_wherever_it_stands(name):
    for at, value in places(json.loads(SAMPLES[name].raw)):
        if isinstance(value, dict) and not (at and at[-1] in FREE_FORM):
            data = changed(name, (*at, "extra"), lambda holder, step: holder.update({step: 1}))
            assert refused(name, data), at


@every_document
def test_a_missing_member_is_refused_wherever_it_stood(name):
    for at, _ in places(json.loads(SAMPLES[name].raw)):
        if at and isinstance(at[-1], str) and at[-1] not in OPTIONAL:
            assert refused(name, changed(name, at, lambda holder, step: holder.pop(step))), at


@every_document
def test_a_value_of_another_type_is_refused_wherever_it_stands(name):
    for at, value in places(json.loads(SAMPLES[name].raw)):
        for wrong in WRONG:
            fits = type(wrong) is type(value) or (at and at[-1] in NULLABLE and None in (wrong, value))
            if at and not fits:
                data = changed(name, at, lambda holder, step, wrong=wrong: holder.__setitem__(step, wrong))
                assert refused(name, data), (at, wrong)


@every_document
def test_a_document_is_refused_as_one_of_another_type(name):
    for other in SAMPLES.values():
        if type(other) is not type(SAMPLES[name]):
            assert refused(name, other.raw)


@every_document
def test_a_document_is_frozen(name):
    document = SAMPLES[name]
    for field in type(document).model_fields:
        with pytest.raises(ValidationError, match="frozen"):
            setattr(document, field, getattr(document, field))


def test_a_document_beyond_its_limit_is_refused():
    with pytest.raises(DocumentRefused, match="too-long"):
        Proposal.from_bytes(b" " * (Proposal.LIMIT + 1))
    with pytest.raises(DocumentRefused, match="too-long"):
        Warrant.from_bytes(b" " * (Warrant.LIMIT + 1))


def test_a_changed_copy_has_bytes_of_its_own_and_is_checked():
    assert CHARTER.raw
    copied = CHARTER.model_copy(update={"valid_until": CHARTER.valid_until - 1})
    assert copied.sha256 != CHARTER.sha256
    assert copied.raw == canonical.encode(copied.model_dump(mode="json"))
    with pytest.raises(ValidationError):
        CHARTER.model_copy(update={"version": 0})
    with pytest.raises(ValidationError):
        Person.model_copy(CHARTER.people[0], update={"roles": ("queen",)})


def test_what_an_operation_defines_is_put_in_order_and_what_has_no_utf_8_is_not_written():
    disordered = {"b": [{"d": 1, "c": ({"z": None, "y": "Zoë"},)}], "a": {"n": True, "m": 2**53 - 1}}
    made = PROPOSAL.model_copy(update={"parameters": disordered})
    assert made.raw == canonical.encode(made.model_dump(mode="json"))
    assert b'"parameters":{"a":{"m":9007199254740991,"n":true},"b":[{"c":[{"y":' in made.raw
    assert Proposal.from_bytes(made.raw).sha256 == made.sha256
    with pytest.raises(DocumentRefused, match="lone-surrogate"):
        _ = PROPOSAL.model_copy(update={"parameters": {"a": "\ud800"}}).raw


def test_a_refusal_names_the_place_and_never_the_value():
    data = changed("proposal", ("reason",), lambda holder, step: holder.update({step: "secret\n"}))
    with pytest.raises(DocumentRefused) as refusal:
        Proposal.from_bytes(data)
    assert (refusal.value.code, "reason" in refusal.value.message) == ("bad-field", True)
    assert "secret" not in refusal.value.message


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"expires_at": PROPOSAL.not_before + 7 * 86_400 + 1}, "at most 7 days"),
        ({"expires_at": PROPOSAL.not_before}, "more than nothing"),
        ({"authorities": PROPOSAL.authorities * 2}, "each once"),
        ({"nodes": PROPOSAL.nodes * 2}, "a node stands twice"),
    ],
    ids=["lives too long", "lives not at all", "one authority twice", "one node twice"],
)
def test_a_proposal_that_is_not_in_order_is_refused(change, says):
    with pytest.raises(ValidationError, match=says):
        PROPOSAL.model_copy(update=change)


names = TypeAdapter(Name)
UNREADABLE = {
    "nothing": "",
    "too long": "a" * 81,
    "spaces around": " ams-1",
    "a space after": "ams-1 ",
    "two spaces": "ams  1",
    "a tab": "ams\t1",
    "a line end": "ams-1\n",
    "a zero": "ams\x00",
    "a soft hyphen": "ams\u00ad1",
    "a zero-width space": "ams-1\u200b",
    "right to left": "ams\u202e1-sma",
    "an isolate": "\u2066ams",
    "a byte order mark": "ams\ufeff",
    "a hard space": "ams\u00a01",
    "a wide space": "ams\u30001",
    "a line separator": "ams\u20281",
    "a filler that shows nothing": "ams-1\u3164",
    "an empty braille pattern": "\u2800",
    "a variation selector": "ams\ufe0f",
    "a joiner": "ams\u034f",
    "private use": "\ue000",
    "a tag": "\U000e0041",
    "not composed": "e\u0301",
    "a sign that composes to another": "\u212b",
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_a_name_that_people_could_not_read_as_it_stands_is_refused(text):
    with pytest.raises(ValidationError):
        names.validate_python(text)


@pytest.mark.parametrize("text", ["ams-1", "Zoë Müller", "岩田 聡", "Ольга", "a" * 80, "100 %", "O'Hara"])
def test_readable_names_of_any_script_are_accepted(text):
    assert names.validate_python(text) == text


@given(st.text("AQgwBxyz019-_=+/", max_size=9) | st.text(max_size=6))
def test_a_document_holds_just_the_base64url_that_can_be_decoded(text):
    try:
        TypeAdapter(Bytes).validate_python(text)
        held = True
    except ValidationError:
        held = False
    try:
        canonical.b64u_decode(text)
        decoded = True
    except DocumentRefused:
        decoded = False
    assert held == decoded
