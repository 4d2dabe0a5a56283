"""Commands of the app of the machines."""
