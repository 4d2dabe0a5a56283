"""`manage.py compare_zones`: whether the HSMs of each zone have the same keys."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from hsmnodes.comparing import Comparison, compare
from hsmnodes.models import Slot
from tenants.models import TrustZone


class Command(BaseCommand):
    help = (
        "Compares the HSMs of every Trust Zone by the digests of their keys, as they signed them last, and "
        "says what differs. Ends with 1 if something does."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--zone", help="the id of one zone")

    def handle(self, *_args: Any, **options: Any) -> None:
        zones = TrustZone.objects.filter(pk__in=Slot.objects.values("zone")).order_by("name")
        if options["zone"]:
            zones = zones.filter(pk=options["zone"])
        comparisons = [compare(zone) for zone in zones]
        for comparison in comparisons:
            self._tell(comparison)
        if not all(comparison.in_step for comparison in comparisons):
            sys.exit(1)

    def _tell(self, comparison: Comparison) -> None:
        state = "in step" if comparison.in_step else "NOT in step"
        self.stdout.write(f"{comparison.zone.name} ({comparison.zone.pk}): {state}")
        for member in comparison.members:
            said = member.said
            told = (
                f"{said.keys} keys, {said.digest[:16]}, epoch {said.epoch} ({said.kcv})" if said else "silent"
            )
            wrong = "" if member.as_receipts_say or said is None else f", but receipts speak of {member.keys}"
            self.stdout.write(f"  {member.slot.node.name}: {told}{wrong}")
            for key in member.missing:
                self.stdout.write(f"    has not: {key.label} ({key.pk})")
