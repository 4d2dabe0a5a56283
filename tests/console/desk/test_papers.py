"""What the other tests lay on the desk is what a node would accept: a refusal is about what they spoiled."""

import pytest

from hsmnodes.node.operations import registry
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Charter, Enrolment, Proposal, SignIn
from tests.console.desk import papers

DESK = "http://localhost:8001"


@pytest.mark.parametrize(
    ("paper", "kind"),
    [
        (papers.sign_in(console="http://127.0.0.1:8000", desk=DESK), SignIn),
        (papers.enrolment(desk=DESK), Enrolment),
        (papers.charter(desk=DESK), Charter),
        (papers.charter(desk=DESK, version=2), Charter),
    ],
)
def test_a_paper_is_a_document(paper, kind):
    kind.from_bytes(canonical.encode(paper))


@pytest.mark.parametrize("paper", [papers.proposal(), papers.amendment(papers.charter(desk=DESK, version=2))])
def test_a_proposal_has_the_parameters_of_its_operation(paper):
    proposal = Proposal.from_bytes(canonical.encode(paper))
    registry.operation(proposal.operation).read(proposal.parameters)
