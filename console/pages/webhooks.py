"""Webhooks of one's own organisation: added, looked after, and how each message went. For its officers."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from console.pages.forms.fields import NameField
from console.pages.shell import page
from console.sessions import is_recent, person_required, recent_required
from tenants import access
from tenants.errors import Invalid
from tenants.listing import page_of
from tenants.models import Delivery, Webhook
from tenants.notices.kinds import KINDS
from tenants.webhooks import endpoints
from tenants.webhooks.endpoints import NewSecret

SIZE = 25
View = Callable[..., HttpResponse]


class WebhookForm(forms.Form):
    """A webhook as its receiver's operator describes it."""

    use_required_attribute = False
    name = NameField(label=gettext_lazy("Name"), help_text=gettext_lazy("What receives it, for the log."))
    url = forms.CharField(
        label=gettext_lazy("URL"),
        max_length=500,
        widget=forms.URLInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "https://"}
        ),
        help_text=gettext_lazy("An https:// address on a public network. Redirects are not followed."),
        error_messages={"required": gettext_lazy("Give the receiver's URL.")},
    )
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Events"),
        choices=[(event, KINDS[event].title) for event in endpoints.EVENTS],
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Only what your organisation may see is sent."),
        error_messages={"required": gettext_lazy("Choose at least one event.")},
    )


def officers_only(view: View) -> View:
    """Lets only those in who manage the people of their organisation."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        person = request.person
        access.require(
            access.may_manage_people(person, person.organisation),
            _("Webhooks are looked after by the organisation's security officers."),
        )
        return view(request, *args, **kwargs)

    return wrapped


@require_GET
@person_required
@officers_only
def index(request: HttpRequest) -> HttpResponse:
    """All of them."""
    found = access.visible_webhooks(request.person).order_by("name")
    return page(request, "console/webhooks/index.html", "settings", webhooks=found)


@require_http_methods(["GET", "POST"])
@recent_required
@officers_only
def add(request: HttpRequest) -> HttpResponse:
    """Add one; its secret is shown with the answer, and never again."""
    form = WebhookForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            return _with_secret(request, endpoints.add_webhook(by=request.person, **form.cleaned_data))
        except Invalid as error:
            _mark(form, error)
    return _form(request, form, _("Add a webhook"), _("Add"))


@require_http_methods(["GET", "POST"])
@recent_required
@officers_only
def change(request: HttpRequest, key: str) -> HttpResponse:
    """Change what is sent, and where."""
    webhook = _find(request, key)
    now = {"name": webhook.name, "url": webhook.url, "events": webhook.events}
    form = WebhookForm(request.POST if request.method == "POST" else None, initial=now)
    if form.is_bound and form.is_valid():
        try:
            endpoints.change_webhook(webhook=webhook, by=request.person, **form.cleaned_data)
            return redirect("webhook", key=key)
        except Invalid as error:
            _mark(form, error)
    return _form(request, form, _("Change %(name)s") % {"name": webhook.name}, _("Save"), webhook)


@require_GET
@person_required
@officers_only
def show(request: HttpRequest, key: str) -> HttpResponse:
    """One, with how its messages went."""
    return _show(request, _find(request, key))


@require_POST
@recent_required
@officers_only
def renew_secret(request: HttpRequest, key: str) -> HttpResponse:
    """Draw another secret, and show it."""
    return _with_secret(request, endpoints.renew_secret(webhook=_find(request, key), by=request.person))


@require_POST
@person_required
@officers_only
def test(request: HttpRequest, key: str) -> HttpResponse:
    """Send a message that tells nothing."""
    endpoints.test_webhook(webhook=_find(request, key), by=request.person)
    messages.success(request, _("A test is on its way. Load this page again in a moment to see how it went."))
    return redirect("webhook", key=key)


@require_POST
@person_required
@officers_only
def switch(request: HttpRequest, key: str) -> HttpResponse:
    """Disable it, or enable it again."""
    webhook = _find(request, key)
    turn = endpoints.disable_webhook if webhook.disabled_at is None else endpoints.enable_webhook
    turn(webhook=webhook, by=request.person)
    return redirect("webhook", key=key)


@require_POST
@recent_required
@officers_only
def remove(request: HttpRequest, key: str) -> HttpResponse:
    """Remove it."""
    webhook = _find(request, key)
    endpoints.remove_webhook(webhook=webhook, by=request.person)
    messages.success(request, _("%(name)s is removed.") % {"name": webhook.name})
    return redirect("webhooks")


@require_POST
@person_required
@officers_only
def redeliver(request: HttpRequest, key: str, delivery: str) -> HttpResponse:
    """Send a message once more."""
    found = Delivery.objects.filter(webhook=_find(request, key)).select_related("webhook")
    endpoints.redeliver(delivery=access.get_visible(found, delivery), by=request.person)
    return redirect("webhook", key=key)


def _find(request: HttpRequest, key: str) -> Webhook:
    return access.get_visible(access.visible_webhooks(request.person), key)


def _mark(form: WebhookForm, error: Invalid) -> None:
    fields = {"bad-url": "url", "private-address": "url", "bad-events": "events"}
    form.add_error(fields.get(error.code, "name"), error.message)


def _with_secret(request: HttpRequest, made: NewSecret) -> HttpResponse:
    """The page of a webhook with the secret on it. The answer is not kept by browsers or anything between."""
    answer = _show(request, made.webhook, secret=made.secret)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _show(request: HttpRequest, webhook: Webhook, secret: str = "") -> HttpResponse:
    rows = Delivery.objects.filter(webhook=webhook).prefetch_related("tried")
    found = page_of(rows, cursor=request.GET.get("cursor"), size=SIZE)
    return page(
        request,
        "console/webhooks/webhook.html",
        "settings",
        webhook=webhook,
        secret=secret,
        titles=[KINDS[event].title for event in webhook.events if event in KINDS],
        found=found,
        recent=is_recent(request),
    )


def _form(
    request: HttpRequest, form: WebhookForm, title: str, button: str, webhook: Webhook | None = None
) -> HttpResponse:
    status = 422 if form.is_bound else 200
    return page(
        request,
        "console/webhooks/form.html",
        "settings",
        status=status,
        form=form,
        title=title,
        button=button,
        webhook=webhook,
    )
