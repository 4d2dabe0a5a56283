"""What a page offers somebody they can follow: no link leads to a refusal, or to nothing."""

import pytest

from tests.cast.people import CLEO, DINA, GUS, HANA, IVO, JON
from tests.console.pages.walking import walk

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize("member", [CLEO, DINA, GUS, HANA, IVO, JON], ids=lambda one: one.name)
def test_no_link_leads_to_a_refusal(stage, as_, member):
    answers = walk(as_(member), of_a_kind=10)
    assert len(answers) > 20
    assert {address: answer for address, answer in answers.items() if answer[0] != 200} == {}
