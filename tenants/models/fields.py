"""Columns that many models share."""

from typing import Any

from django.db import models

from tenants.identifiers import new_id

NAME_MAX = 80


class IdField(models.CharField):
    """A primary key of 32 hexadecimal digits, drawn at random unless it is given."""

    def __init__(self, **options: Any) -> None:
        options.update(max_length=32, primary_key=True, default=new_id, editable=False)
        super().__init__(**options)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("max_length", "primary_key", "default", "editable"):
            kwargs.pop(fixed, None)
        return name, path, args, kwargs


class HashField(models.CharField):
    """A SHA-256 as 64 hexadecimal digits."""

    def __init__(self, **options: Any) -> None:
        options["max_length"] = 64
        super().__init__(**options)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("max_length", None)
        return name, path, args, kwargs
