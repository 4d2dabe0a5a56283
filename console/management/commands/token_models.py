"""`manage.py token_models`: check the list of token models that the operator fetched, and load it."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count

from tenants import clock
from tenants.metadata import keeping, reading
from tenants.metadata.compromises import in_words
from tenants.metadata.reading import MetadataRefused
from tenants.models import Token


class Command(BaseCommand):
    help = (
        "Checks the list of token models in QUORATE_METADATA_BLOB (FIDO MDS3), loads it, says what it found."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="say what is in it, and load nothing")
        parser.add_argument("--anew", action="store_true", help="load it though a later one is loaded")

    def handle(self, *_args: Any, check: bool, anew: bool, **_options: Any) -> None:
        try:
            found = reading.read_list(
                _file("QUORATE_METADATA_BLOB", settings.METADATA_BLOB),
                root=_file("QUORATE_METADATA_ROOT", settings.METADATA_ROOT),
                signer=settings.METADATA_SIGNER,
                today=clock.now().date(),
            )
            self._describe(found)
            kept = None if check else keeping.keep_list(found, anew=anew)
        except MetadataRefused as refused:
            raise CommandError(f"{refused.message} [{refused.code}] Nothing was loaded.") from None
        self._describe_tokens(found)
        if kept is None:
            self.stdout.write("Nothing was loaded: it was only checked.")
            return
        self.stdout.write(f"Loaded. {kept.added} models are new, {kept.removed} are gone.")
        for model in kept.newly_compromised:
            self.stdout.write(
                f"Newly known to be compromised: {model} ({model.aaguid}): {in_words(model.compromises)}."
            )

    def _describe(self, found: reading.ModelList) -> None:
        compromised = sum(bool(one.compromises) for one in found.models)
        self.stdout.write(
            f"List {found.number}, signed by {found.signer}, good until {found.next_update:%d %B %Y}: "
            f"{len(found.models)} models, of which {compromised} are known to be compromised; "
            f"{found.passed_over} entries without an AAGUID were passed over."
        )

    def _describe_tokens(self, found: reading.ModelList) -> None:
        """Of which models the tokens here are, and what is known against those."""
        listed = {one.aaguid: one for one in found.models}
        held = Token.objects.values_list("aaguid").annotate(count=Count("pk")).order_by("aaguid")
        for aaguid, count in held:
            model = listed.get(aaguid)
            name = (model.name or aaguid) if model else f"{aaguid}, which is not in the list"
            against = f" COMPROMISED: {in_words(model.compromises)}." if model and model.compromises else ""
            self.stdout.write(f"  {count} enrolled here of {name}.{against}")


def _file(setting: str, path: Path | None) -> bytes:
    if path is None:
        raise CommandError(f"{setting} is not set. Nothing was loaded.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(
            f"{setting}: {path} cannot be read: {error.strerror}. Nothing was loaded."
        ) from None
