"""Lists of things in a form: as many rows as wanted, each a small form of its own."""

from collections.abc import Mapping
from typing import Any

from django import forms

from console.pages.forms.fields import form_field
from hsmnodes.node.operations.fields import FieldTree

MOST_ROWS = 50


class Rows:
    """The rows of one list parameter, named `<list>-<index>-<field>`; `<list>-total` counts them."""

    def __init__(
        self,
        tag: str,
        tree: FieldTree,
        data: Mapping[str, Any] | None,
        initial: list[dict[str, Any]] | None = None,
    ) -> None:
        self.tag = tag
        self.name = tree["name"]
        self.label = tree["label"]
        self.least = max(1, tree.get("minItems", 1))
        self.trees = tree["item"]["fields"]
        self.is_bound = data is not None
        self.data = data
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
        return self._row_class()(prefix=f"{self.name}-__n__")

    def is_valid(self) -> bool:
        """Whether every row is complete in itself."""
        return not any(form.errors for form in self.forms)

    def values(self) -> list[dict[str, Any]]:
        """The rows as parameters; lists sorted, as documents want them."""
        return [
            {
                name: sorted(value) if isinstance(value, list) else value
                for name, value in form.cleaned_data.items()
            }
            for form in self.forms
        ]

    def add_error(self, index: int, field: str | None, message: str) -> None:
        """Put an error where it belongs."""
        form = self.forms[index]
        form.add_error(field if field in form.fields else None, message)

    def _total(self) -> int:
        text = str((self.data or {}).get(self.total_name, ""))
        return min(max(int(text), self.least), MOST_ROWS) if text.isdigit() else self.least

    def _form(self, index: str, initial: list[dict[str, Any]]) -> forms.Form:
        return self._row_class()(
            self.data, prefix=f"{self.name}-{index}", initial=initial[0] if initial else None
        )

    def _row_class(self) -> type[forms.Form]:
        fields = {
            tree["name"]: form_field(self.tag, f"{self.name}.{tree['name']}", tree) for tree in self.trees
        }
        return type("Row", (forms.Form,), {**fields, "use_required_attribute": False})
