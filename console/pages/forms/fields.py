"""From the description of a parameter to a form field."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from console.pages.forms.hints import Hint, hint
from hsmnodes.node.operations.fields import FieldTree
from hsmnodes.node.protocol.documents.base import NAME_MAX, plain_text


def readable(text: str) -> None:
    """Refuse what documents cannot state.

    Raises ValidationError.
    """
    try:
        plain_text(text)
    except ValueError as error:
        raise ValidationError(
            _("This cannot be signed as it stands: %(why)s."), params={"why": error}
        ) from None


class NameField(forms.CharField):
    """A name as documents state it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=options.pop("max_length", NAME_MAX), **options)
        self.validators.append(readable)
        self.error_messages["required"] = _("Give it a name.")


def form_field(tag: str, path: str, tree: FieldTree) -> forms.Field:
    """The field for a parameter that is typed or chosen from fixed choices."""
    said = hint(tag, path)
    shared = {
        "label": tree.get("label", ""),
        "help_text": said.help,
        "required": not tree.get("nullable"),
        "initial": said.initial,
    }
    # Nobody gets what happened to stand first.
    unchosen = [("", "–")] if said.initial is None else []
    match tree["kind"]:
        case "choice":
            return forms.ChoiceField(
                choices=[*unchosen, *_choices(tree)],
                error_messages={"required": _("Choose one of these.")},
                **shared,
            )
        case "list":
            field = forms.MultipleChoiceField(
                choices=_choices(tree["item"]),
                widget=forms.CheckboxSelectMultiple,
                error_messages={"required": _("Tick at least one.")},
                **shared,
            )
            field.only = said.only
            field.depends = said.depends
            return field
        case "integer":
            return forms.IntegerField(
                min_value=tree.get("minimum"),
                max_value=tree.get("maximum"),
                error_messages={"required": _("Give a whole number.")},
                **shared,
            )
        case "boolean":
            return forms.BooleanField(**(shared | {"required": False}))
        case "named":
            return NameField(**shared, widget=_text(said))
        case _:
            return forms.CharField(
                max_length=tree.get("maxLength", NAME_MAX),
                validators=[readable],
                widget=_text(said),
                error_messages={"required": _("This is needed.")},
                **shared,
            )


def _text(said: Hint) -> forms.TextInput:
    return forms.TextInput(
        attrs={"placeholder": said.placeholder, "autocomplete": "off", "spellcheck": "false"}
    )


def _choices(tree: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(one["value"], one["label"]) for one in tree["choices"]]
