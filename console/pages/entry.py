"""Coming in and going out: signing in with a token, an invitation's link, signing out."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from console.desk_backend.tickets import safe_path
from console.pages import token_terms
from console.sessions import end_session, is_recent
from tenants import deployment
from tenants import people as admission
from tenants.models import Organisation


@never_cache
@require_GET
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with a token; there is no other way."""
    if is_recent(request) and request.person is not None:
        return redirect(safe_path(request.GET.get("next")))
    here = deployment.current()
    organisations = Organisation.objects.none()
    if here.demo:
        organisations = Organisation.objects.prefetch_related("people").order_by("-kind", "name")
    context = {
        "next": safe_path(request.GET.get("next")),
        "again": request.person is not None,
        "organisations": organisations,
        "fresh": not Organisation.objects.exists(),
    }
    return render(request, "console/entry/sign_in.html", context)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out of this browser."""
    end_session(request)
    return redirect("sign-in")


@never_cache
@require_GET
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """What a one-time link leads to: enrolling a first token."""
    found = admission.find_invitation(secret)
    context = {
        "invitation": found,
        "secret": secret,
        "again": found.person.tokens.exists(),
        "demands": token_terms.demands_on(found.person),
    }
    return render(request, "console/entry/invitation.html", context)
