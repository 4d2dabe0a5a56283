"""How one version of a charter differs from another, in plain sentences. For reading only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from console.pages import token_differences, token_terms, wording
from hsmnodes.node.operations.statement.charter_texts import recovery_text, terms_of
from hsmnodes.node.protocol.control import side_in_control
from hsmnodes.node.protocol.documents import Charter, Clause, Group, Person, Rule, Token
from hsmnodes.node.protocol.weaker import demands_less
from tenants.analysis.defaults import eased_tokens

ABSENT = "–"


@dataclass(frozen=True)
class Difference:
    """One thing that is different, in a sentence and as before and after; `eased` if less is asked for."""

    what: str
    before: str
    after: str
    sentence: str
    eased: bool = False


def differences(old: Charter, new: Charter) -> list[Difference]:
    """Who comes and goes, which groups and rules change, which tokens and which desk are accepted."""
    return [
        *_control(old, new),
        *_people(old, new),
        *_groups(old, new),
        *_rules(old, new),
        *_recovery(old, new),
        *_terms(old, new),
    ]


# ------------------------------------------------------------------ control


def _control(old: Charter, new: Charter) -> Iterator[Difference]:
    if old.zone is None or new.zone is None or old.zone.controller == new.zone.controller:
        return
    before, after = side_in_control(old.zone).name, side_in_control(new.zone).name
    sentence = _(
        "%(after)s controls the zone from now on, and %(before)s no more: shares of the backup key are for "
        "people of %(after)s. The shares that people of %(before)s hold rebuild it until it is rotated."
    ) % {"before": before, "after": after}
    yield Difference(_("Controlled by"), before, after, sentence)


# ------------------------------------------------------------------ people


def _people(old: Charter, new: Charter) -> Iterator[Difference]:
    both = {**old.persons, **new.persons}
    for person in sorted(both.values(), key=lambda one: (one.name, one.id)):
        before, after = old.persons.get(person.id), new.persons.get(person.id)
        if before != after:
            sentence = " ".join(_of_person(person, before, after))
            yield Difference(person.name, _standing(before), _standing(after), sentence)


def _of_person(person: Person, before: Person | None, after: Person | None) -> Iterator[str]:
    named = {"name": person.name, "organisation": person.organisation.name}
    if after is None:
        yield _("%(name)s of %(organisation)s is removed, and can sign for nothing here any more.") % named
    elif before is None:
        said = named | {"roles": _roles(after), "tokens": _labels(after, None)}
        yield _("%(name)s of %(organisation)s is added: %(roles)s. Signs by %(tokens)s.") % said
    else:
        yield from _of_one_who_stays(before, after)


def _of_one_who_stays(before: Person, after: Person) -> Iterator[str]:
    if before.roles != after.roles:
        yield _("%(name)s is now %(after)s; was %(before)s.") % {
            "name": after.name,
            "before": _roles(before),
            "after": _roles(after),
        }
    yield from token_differences.sentences(before, after)
    if added := _labels(after, before):
        yield _("%(name)s signs by another token: %(tokens)s.") % {"name": after.name, "tokens": added}
    if keyed := _share_keys(after, before):
        yield _("A share key of %(name)s, made with %(tokens)s, is admitted: compare its words.") % {
            "name": after.name,
            "tokens": keyed,
        }
    if unkeyed := _share_keys(before, after):
        yield _("The share key that %(name)s made with %(tokens)s gets no shares any more.") % {
            "name": after.name,
            "tokens": unkeyed,
        }
    if removed := _labels(before, after):
        yield _("%(name)s signs no more by %(tokens)s.") % {"name": after.name, "tokens": removed}
    if (before.name, before.organisation) != (after.name, after.organisation):
        yield _("%(before)s is now called %(after)s.") % {
            "before": f"{before.name} ({before.organisation.name})",
            "after": f"{after.name} ({after.organisation.name})",
        }


def _standing(person: Person | None) -> str:
    if person is None:
        return _("not in the charter")
    return _("%(roles)s; signs by %(tokens)s") % {"roles": _roles(person), "tokens": _labels(person, None)}


def _roles(person: Person) -> str:
    return wording.roles_in_words(person) or _("without a role")


def _labels(person: Person, without: Person | None) -> str:
    """The tokens of a person that the other does not have just so: a key may have changed under a label."""
    known = {_key_of(token) for token in without.tokens} if without else set()
    found = [f"“{token.label}”" for token in person.tokens if _key_of(token) not in known]
    return wording.names(found, last="and")


def _key_of(token: Token) -> tuple[str, str]:
    """What signs; what else is said of it is told apart."""
    return token.credential_id, token.public_key


def _share_keys(person: Person, without: Person) -> str:
    """The tokens of a person that have a share key which the other does not have."""
    known = {token.share_key for token in without.tokens}
    found = [
        f"“{one.label}” ({wording.KEPT[one.share_key.stated.kept]})"
        for one in person.tokens
        if one.share_key and one.share_key not in known
    ]
    return wording.names(found, last="and")


# ------------------------------------------------------------------ groups


def _groups(old: Charter, new: Charter) -> Iterator[Difference]:
    before, after = ({group.name: group for group in one.groups} for one in (old, new))
    for name in sorted({*before, *after}):
        was, is_ = before.get(name), after.get(name)
        if was != is_:
            yield Difference(
                _("Group %(name)s") % {"name": name},
                _members(old, was),
                _members(new, is_),
                " ".join(_of_group(name, old, was, new, is_)),
            )


def _of_group(
    name: str, old: Charter, before: Group | None, new: Charter, after: Group | None
) -> Iterator[str]:
    if after is None:
        yield _("The group %(name)s is removed.") % {"name": name}
    elif before is None:
        yield _("The group %(name)s is added: %(people)s.") % {"name": name, "people": _members(new, after)}
    else:
        if joined := _names(new, set(after.people) - set(before.people)):
            yield _("Into the group %(name)s: %(people)s.") % {"name": name, "people": joined}
        if left := _names(old, set(before.people) - set(after.people)):
            yield _("Out of the group %(name)s: %(people)s.") % {"name": name, "people": left}


def _members(charter: Charter, group: Group | None) -> str:
    return ABSENT if group is None else _names(charter, set(group.people)) or _("nobody")


def _names(charter: Charter, ids: set[str]) -> str:
    return wording.names(sorted(person.name for person in charter.people if person.id in ids), last="and")


# ------------------------------------------------------------------ rules and terms


def _rules(old: Charter, new: Charter) -> Iterator[Difference]:
    for tag in sorted({rule.operation for rule in (*old.rules, *new.rules)}):
        before, after = _asked(old.rule(tag)), _asked(new.rule(tag))
        if before != after:
            yield Difference(
                wording.operation(tag),
                before or _("not allowed"),
                after or _("not allowed"),
                _of_rule(wording.operation(tag), before, after),
                eased=_is_eased(old.rule(tag), new.rule(tag)),
            )


def _of_rule(title: str, before: str, after: str) -> str:
    said = {"title": title, "before": before, "after": after}
    if not after:
        return _("“%(title)s” is not allowed any more: nobody can sign for it. Before: %(before)s.") % said
    if not before:
        return _("“%(title)s” becomes possible: %(after)s must sign. Before, it was not allowed.") % said
    return _("“%(title)s” needs %(after)s, instead of %(before)s.") % said


def _asked(rule: Rule | None) -> str:
    return "; ".join(filter(None, [wording.rule(rule), *terms_of(rule)]))


def _is_eased(before: Rule | None, after: Rule | None) -> bool:
    """Whether fewer people are enough, or another alternative is besides, or less is demanded besides."""
    if after is None or not after.ways:
        return False
    old, new = before.ways if before else (), after.ways
    fewer = _fewest(new) < _fewest(old) or (bool(old) and set(old) < set(new))
    return fewer or (before is not None and bool(old) and demands_less(after, before))


def _fewest(ways: Sequence[Sequence[Clause]]) -> int:
    return min((sum(clause.m for clause in way) for way in ways), default=0)


def _recovery(old: Charter, new: Charter) -> Iterator[Difference]:
    if old.recovery == new.recovery:
        return
    before, after = recovery_text(old.recovery), recovery_text(new.recovery)
    sentence = (
        _("Recovery below quorum is on from now on: %(after)s")
        if old.recovery is None
        else _("Recovery below quorum is off from now on.")
        if new.recovery is None
        else _("Recovery below quorum: %(after)s Before: %(before)s")
    )
    said = {"before": before, "after": after}
    yield Difference(
        _("Recovery below quorum"), before, after, sentence % said, eased=new.recovery is not None
    )


def _terms(old: Charter, new: Charter) -> Iterator[Difference]:
    before, after = token_terms.facts(old.token_rules), token_terms.facts(new.token_rules)
    eased = eased_tokens(new.token_rules, old.token_rules)
    for member, (title, said) in after.items():
        was = before[member][1]
        if was != said:
            sentence = _("%(what)s: %(after)s, instead of %(before)s.")
            named = {"what": title, "before": was, "after": said}
            yield Difference(title, was, said, sentence % named, eased=member in eased)
    if old.desk != new.desk:
        said = {"before": old.desk.origin, "after": new.desk.origin}
        sentence = _("People sign at the desk %(after)s, instead of %(before)s.") % said
        yield Difference(_("Desk"), old.desk.origin, new.desk.origin, sentence)
