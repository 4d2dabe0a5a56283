"""Saved views above a list: which there are, how much each shows, and saving, renaming, deleting one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from console.desk_backend.tickets import safe_path
from console.models import SavedView
from console.pages.forms.fields import NameField
from console.pages.shell import page
from console.saved_views import LISTINGS, delete_view, rename_view, save_view, visible_views
from console.sessions import person_required
from tenants import access
from tenants.errors import Invalid, NotVisible

MOST_COUNTED = 99
SECTIONS = {"proposals": "sign", "zones": "zones", "keys": "zones", "log": "log"}


class ViewNameForm(forms.Form):
    """The name of a view."""

    use_required_attribute = False
    name = NameField(
        label=gettext_lazy("Name of the view"),
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("For yourself alone, such as “My open amendments”."),
    )


@dataclass(frozen=True)
class Chip:
    """A view as it stands above its list; `count` is how much it shows now, in words."""

    view: SavedView
    count: str
    is_current: bool


class SavedViews:
    """The views of a list that the person has, with what can be done about the filter that is shown."""

    def __init__(
        self, request: HttpRequest, listing: str, path: str, rows: Callable[[QueryDict], QuerySet[Any]]
    ) -> None:
        self.listing, self.path = LISTINGS[listing], path
        self._person, self._asked, self._rows = request.person, request.GET, rows

    @cached_property
    def chips(self) -> list[Chip]:
        """All of them by name."""
        views = visible_views(self._person).filter(listing=self.listing.name).order_by("name", "pk")
        return [self._chip(view, QueryDict(view.query)) for view in views]

    @property
    def current(self) -> SavedView | None:
        """The view that is shown, if it is one."""
        return next((chip.view for chip in self.chips if chip.is_current), None)

    @property
    def query(self) -> str:
        """What would be kept of the filter that is shown; empty if the list is shown whole."""
        return self.listing.query_of(self._asked) if self.listing.filter_of(self._asked) else ""

    def _chip(self, view: SavedView, asked: QueryDict) -> Chip:
        return Chip(view, self._count(asked), self._whole(asked) == self._whole(self._asked))

    def _whole(self, asked: QueryDict) -> tuple[str, str]:
        """What tells one view from another: sorting a list anew does not leave the view."""
        return asked.get("view", ""), self.listing.filter_of(asked)

    def _count(self, asked: QueryDict) -> str:
        """Counted only as far as people tell numbers apart, so that long lists stay as fast as short ones."""
        found = self._rows(asked).order_by()[: MOST_COUNTED + 1].count()
        return f"{MOST_COUNTED}+" if found > MOST_COUNTED else str(found)


@require_POST
@person_required
def save(request: HttpRequest, listing: str) -> HttpResponse:
    """Keep a filter under a name."""
    if listing not in LISTINGS:
        raise NotVisible
    kept, asked = LISTINGS[listing], QueryDict(request.POST.get("query", "")[: SavedView.QUERY_MAX])
    form = ViewNameForm(request.POST)
    if form.is_valid():
        try:
            view = save_view(person=request.person, listing=kept, name=form.cleaned_data["name"], asked=asked)
        except Invalid as error:
            form.add_error("name", error.message)
        else:
            messages.success(
                request, _("“%(name)s” stands above this list from now on.") % {"name": view.name}
            )
            return redirect(f"{_back(request)}?{view.query}")
    return _again(request, form, listing, _("Save this view"), kept.query_of(asked))


@require_POST
@person_required
def rename(request: HttpRequest, key: str) -> HttpResponse:
    """Give a view another name."""
    view = access.get_visible(visible_views(request.person), key)
    form = ViewNameForm(request.POST)
    if form.is_valid():
        try:
            rename_view(view=view, name=form.cleaned_data["name"])
        except Invalid as error:
            form.add_error("name", error.message)
        else:
            return redirect(f"{_back(request)}?{view.query}")
    return _again(request, form, view.listing, _("Rename this view"), view.query)


@require_POST
@person_required
def delete(request: HttpRequest, key: str) -> HttpResponse:
    """Forget a view."""
    view = access.get_visible(visible_views(request.person), key)
    delete_view(view=view)
    messages.success(request, _("The view “%(name)s” is deleted.") % {"name": view.name})
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    """The list that the view is of."""
    return safe_path(request.POST.get("next")).partition("?")[0]


def _again(request: HttpRequest, form: forms.Form, listing: str, title: str, query: str) -> HttpResponse:
    """The name once more, with what is wrong with it."""
    return page(
        request,
        "console/saved/name.html",
        SECTIONS[listing],
        status=422,
        form=form,
        title=title,
        query=query,
        back=_back(request),
    )
