"""A charter's form as a browser would send it."""


def sent(form) -> dict[str, object]:
    """Everything that stands in the form."""
    rows = [form.groups, *form.rules]
    fields = [field for one in (form, *(row for part in rows for row in part.forms)) for field in one]
    values = {field.html_name: field.value() for field in fields}
    totals = {part.total_name: str(len(part.forms)) for part in rows}
    return {name: value for name, value in (values | totals).items() if value is not None}


def rule(operation: str, *clauses: tuple[int, str]) -> dict[str, str]:
    """The fields of one rule: M and whom, for each clause."""
    name = f"rule:{operation}"
    filled = {f"{name}-total": str(len(clauses))}
    for index, (m, who) in enumerate(clauses):
        filled |= {f"{name}-{index}-m": str(m), f"{name}-{index}-who": who}
    return filled


def group(index: int, name: str, *members) -> dict[str, object]:
    """The fields of one group; the last one says how many there are."""
    ids = [member.id for member in members]
    return {
        "groups-total": str(index + 1),
        f"groups-{index}-name": name,
        f"groups-{index}-people": ids,
    }
