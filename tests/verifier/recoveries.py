"""Cases of charters with a recovery clause, and of recoveries below quorum."""

from typing import Any

from hsmnodes.node.protocol.documents import AuthorityKind, OtherSide
from tests.cast.people import LUMEN as LUMEN_HEALTH
from tests.hsmnodes.node.protocol.making import NOW, rule
from tests.hsmnodes.node.protocol.recovering import (
    CHAIN,
    DAY,
    KNOWN_SIDES,
    LUMEN,
    NOT_RECOVERED,
    RECOVERED,
    WAITED,
    other_side,
    recover,
    zone_recovered,
)
from tests.verifier.book import Book
from tests.verifier.charters import chain_given, changed


def add_recoveries(books: list[Book]) -> None:
    """Add them to the books of charters and of chains."""
    by_kind = {book.kind: book for book in books}
    _add_clauses(by_kind["charter"])
    _add_chains(by_kind["chain"])


def _add_clauses(made: Book) -> None:
    clause = CHAIN.current.recovery.model_dump(mode="json")
    zone = zone_recovered()[0].current
    other = zone.recovery.model_dump(mode="json")
    strange = OtherSide(
        kind=AuthorityKind.CUSTOMER, id=LUMEN_HEALTH.id, name=LUMEN_HEALTH.name, charter="0" * 64
    )
    made.accept("a recovery clause", {"charter": CHAIN.current.raw})
    made.accept("a recovery clause of a zone", {"charter": zone.raw})
    group = [{"role": None, "group": "nobody-knows", "m": 1}]
    wrong: dict[str, tuple[Any, dict[str, Any]]] = {
        "that is null": (CHAIN.current, {"recovery": None}),
        "of six days": (CHAIN.current, {"recovery": clause | {"days": 6}}),
        "of a quarter and a day": (CHAIN.current, {"recovery": clause | {"days": 91}}),
        "without anybody": (CHAIN.current, {"recovery": clause | {"clauses": []}}),
        "of a group that is not there": (CHAIN.current, {"recovery": clause | {"clauses": group}}),
        "without another side": (CHAIN.current, {"recovery": clause | {"others": []}}),
        "of a customer with another customer": (
            CHAIN.current,
            {"recovery": clause | {"others": [_plain(other_side(LUMEN.current))]}},
        ),
        "of a customer with two others": (
            CHAIN.current,
            {"recovery": clause | {"others": [_plain(other_side(LUMEN.current)), *clause["others"]]}},
        ),
        "of a zone without its customer": (zone, {"recovery": other | {"others": other["others"][1:]}}),
        "of a zone with its sides in another order": (
            zone,
            {"recovery": other | {"others": other["others"][::-1]}},
        ),
        "of a zone with a strange customer": (
            zone,
            {"recovery": other | {"others": [_plain(strange), other["others"][1]]}},
        ),
        "that says more": (CHAIN.current, {"recovery": clause | {"colour": "red"}}),
    }
    codes = {"that is null": "not-canonical", "that says more": "unknown-field"}
    for name, (charter, changes) in wrong.items():
        desk = "bad-field" if name == "that is null" else None
        code = codes.get(name, "bad-field")
        given = {"charter": changed(charter, **changes)}
        if desk is None:
            made.refuse(f"a recovery clause {name}", given, code)
        else:
            made.refuse(f"a recovery clause {name}", given, code, desk=desk)
    ruled = [one.model_dump(mode="json") for one in (*CHAIN.current.rules, rule("charter.recover/v1"))]
    made.refuse(
        "a rule for recoveries",
        {"charter": changed(CHAIN.current, rules=sorted(ruled, key=lambda one: one["operation"]))},
        "bad-field",
    )


def _plain(side: OtherSide) -> dict[str, Any]:
    return side.model_dump(mode="json")


def _add_chains(made: Book) -> None:
    for name, make in RECOVERED.items():
        chain, link = make()
        made.accept(f"recovered {name}", chain_given(chain, link, now=WAITED))
    for name, (make_other, code) in NOT_RECOVERED.items():
        other = make_other()
        chain, link = other if isinstance(other, tuple) else (CHAIN, other)
        made.refuse(f"a recovery: {name}", chain_given(chain, link, now=WAITED), code)
    begins = NOW - 60
    for now, code in ((NOW, "delayed"), (begins + 7 * DAY - 1, "delayed"), (begins + 7 * DAY, None)):
        given, name = (
            chain_given(CHAIN, recover(), now=now),
            f"a recovery {now - begins} seconds after it began",
        )
        if code is None:
            made.accept(name, given)
        else:
            made.refuse(name, given, code)
    again = recover()
    made.refuse("a recovery comes twice", chain_given(CHAIN, again, again, now=WAITED), "does-not-follow")
    _add_known(made)


def _add_known(made: Book) -> None:
    """Recoveries of Meridian Bank where the chain of its provider, whose amendments wait a day, is known."""
    for name, (make, code) in KNOWN_SIDES.items():
        chain, link, known = make()
        given = chain_given(chain, link, now=WAITED)
        given["known"] = {"links": list(known.raw_links), "anchor": known.anchor}
        if code is None:
            made.accept(f"a recovery where {name}", given)
        else:
            made.refuse(f"a recovery where {name}", given, code)
