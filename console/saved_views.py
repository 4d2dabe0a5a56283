"""Saved views: a filter of a list under a name of one's own, for oneself alone.

A view keeps what its list's address asks for, never what was found: it shows what there is when it is opened,
and nothing that the person may not see then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from console.models import SavedView
from tenants.errors import Invalid
from tenants.models import Person

MOST_VIEWS = 12
VALUE_MAX = 120


@dataclass(frozen=True)
class Listing:
    """A list whose filters can be kept: by which parameters of its address it is filtered, and sorted."""

    name: str
    filters: tuple[str, ...]
    beside: tuple[str, ...] = ("sort",)

    def filter_of(self, asked: Mapping[str, str]) -> str:
        """What is filtered by, as a query; empty if the list is shown whole."""
        return self._query(asked, self.filters)

    def query_of(self, asked: Mapping[str, str]) -> str:
        """All of it that a view keeps, in one order, so that the same is written the same."""
        return self._query(asked, (*self.beside, *self.filters))

    def _query(self, asked: Mapping[str, str], names: tuple[str, ...]) -> str:
        given = ((name, asked.get(name, "").strip()[:VALUE_MAX]) for name in names)
        return urlencode([(name, value) for name, value in given if value and value.isprintable()])


LISTINGS = {
    one.name: one
    for one in (
        Listing("proposals", ("q", "state", "operation"), ("view", "sort")),
        Listing("zones", ("q",)),
        Listing("keys", ("q", "keys")),
        Listing("log", ("q", "event", "severity")),
    )
}


def visible_views(person: Person) -> QuerySet[SavedView]:
    """One's own: nobody else sees them."""
    return SavedView.objects.filter(person=person)


def save_view(*, person: Person, listing: Listing, name: str, asked: Mapping[str, str]) -> SavedView:
    """Keep the filter that is asked for under `name`.

    Raises Invalid if nothing is filtered, the name is taken in this list, or there are too many.
    """
    if not listing.filter_of(asked):
        raise Invalid("no-filter", _("Filter the list first: a view keeps what it is filtered by."))
    if person.saved_views.filter(listing=listing.name).count() >= MOST_VIEWS:
        raise Invalid(
            "too-many-views",
            _("There are %(most)d views of this list already. Delete one that you no longer need.")
            % {"most": MOST_VIEWS},
        )
    query = listing.query_of(asked)
    return _write(SavedView(person=person, listing=listing.name, name=name, query=query))


def rename_view(*, view: SavedView, name: str) -> SavedView:
    """Give a view another name. Raises Invalid if that is taken in its list."""
    view.name = name
    return _write(view)


def delete_view(*, view: SavedView) -> None:
    """Forget a view. What it showed stays as it is."""
    view.delete()


def _write(view: SavedView) -> SavedView:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        raise Invalid(
            "name-in-use",
            _("You have a view called “%(name)s” of this list already. Choose another name.")
            % {"name": view.name},
        ) from None
    return view
