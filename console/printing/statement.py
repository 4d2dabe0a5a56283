"""A statement as a tagged PDF (PDF/UA-1), with page numbers and, once it is signed, its signatures.

WeasyPrint draws it with the system's Pango. It may read nothing but the fonts beside the console's pages:
what is printed comes from people, and must not make the console fetch anything.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.template.loader import render_to_string

from console.pages.statement_view import StatementView
from tenants import clock, statements
from tenants.errors import WrongState

STYLE: Final = Path(__file__).parent / "statement.css"
FONTS: Final = Path(__file__).parents[1] / "static" / "console" / "fonts"
VARIANT: Final = "pdf/ua-1"


def print_statement(view: StatementView) -> bytes:
    """The PDF of a statement.

    Raises WrongState where the system lacks what draws it.
    """
    printer = _weasyprint()
    context = {"view": view, "made_at": clock.now(), "origin": settings.CONSOLE_ORIGIN}
    fetcher, fonts = _fonts_alone(printer), printer.text.fonts.FontConfiguration()
    base = f"{FONTS.as_uri()}/"
    style = printer.CSS(filename=str(STYLE), base_url=base, url_fetcher=fetcher, font_config=fonts)
    text = render_to_string("console/statements/print.html", context)
    document = printer.HTML(string=text, base_url=base, url_fetcher=fetcher)
    printed: bytes = document.write_pdf(
        stylesheets=[style],
        font_config=fonts,
        pdf_variant=VARIANT,
        attachments=[
            printer.Attachment(string=data, name=name, description=said)
            for name, data, said in _attached(view)
        ],
    )
    return printed


def _attached(view: StatementView) -> Iterator[tuple[str, bytes, str]]:
    """What goes with the paper: the exact bytes, and what proves that they are signed."""
    yield "statement.json", bytes(view.statement.raw), "The exact bytes of the statement"
    if view.signed is not None:
        data = statements.file_of(view.signed).model_dump_json().encode()
        yield "statement-signed.json", data, "The statement with its signatures and the charters behind them"


def _weasyprint() -> Any:
    """The library; it looks for Pango when it is imported."""
    try:
        import weasyprint
    except (ImportError, OSError) as error:
        raise WrongState(
            "cannot-print",
            "This console cannot make PDFs: the system library Pango is not installed (packages "
            "libpango-1.0-0, libpangoft2-1.0-0 and libharfbuzz-subset0; script/setup installs them). The "
            f"page itself can be printed. [{error.__class__.__name__}]",
        ) from None
    return weasyprint


def _fonts_alone(printer: Any) -> Any:
    """What opens our fonts, and nothing else."""
    base: Any = printer.urls.URLFetcher

    class Fonts(base):
        def fetch(self, url: str, headers: Any = None) -> Any:
            if url not in {font.as_uri() for font in FONTS.glob("*.woff2")}:
                raise ValueError("a statement refers to nothing outside it")
            return super().fetch(url, headers)

    return Fonts(allowed_protocols=("file",))
