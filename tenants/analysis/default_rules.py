"""The rules that new charters begin with, by kind and model, read from the file beside this one."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from hsmnodes.node.protocol.documents import AuthorityKind, Clause, Role, Rule, TokenRules

FILE = Path(__file__).with_suffix(".toml")
UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
MODELS = ("customer", "provider", "customer-holds", "provider-holds")
TIMES = ("delay", "lifetime")
MEMBERS = {"who", "hours", "custodians_apart", *TIMES}
Found = Mapping[tuple[AuthorityKind, str], tuple[Rule, ...]]


class DefaultsBroken(Exception):
    """The file of default rules does not say what it should: nothing is guessed."""


def rules_of(kind: AuthorityKind, *, model: str = MODELS[0]) -> tuple[Rule, ...]:
    """The rules that a charter of this kind begins with; of a zone, by its model. Sorted by operation."""
    return _read_file()[kind, model if kind is AuthorityKind.ZONE else ""]


@cache
def token_rules() -> TokenRules:
    """The rules on tokens that a charter begins with."""
    return read_token_rules(FILE.read_text("utf-8"))


def read_token_rules(text: str) -> TokenRules:
    """The rules on tokens in such a file. Raises DefaultsBroken."""
    try:
        said = tomllib.loads(text)["tokens"]
        synced, attestation, each = said.pop("synced"), said.pop("attestation"), said.pop("each")
        if said or [type(one) for one in (synced, attestation, each)] != [bool, bool, int]:
            raise DefaultsBroken("tokens: synced and attestation are true or false, each is a number")
        return TokenRules(
            backup_eligible="allowed" if synced else "forbidden",
            attestation="required" if attestation else None,
            tokens_each=None if each == 1 else each,
        )
    except (tomllib.TOMLDecodeError, KeyError, AttributeError, ValueError) as error:
        raise DefaultsBroken(f"default_rules.toml: {error}") from None


def model_of(*, controller: str, apart: bool) -> str:
    """The model of a zone that `controller`, a side, holds; `apart` if the other manages its keys."""
    return f"{controller}-holds" if apart else controller


@cache
def _read_file() -> Found:
    return read(FILE.read_text("utf-8"))


def read(text: str) -> Found:
    """The rules in such a file, by kind and, for a zone, its model. Raises DefaultsBroken."""
    try:
        said = {name: what for name, what in tomllib.loads(text).items() if name != "tokens"}
        models, zones = said.pop("models"), said.pop("zone")
        kinds = {kind.value for kind in AuthorityKind if kind is not AuthorityKind.ZONE}
        if set(models) != set(MODELS) or set(said) != kinds or not set(models.values()) == set(zones):
            raise DefaultsBroken("it has other sections than there are kinds and models")
        of_zones = {(AuthorityKind.ZONE, model): _rules(zones[name]) for model, name in models.items()}
        found = {(AuthorityKind(kind), ""): _rules(rules) for kind, rules in said.items()} | of_zones
    except (tomllib.TOMLDecodeError, KeyError, AttributeError, TypeError, ValueError) as error:
        raise DefaultsBroken(f"default_rules.toml: {error}") from None
    return found


def _rules(said: Mapping[str, Any]) -> tuple[Rule, ...]:
    return tuple(_rule(tag, what) for tag, what in sorted(said.items()))


def _rule(tag: str, what: str | Sequence[str] | Mapping[str, Any]) -> Rule:
    more: dict[str, Any] = dict(what) if isinstance(what, Mapping) else {"who": what}
    if not MEMBERS.issuperset(more):
        raise DefaultsBroken(f"{tag} says {', '.join(sorted(set(more) - MEMBERS))}")
    who = more.pop("who")
    first, *others = [_clauses(tag, way) for way in ([who] if isinstance(who, str) else who)]
    more |= {name: _seconds(tag, more[name]) for name in TIMES if name in more}
    return Rule(operation=tag, clauses=first, alternatives=tuple(others) or None, **more)


def _clauses(tag: str, way: str) -> tuple[Clause, ...]:
    """The clauses in “2 key-manager and 1 custodian”."""
    clauses = []
    for part in way.split(" and "):
        m, _, role = part.strip().partition(" ")
        if not m.isdecimal():
            raise DefaultsBroken(f"{tag} asks for “{part}”, which is not a number and a role")
        clauses.append(Clause(role=Role(role), group=None, m=int(m)))
    return tuple(clauses)


def _seconds(tag: str, time: str) -> int:
    """The seconds in “2 days”."""
    count, _, unit = time.partition(" ")
    size = UNITS.get(unit.removesuffix("s"))
    if not count.isdecimal() or size is None:
        raise DefaultsBroken(f"{tag} says “{time}”, which is not a number of seconds, minutes, hours or days")
    return int(count) * size
