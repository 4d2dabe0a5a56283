"""The Django app of the people: organisations, tokens, services, zones, charters, proposals, the log."""
