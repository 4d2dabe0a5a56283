"""What people read is made from the signed bytes alone, completely, and the same everywhere."""

import json

import pytest

from hsmnodes.node.operations.registry import operations
from hsmnodes.node.operations.sentences import render_fields, render_sentence
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Proposal
from hsmnodes.node.protocol.errors import Refused
from tests.hsmnodes.node.operations.rendering_vectors import FILE, vectors

VECTORS = json.loads(FILE.read_text())


def read(case):
    return Proposal.from_bytes(canonical.b64u_decode(case["proposal"]))


def leaves(value):
    if isinstance(value, dict):
        return [leaf for member in value.values() for leaf in leaves(member)]
    if isinstance(value, list):
        return [leaf for member in value for leaf in leaves(member)]
    return [value]


def test_the_vectors_are_what_this_code_renders():
    assert vectors() == VECTORS


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_every_value_of_a_proposal_is_shown(case):
    proposal = read(case)
    shown = [row.value for row in render_fields(proposal)] + [row.detail for row in render_fields(proposal)]
    text = "\n".join(shown)
    keys = [proposal.parameters.get(name, "") for name in ("identity", "certificate", "sealing_key")]
    keys += [one["share_key"] for one in proposal.parameters.get("custodians", ())]
    for leaf in leaves(proposal.model_dump(mode="json")):
        if isinstance(leaf, str):
            assert (canonical.sha256_hex(canonical.b64u_decode(leaf)) if leaf in keys else leaf) in text
    assert render_sentence(proposal) == case["sentence"]


@pytest.mark.parametrize("case", VECTORS["refused"], ids=lambda case: case["name"])
def test_what_cannot_be_shown_completely_is_refused(case):
    with pytest.raises(Refused):
        render_sentence(read(case))
    with pytest.raises(Refused):
        render_fields(read(case))


def test_every_operation_has_a_vector():
    assert {read(case).operation for case in VECTORS["cases"]} == set(operations())


def test_a_value_cannot_end_its_own_quotation():
    [case] = [case for case in VECTORS["cases"] if case["name"] == "generate several keys"]
    assert '“Grüße "an" alle”' in render_sentence(read(case))
