"""The console's side of the desk: tickets out, answers in (docs/formats/desk.md)."""
