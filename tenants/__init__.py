"""The Django app of the people: organisations, tokens, services, Trust Zones, charters, proposals, the log."""
