"""`manage.py first_person`: the one-time link by which the first person of a deployment comes in."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants import people
from tenants.errors import DomainError
from tenants.models import Organisation, Person, Token


class Command(BaseCommand):
    help = "Adds a provider with its first person, and prints the link for enrolling their token."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--provider", required=True, help="the provider's name")
        parser.add_argument("--name", required=True, help="the person's name")

    def handle(self, *_args: Any, **options: Any) -> None:
        if Token.objects.exists():
            raise CommandError("There are people with tokens here; they invite others. Nothing was done.")
        try:
            person = Person.objects.filter(
                name=options["name"], organisation__name=options["provider"]
            ).first()
            if person is None:
                provider = Organisation.objects.filter(name=options["provider"], provider=None).first()
                provider = provider or people.add_provider(name=options["provider"])
                person = people.add_person(organisation=provider, name=options["name"], by=None)
            link = people.invite_person(person=person, by=None)
        except DomainError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{settings.CONSOLE_ORIGIN}/invitation/{link.secret}")
