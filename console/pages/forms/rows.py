"""Lists of things in a form: as many rows as wanted, each a small form of its own."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms

from console.pages.forms.fields import form_field
from hsmnodes.node.operations.fields import FieldTree

MOST_ROWS = 50


class Rows:
    """The rows of one list, named `<list>-<index>-<field>`; `<list>-total` counts them.

    `row` makes the form of a row; at least `least` rows are there.
    """

    def __init__(
        self,
        name: str,
        row: Callable[..., forms.Form],
        data: Mapping[str, Any] | None,
        initial: list[dict[str, Any]] | None = None,
        *,
        least: int = 0,
    ) -> None:
        self.name, self.least, self.data = name, least, data
        self.is_bound = data is not None
        self._row = row
        initial = initial or []
        total = self._total() if self.is_bound else max(self.least, len(initial))
        self.forms = [self._form(str(index), initial[index : index + 1]) for index in range(total)]

    @property
    def total_name(self) -> str:
        """The name of the hidden field that counts the rows."""
        return f"{self.name}-total"

    @property
    def empty(self) -> forms.Form:
        """The row that the page copies when one is added."""
        return self._row(prefix=f"{self.name}-__n__")

    def is_valid(self) -> bool:
        """Whether every row is complete in itself."""
        return not any(form.errors for form in self.forms)

    def add_error(self, index: int, field: str | None, message: str) -> None:
        """Put an error where it belongs."""
        form = self.forms[index]
        form.add_error(field if field in form.fields else None, message)

    def _total(self) -> int:
        text = str((self.data or {}).get(self.total_name, ""))
        is_number = text.isascii() and text.isdigit()
        return min(max(int(text[:4]), self.least), MOST_ROWS) if is_number else self.least

    def _form(self, index: str, initial: list[dict[str, Any]]) -> forms.Form:
        return self._row(self.data, prefix=f"{self.name}-{index}", initial=initial[0] if initial else None)


class ParameterRows(Rows):
    """The rows of one list parameter of an operation."""

    def __init__(
        self,
        tag: str,
        tree: FieldTree,
        data: Mapping[str, Any] | None,
        initial: list[dict[str, Any]] | None = None,
    ) -> None:
        self.label = tree["label"]
        fields = {
            one["name"]: form_field(tag, f"{tree['name']}.{one['name']}", one)
            for one in tree["item"]["fields"]
        }
        row = type("Row", (forms.Form,), {**fields, "use_required_attribute": False})
        super().__init__(tree["name"], row, data, initial, least=max(1, tree.get("minItems", 1)))

    def values(self) -> list[dict[str, Any]]:
        """The rows as parameters; lists sorted, as documents want them."""
        return [
            {
                name: sorted(value) if isinstance(value, list) else value
                for name, value in form.cleaned_data.items()
            }
            for form in self.forms
        ]
