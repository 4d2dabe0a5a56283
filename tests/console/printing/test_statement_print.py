"""A statement in print: a tagged PDF whose text is the statement's, with page numbers and who signed."""

import os
import sys
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium
import pytest
import weasyprint

from console.pages.statement_view import StatementView
from console.printing import statement as statement_print
from console.printing.statement import print_statement
from hsmnodes.node.protocol.documents.statement import Contact
from hsmnodes.node.protocol.words import fingerprint
from tenants.errors import WrongState
from tenants.standing import last_signed
from tests.world import statements as making

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(world):
    service = world.service(world.node())
    world.zone_of_custodians(service)
    return service


def printed(statement):
    return print_statement(StatementView(statement, last_signed(statement.service)))


def read(data):
    """The text of each page, in one line."""
    if folder := os.environ.get("QUORATE_SHOTS"):
        Path(folder, "statement.pdf").write_bytes(data)
    with pypdfium2.PdfDocument(data) as document:
        return [" ".join(page.get_textpage().get_text_bounded().split()) for page in document]


def test_the_print_says_what_the_statement_says_and_who_signed_it(world, service):
    statement = making.draw_up(world, service)
    making.sign(world, statement)
    data = printed(statement)
    pages = read(data)
    whole = " ".join(pages)
    assert " ".join(fingerprint(statement.hash)) in pages[0]
    for said in (
        "Northgate",
        "Meridian Bank",
        "Generate keys",
        "2 key managers",
        "Payments",
        making.CONTACTS[0].reach,
    ):
        assert said in whole
    for officer in making.OFFICERS:
        assert f"{officer.name}" in whole
    assert all(f"Page {number} of {len(pages)}" in page for number, page in enumerate(pages, start=1))
    with pypdfium2.PdfDocument(data) as document:
        assert pdfium.FPDFCatalog_IsTagged(document)
        names = [document.get_attachment(i).get_name() for i in range(document.count_attachments())]
        assert names == ["statement.json", "statement-signed.json"]
        assert bytes(document.get_attachment(0).get_data()) == bytes(statement.raw)


def test_a_draft_says_on_its_first_page_that_nobody_has_signed_it(world, service):
    pages = read(printed(making.draw_up(world, service)))
    assert "Draft: not signed" in pages[0]
    assert "Nobody has signed this" in " ".join(pages)


def test_what_people_write_makes_the_print_fetch_nothing(world, service, monkeypatch):
    """Markup in a contact is text; and what is outside our fonts is not opened whatever asks for it."""
    opened = []
    real = weasyprint.urls.URLFetcher.fetch
    monkeypatch.setattr(
        weasyprint.urls.URLFetcher,
        "fetch",
        lambda self, url, *more: opened.append(url) or real(self, url, *more),
    )
    reach = "<img src='file:///etc/passwd'><link rel=attachment href='http://127.0.0.1:1/'>"
    contact = Contact(side="customer", role="auditor", reach=reach)
    whole = " ".join(read(printed(making.draw_up(world, service, contacts=(contact,)))))
    assert "<img src='file:///etc/passwd'>" in whole
    assert opened
    assert all(url.endswith(".woff2") for url in opened)
    fetcher = statement_print._fonts_alone(weasyprint)
    for url in (
        "file:///etc/passwd",
        f"{statement_print.FONTS.as_uri()}/../css/base.css",
        "http://127.0.0.1:1/",
    ):
        with pytest.raises(ValueError, match="nothing outside"):
            fetcher.fetch(url)


def test_without_its_library_it_says_what_to_install(world, service, monkeypatch):
    statement = making.draw_up(world, service)
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(WrongState) as caught:
        printed(statement)
    assert caught.value.code == "cannot-print"
    assert "libpango-1.0-0" in caught.value.message
