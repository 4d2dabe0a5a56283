"""Lists as CSV files (RFC 4180), in which a spreadsheet finds no formulas."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.http import StreamingHttpResponse

MOST_ROWS = 10_000
# What begins a formula, also in the full-width letters that spreadsheets take for the plain ones.
FORMULAS = "=+-@\uff1d\uff0b\uff0d\uff20"


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A file for download with the names of the columns first; times are ISO 8601 in UTC."""
    return StreamingHttpResponse(
        _lines(columns, rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


class _Line:
    """A file that gives back each line instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def _lines(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([_cell(value) for value in row])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, int):
        return str(value)
    return _plain(str(value))


def _plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula, wherever it begins: a spreadsheet skips white space."""
    return f"'{text}" if text.lstrip()[:1] in FORMULAS and text.strip() else text
