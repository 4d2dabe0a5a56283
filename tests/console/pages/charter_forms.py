"""A charter's form as a browser would send it."""


def sent(form) -> dict[str, object]:
    """Everything that a browser sends of the form: of boxes only those that are ticked."""
    rows = [form.groups, *form.rules]
    parts = [
        form,
        form.tokens,
        *(row for part in rows for row in part.forms),
        *(rule.options for rule in form.rules),
    ]
    fields = [field for one in parts for field in one]
    values = {field.html_name: field.value() for field in fields}
    totals = {part.total_name: str(len(part.forms)) for part in rows}
    sends = (values | totals).items()
    return {name: value for name, value in sends if value is not None and value is not False}


def rule(operation: str, *clauses: tuple[int, str] | tuple[int, str, str]) -> dict[str, str]:
    """The fields of one rule: M and whom, for each clause, and “or” where an alternative begins."""
    name = f"rule:{operation}"
    filled = {f"{name}-total": str(len(clauses))}
    for index, (m, who, *joins) in enumerate(clauses):
        filled |= {f"{name}-{index}-m": str(m), f"{name}-{index}-who": who}
        filled |= {f"{name}-{index}-joins": one for one in joins}
    return filled


def options(operation: str, **said: object) -> dict[str, str]:
    """The fields of what one rule says beside its clauses."""
    return {f"rule:{operation}-{name}": str(value) for name, value in said.items()}


def group(index: int, name: str, *members) -> dict[str, object]:
    """The fields of one group; the last one says how many there are."""
    ids = [member.id for member in members]
    return {
        "groups-total": str(index + 1),
        f"groups-{index}-name": name,
        f"groups-{index}-people": ids,
    }
