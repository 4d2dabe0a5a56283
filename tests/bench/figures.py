"""A figure of the bench: what was measured, beside what it is held against in the same run."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from statistics import median
from time import process_time


@dataclass(frozen=True)
class Figure:
    """`value` and `baseline` in `unit`; `ratio` is value / baseline; `target` says which ratio is wanted."""

    name: str
    unit: str
    value: float
    baseline: float | None = None
    ratio: float | None = None
    target: str | None = None
    ok: bool | None = None

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def at_least(name: str, unit: str, value: float, baseline: float, least: float) -> Figure:
    ratio = value / baseline
    return Figure(name, unit, value, baseline, ratio, f">= {least}", ratio >= least)


def at_most(name: str, unit: str, value: float, baseline: float, most: float) -> Figure:
    ratio = value / baseline
    return Figure(name, unit, value, baseline, ratio, f"<= {most}", ratio <= most)


def plain(name: str, unit: str, value: float) -> Figure:
    return Figure(name, unit, value)


def rates_side_by_side(
    one: Callable[[], object], other: Callable[[], object], *, rounds: int = 15, times: int = 100
) -> tuple[float, float]:
    """Calls a second of the processor of both, in turns, so that drift touches both; medians of rounds."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for what, taken in zip((one, other), seconds, strict=True):
            start = process_time()
            for _ in range(times):
                what()
            taken.append(process_time() - start)
    return times / median(seconds[0]), times / median(seconds[1])


def table(figures: Iterable[Figure]) -> str:
    """The figures as people read them."""
    rows = [("what", "value", "against", "ratio", "target", ""), *map(_row, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def _row(figure: Figure) -> tuple[str, ...]:
    return (
        figure.name,
        f"{figure.value:,.4g} {figure.unit}",
        "" if figure.baseline is None else f"{figure.baseline:,.4g} {figure.unit}",
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        figure.target or "",
        {None: "", True: "ok", False: "MISSED"}[figure.ok],
    )
