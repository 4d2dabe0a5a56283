"""Which tokens a charter accepts, in its form."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from console.pages import wording
from console.pages.token_models import ModelView, hyphened, models_of
from hsmnodes.node.protocol.documents import TokenRules
from hsmnodes.node.protocol.documents.charter import MOST_MODELS, MOST_TOKENS
from hsmnodes.node.protocol.token_rules import why_not
from tenants.models import Person, Token

HEXADECIMAL = set("0123456789abcdef")


class ModelsField(forms.CharField):
    """Models, one a line: the AAGUID, and after it whatever helps people to read the list."""

    def __init__(self, **options: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"})
        super().__init__(required=False, widget=widget, **options)

    def to_python(self, value: Any) -> tuple[str, ...] | None:
        """The models, sorted, each once; None if there are none."""
        lines = [line.split() for line in (super().to_python(value) or "").splitlines()]
        found = sorted({_aaguid(words[0]) for words in lines if words})
        if len(found) > MOST_MODELS:
            raise ValidationError(_("At most %(n)d models can be named.") % {"n": MOST_MODELS})
        return tuple(found) or None


def _aaguid(word: str) -> str:
    plain = word.replace("-", "").lower()
    if len(plain) != 32 or not set(plain) <= HEXADECIMAL:
        message = _("“%(word)s” is no AAGUID: begin each line with its 32 hexadecimal digits.")
        raise ValidationError(message % {"word": word[:60]})
    return plain


class TokenRulesForm(forms.Form):
    """After `is_valid()`: `rules`, and whether to leave out tokens that they do not accept."""

    use_required_attribute = False

    backup_eligible = forms.ChoiceField(
        label=gettext_lazy("Tokens that can be synced"),
        choices=[
            ("forbidden", gettext_lazy("are not accepted")),
            ("allowed", gettext_lazy("are accepted")),
        ],
        help_text=gettext_lazy(
            "A synced token (a passkey in a cloud account) can be on machines its holder does not know."
        ),
    )
    attestation = forms.ChoiceField(
        label=gettext_lazy("Proof of their make"),
        choices=[
            ("optional", gettext_lazy("is not asked for")),
            ("required", gettext_lazy("is required: its maker vouches for each")),
        ],
        help_text=gettext_lazy(
            "The console checks it when a token is enrolled. Without it a token can say that it is anything."
        ),
    )
    tokens_each = forms.IntegerField(
        label=gettext_lazy("Tokens that everyone has, at least"),
        min_value=1,
        max_value=MOST_TOKENS,
        help_text=gettext_lazy("With two, kept apart, nobody is locked out by the loss of one."),
        error_messages={"required": gettext_lazy("Say how many.")},
    )
    models_allowed = ModelsField(
        label=gettext_lazy("Only these models"),
        help_text=gettext_lazy("One AAGUID a line. Left empty, every model is accepted that is not blocked."),
    )
    models_blocked = ModelsField(
        label=gettext_lazy("None of these models"),
        help_text=gettext_lazy("One AAGUID a line."),
    )
    leave_out = forms.BooleanField(
        label=gettext_lazy("Leave out tokens that these rules do not accept"),
        required=False,
        help_text=gettext_lazy("Whoever then has too few tokens cannot stand in the charter."),
    )

    def __init__(
        self, data: Mapping[str, Any] | None, *, begins: TokenRules, people: Collection[str]
    ) -> None:
        super().__init__(data, initial=_shown(begins))
        self.people = people

    def clean(self) -> dict[str, Any]:
        """Models are allowed only by proof, and not blocked too."""
        said = super().clean() or {}
        allowed, blocked = said.get("models_allowed") or (), said.get("models_blocked") or ()
        if allowed and said.get("attestation") != "required":
            self.add_error(
                "models_allowed", _("Require proof of their make: without it a token can say any model.")
            )
        if both := sorted(set(allowed) & set(blocked)):
            self.add_error(
                "models_blocked", _("%(model)s is allowed above.") % {"model": models_of(both)[both[0]].label}
            )
        return said

    @property
    def rules(self) -> TokenRules:
        """The rules as a charter holds them."""
        said = self.cleaned_data
        return TokenRules(
            backup_eligible=said["backup_eligible"],
            attestation="required" if said["attestation"] == "required" else None,
            models_allowed=said["models_allowed"],
            models_blocked=said["models_blocked"],
            tokens_each=said["tokens_each"] if said["tokens_each"] > 1 else None,
        )

    @cached_property
    def models_held(self) -> list[ModelView]:
        """The models of the tokens of all who could stand in the charter, to take AAGUIDs from."""
        held = Token.objects.filter(person__in=self.people, suspended_at=None)
        return list(models_of(held.values_list("aaguid", flat=True).distinct()).values())


def missing_tokens(person: Person, form: TokenRulesForm) -> Iterator[str]:
    """Why a person could not stand in a charter with the rules in a form, one reason after the other."""
    held = list(person.tokens.filter(suspended_at=None).order_by("created_at", "pk"))
    if not held:
        message = _("%(name)s has no token yet. Send an invitation, or leave this person out for now.")
        yield message % {"name": person.name}
        return
    judged = [(one, why_not(form.rules, one.document())) for one in held]
    accepted = [one for one, why in judged if why is None]
    if not form.cleaned_data["leave_out"]:
        for token, why in judged:
            if why is not None:
                yield _("The token “%(token)s” is not accepted: %(why)s. Leave such tokens out, below.") % {
                    "token": token.label,
                    "why": wording.WHY_NOT[why],
                }
    if len(accepted) < form.rules.least:
        yield ngettext(
            "%(name)s has %(n)d token that these rules accept, and they ask for %(least)d. Have another "
            "enrolled, or leave this person out for now.",
            "%(name)s has %(n)d tokens that these rules accept, and they ask for %(least)d. Have more "
            "enrolled, or leave this person out for now.",
            len(accepted),
        ) % {"name": person.name, "n": len(accepted), "least": form.rules.least}


def _shown(rules: TokenRules) -> dict[str, Any]:
    return {
        "backup_eligible": rules.backup_eligible,
        "attestation": rules.attestation or "optional",
        "tokens_each": rules.least,
        "models_allowed": _lines(rules.models_allowed),
        "models_blocked": _lines(rules.models_blocked),
    }


def _lines(models: Collection[str] | None) -> str:
    found = models_of(models or ()).values()
    return "\n".join(f"{hyphened(one.aaguid)}  {one.name}".rstrip() for one in found)
