"""What may stand in an address of the API: anything else leads nowhere, before any view or query runs."""

from django.urls.converters import StringConverter


class IdConverter(StringConverter):
    """An id."""

    regex = "[0-9a-f]{32}"


class HashConverter(StringConverter):
    """A SHA-256."""

    regex = "[0-9a-f]{64}"


class NumberConverter(StringConverter):
    """A number of the log's entries."""

    regex = "[1-9][0-9]{0,14}"


class TagConverter(StringConverter):
    """An operation's tag up to its version."""

    regex = "[a-z-]+\\.[a-z-]+"


class VersionConverter(StringConverter):
    """An operation's version."""

    regex = "v[0-9]+"
