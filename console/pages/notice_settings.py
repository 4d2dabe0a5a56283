"""How a person wants to hear of what, and the address that e-mail goes to."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from console.pages.shell import page
from console.sessions import is_recent, person_required, recent_required
from tenants.errors import Invalid, WrongState
from tenants.models import MailAddress, Person
from tenants.notices import addresses, preferences


class AddressForm(forms.Form):
    """An e-mail address."""

    use_required_attribute = False
    address = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        help_text=gettext_lazy("A code is sent there. Until you have typed it in, no notice is."),
        error_messages={"required": gettext_lazy("Give an address.")},
    )


class CodeForm(forms.Form):
    """The code that came to the address."""

    use_required_attribute = False
    code = forms.CharField(
        label=gettext_lazy("The code that was sent"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"class": "mono", "inputmode": "numeric", "autocomplete": "one-time-code"}
        ),
        help_text=gettext_lazy("Eight digits, good for an hour."),
        error_messages={"required": gettext_lazy("Type in the code.")},
    )


class ChoicesForm(forms.Form):
    """For each event, how the person hears of it."""

    use_required_attribute = False

    def __init__(self, person: Person, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for kind, choice, usual in preferences.choices_for(person):
            options = [
                (one.value, f"{one.label} ({_('usual')})" if one is usual else one.label)
                for one in kind.choices
            ]
            self.fields[kind.event] = forms.ChoiceField(
                label=kind.title, help_text=kind.explanation, choices=options, initial=choice.value
            )


@require_http_methods(["GET", "POST"])
@person_required
def choose(request: HttpRequest) -> HttpResponse:
    """The choices, and the address."""
    person: Person = request.person
    form = ChoicesForm(person, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        preferences.choose(person=person, choices=form.cleaned_data)
        messages.success(request, _("Your choices are kept."))
        return redirect("notice-settings")
    return _page(request, choices=form)


@require_POST
@recent_required
def set_address(request: HttpRequest) -> HttpResponse:
    """Have a code sent to an address."""
    form = AddressForm(request.POST)
    if form.is_valid():
        try:
            addresses.ask_for_address(person=request.person, address=form.cleaned_data["address"])
            return redirect("notice-settings")
        except (Invalid, WrongState) as error:
            form.add_error("address", error.message)
    return _page(request, address=form)


@require_POST
@person_required
def confirm_address(request: HttpRequest) -> HttpResponse:
    """Take the code."""
    form = CodeForm(request.POST)
    if form.is_valid():
        try:
            known = addresses.confirm_address(person=request.person, code=form.cleaned_data["code"])
            messages.success(request, _("Notices go to %(address)s.") % {"address": known.address})
            return redirect("notice-settings")
        except (Invalid, WrongState) as error:
            form.add_error("code", error.message)
    return _page(request, code=form)


@require_POST
@person_required
def forget_address(request: HttpRequest) -> HttpResponse:
    """Send no e-mail any more."""
    addresses.forget_address(person=request.person)
    messages.success(request, _("No e-mail is sent to you any more."))
    return redirect("notice-settings")


def _page(
    request: HttpRequest,
    *,
    choices: ChoicesForm | None = None,
    address: AddressForm | None = None,
    code: CodeForm | None = None,
) -> HttpResponse:
    person: Person = request.person
    bound = [form for form in (choices, address, code) if form is not None and form.is_bound]
    return page(
        request,
        "console/notices/settings.html",
        "settings",
        status=422 if bound else 200,
        choices=choices or ChoicesForm(person),
        address=address or AddressForm(),
        code=code or CodeForm(),
        known=MailAddress.objects.filter(person=person).first(),
        recent=is_recent(request),
    )
