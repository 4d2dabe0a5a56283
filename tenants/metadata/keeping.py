"""Keeping the list of token models: what it says is kept in the database, for all processes at once.

What was verified once is not verified again on use; that the list is not out of date is.
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction

from tenants import clock, log
from tenants.log import Event
from tenants.metadata import reading
from tenants.metadata.compromises import in_words
from tenants.metadata.reading import MetadataRefused
from tenants.models import ModelList, Organisation, Token, TokenModel


@dataclass(frozen=True)
class Kept:
    """What loading a list came to: which models were not known, and of which it is news that they fail."""

    added: int
    removed: int
    newly_compromised: tuple[TokenModel, ...]


@transaction.atomic
def keep_list(found: reading.ModelList, *, anew: bool = False) -> Kept:
    """Have a verified list be the one that holds, in place of the one before.

    A list that is older than that is refused, unless one begins `anew`: whoever could put back an old one
    would have us forget what is known by now. Officers are told of models that are newly compromised.

    Raises MetadataRefused.
    """
    held = ModelList.objects.select_for_update(no_key=True).first()
    if held is not None and not anew:
        _check_later(found, held)
    before = {one.aaguid: one for one in TokenModel.objects.all()}
    models = [
        TokenModel(
            aaguid=one.aaguid,
            name=one.name,
            icon=one.icon,
            roots=[b64encode(root).decode() for root in one.roots],
            compromises=[list(report) for report in one.compromises],
        )
        for one in found.models
    ]
    TokenModel.objects.all().delete()
    TokenModel.objects.bulk_create(models)
    ModelList.objects.all().delete()
    ModelList.objects.create(
        number=found.number,
        next_update=found.next_update,
        signer=found.signer,
        hash=found.sha256,
        loaded_at=clock.now(),
    )
    news = tuple(one for one in models if _statuses(one) - _statuses(before.get(one.aaguid)))
    log.record(
        Event.MODELS_LOADED,
        f"List {found.number} of token models by {found.signer} was loaded: {len(models)} models.",
        details={"number": found.number, "sha256": found.sha256},
    )
    for model in news:
        _tell(model)
    known = {one.aaguid for one in models}
    return Kept(len(known - set(before)), len(set(before) - known), news)


def current_list() -> ModelList | None:
    """The list that was loaded, if the next one is not overdue: an old one proves nothing any more."""
    held = ModelList.objects.first()
    return held if held is not None and held.next_update >= clock.now().date() else None


def known(aaguids: Collection[str]) -> dict[str, TokenModel]:
    """Those of these models that are known, by AAGUID."""
    return TokenModel.objects.in_bulk(set(aaguids))


def failing() -> dict[str, TokenModel]:
    """Every model that is known to be compromised, by AAGUID."""
    return {one.aaguid: one for one in TokenModel.objects.exclude(compromises=[])}


def compromise_of(aaguid: str) -> str:
    """What is known against a model, in words; nothing, if nothing is."""
    model = TokenModel.objects.filter(pk=aaguid).first()
    return in_words(model.compromises) if model else ""


def roots_of(aaguid: str) -> list[bytes]:
    """The certificates (DER) that the list gives for a model; none if it is unknown, or the list overdue."""
    model = TokenModel.objects.filter(pk=aaguid).first() if current_list() else None
    return reading.der_of(model.roots) if model else []


def roots_of_several() -> set[bytes]:
    """The certificates (DER) that the list gives for more than one model."""
    counted = Counter(
        root for roots in TokenModel.objects.values_list("roots", flat=True) for root in set(roots)
    )
    return set(reading.der_of([root for root, count in counted.items() if count > 1]))


def _check_later(found: reading.ModelList, held: ModelList) -> None:
    if found.number < held.number:
        raise MetadataRefused(
            "older", f"The list has the number {found.number}, and number {held.number} is loaded."
        )
    if found.number == held.number and found.sha256 != held.hash:
        raise MetadataRefused("another", f"Another list with the number {found.number} is loaded.")


def _statuses(model: TokenModel | None) -> set[str]:
    return {status for status, _since in model.compromises} if model else set()


def _tell(model: TokenModel) -> None:
    """Tell the officers of every organisation whose people have tokens of a model that fails."""
    held = Token.objects.filter(aaguid=model.aaguid)
    for organisation in Organisation.objects.filter(people__tokens__in=held).distinct().order_by("pk"):
        count = held.filter(person__organisation=organisation).count()
        log.alarm(
            Event.MODEL_COMPROMISED,
            f"{organisation.name} has {count} of the model {model}, which is known to be compromised: "
            f"{in_words(model.compromises)}.",
            about=log.about_organisation(organisation),
            aaguid=model.aaguid,
            tokens=count,
        )
