"""Where the browser comes back from the desk."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET

from console.desk_backend import tickets
from console.desk_backend.effects import take_effect


@require_GET
def come_back(request: HttpRequest) -> HttpResponse:
    """Take the code, let the answer have its effect, and go on to the page it was begun for."""
    code = request.GET.get("code")
    if code is None:
        return HttpResponseRedirect(tickets.page_left(request))
    ticket = tickets.redeem(request, code)
    request.back = ticket.next_path
    take_effect(request, ticket)
    return HttpResponseRedirect(ticket.next_path)
