"""What an authorised proposal sets off for nodes."""


def register() -> None:
    """Stand in the workflow's hooks."""
