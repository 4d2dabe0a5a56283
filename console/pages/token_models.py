"""Models of tokens as people read them: by name and picture where the list of models has them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from tenants.metadata import keeping
from tenants.metadata.compromises import in_words

NO_MODEL = "0" * 32


@dataclass(frozen=True)
class ModelView:
    """A model: `against` is what is known against it, if anything. Without a name it is not listed."""

    aaguid: str
    name: str = ""
    icon: str = ""
    against: str = ""

    @property
    def written(self) -> str:
        """The AAGUID as makers write it."""
        return hyphened(self.aaguid)

    @property
    def label(self) -> str:
        """What to call it in a sentence."""
        if self.name:
            return self.name
        return _("says no model") if self.aaguid == NO_MODEL else self.written

    @property
    def is_listed(self) -> bool:
        return bool(self.name)


def hyphened(aaguid: str) -> str:
    """An AAGUID as makers write it."""
    return "-".join((aaguid[:8], aaguid[8:12], aaguid[12:16], aaguid[16:20], aaguid[20:]))


def models_of(aaguids: Iterable[str]) -> Mapping[str, ModelView]:
    """Each of these models, listed or not."""
    wanted = sorted(set(aaguids))
    known = keeping.known(wanted)
    return {
        one: ModelView(one, str(found), found.icon, in_words(found.compromises))
        if (found := known.get(one))
        else ModelView(one)
        for one in wanted
    }


def in_a_row(aaguids: Collection[str]) -> str:
    """Models in a row, each by its name with the AAGUID beside it."""
    models = models_of(aaguids)
    return ", ".join(f"{one.name} ({one.written})" if one.name else one.label for one in models.values())
