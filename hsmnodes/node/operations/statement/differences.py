"""How what charters say now differs from what a statement says, in plain sentences. For reading only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hsmnodes.node.operations.statement.charter_texts import recovery_text, rule_text, token_facts
from hsmnodes.node.operations.statement.reading import controller, kept_in_words, title_of
from hsmnodes.node.operations.statement.texts import KINDS, MODES, role
from hsmnodes.node.protocol.documents.charter import Group, Role, Rule, TokenRules
from hsmnodes.node.protocol.documents.statement import StatedCharter, StatedPerson, StatedRule, Statement
from hsmnodes.node.protocol.statements import agreed


@dataclass(frozen=True)
class Difference:
    """One thing that is different: where, what, as before and after, and in a sentence.

    `weaker` if what it became asks for less than the default.
    """

    place: str
    what: str
    before: str
    after: str
    sentence: str
    weaker: bool = False


def differences(old: Statement, new: Statement) -> list[Difference]:
    """Everything that is agreed in one and not just so in the other; nothing if `agreed` is the same."""
    found = [*_of_service(old, new), *_of_zones(old, new), *_of_contacts(old, new)]
    for before, after in ((old.provider, new.provider), (old.customer, new.customer)):
        found += _of_charter(before, after)
    if not found and agreed(old) != agreed(new):
        found.append(Difference("", "Other content", "", "", "Something else in the statement is different."))
    return found


def _of_service(old: Statement, new: Statement) -> Iterator[Difference]:
    if old.service.mode != new.service.mode:
        before, after = MODES[old.service.mode], MODES[new.service.mode]
        said = f"The service model is {after}; it was {before}."
        yield Difference("The service", "Service model", before, after, said)
    for what, texts in (("What is kept apart", "exclusions"), ("Loss and recovery", "recovery")):
        before, after = (", ".join(getattr(one, texts)) for one in (old, new))
        if before != after:
            yield Difference("The service", what, before, after, f"{what}: the principles that hold changed.")


def _of_zones(old: Statement, new: Statement) -> Iterator[Difference]:
    before, after = ({one.authority.id: one for one in of.zones} for of in (old, new))
    for key in sorted({*before, *after}):
        was, is_ = before.get(key), after.get(key)
        if was is None and is_ is not None:
            name = is_.authority.name
            said = f"The Trust Zone {name}, controlled by {controller(is_)}, is not in the statement."
            yield Difference(f"Trust Zone {name}", "Trust Zone", "not there", "there", said)
        elif was is not None and is_ is None:
            name = was.authority.name
            said = f"The Trust Zone {name} of the statement is not there any more."
            yield Difference(f"Trust Zone {name}", "Trust Zone", "there", "not there", said)
        elif was is not None and is_ is not None:
            yield from _of_charter(was, is_)


def _of_charter(old: StatedCharter, new: StatedCharter) -> Iterator[Difference]:
    place = f"{_capitalised(KINDS[new.authority.kind.value])} {new.authority.name}"
    for what, before, after, sentence, weaker in _changes(old, new):
        yield Difference(place, what, before, after, sentence, weaker)


Change = tuple[str, str, str, str, bool]


def _changes(old: StatedCharter, new: StatedCharter) -> Iterator[Change]:
    if old.authority.name != new.authority.name:
        before, after = old.authority.name, new.authority.name
        yield "Name", before, after, f"{before} is now called {after}.", False
    if controller(old) != controller(new):
        before, after = controller(old), controller(new)
        said = f"{after} controls the zone and its backup key now; the statement says {before}."
        yield "Controlled by", before, after, said, False
    elif old.zone != new.zone:
        yield "Terms of the zone", "", "", "The service or a side of the zone has another name.", False
    yield from _of_tokens(old.token_rules, new.token_rules)
    before, after = recovery_text(old.recovery), recovery_text(new.recovery)
    if before != after:
        said = f"Recovery below quorum: {after} The statement says: {before}"
        yield "Recovery below quorum", before, after, said, False
    yield from _of_people(old.people, new.people)
    yield from _of_groups(old, new)
    yield from _of_rules(old.rules, new.rules)


def _of_tokens(old: TokenRules, new: TokenRules) -> Iterator[Change]:
    before, after = token_facts(old), token_facts(new)
    for member, (title, said) in after.items():
        was = before[member][1]
        if was != said:
            yield title, was, said, f"{title}: {said} now; the statement says {was}.", False


def _of_people(old: Sequence[StatedPerson], new: Sequence[StatedPerson]) -> Iterator[Change]:
    before, after = ({one.id: one for one in people} for people in (old, new))
    everyone = sorted((before | after).values(), key=lambda one: (one.name, one.id))
    for person in everyone:
        was, is_ = before.get(person.id), after.get(person.id)
        if was == is_:
            continue
        if was is None:
            said = f"{person.name} has duties now ({_person(is_)}), and is not in the statement."
        elif is_ is None:
            said = f"{person.name} ({_person(was)}) of the statement has no duties here any more."
        else:
            said = f"{person.name}: {_person(is_)} now; the statement says {_person(was)}."
        yield person.name, _person(was), _person(is_), said, False


def _of_groups(old: StatedCharter, new: StatedCharter) -> Iterator[Change]:
    before, after = ({one.name: one for one in charter.groups} for charter in (old, new))
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            was, is_ = _group(before.get(name), old), _group(after.get(name), new)
            said = f"The group {name} has {is_} now; the statement says {was}."
            yield f"Group {name}", was, is_, said, False


def _of_rules(old: Sequence[StatedRule], new: Sequence[StatedRule]) -> Iterator[Change]:
    before, after = ({one.rule.operation: one for one in rules} for rules in (old, new))
    for tag in sorted({*before, *after}):
        was, is_ = before.get(tag), after.get(tag)
        if was == is_:
            continue
        texts = _rule(was.rule if was else None), _rule(is_.rule if is_ else None)
        title, weaker = title_of(tag), bool(is_ and is_.weaker)
        if texts[0] == texts[1]:
            # The same rule asks for more or less than the default, since other people hold the roles.
            now = "weaker than the default now" if weaker else "no longer weaker than the default"
            yield (
                title,
                *texts,
                f"“{title}” asks for the same, and is {now}: who holds the roles changed.",
                weaker,
            )
            continue
        said = f"“{title}” takes {texts[1]} now; the statement says {texts[0]}."
        yield title, *texts, said + (" That is weaker than the default." if weaker else ""), weaker


def _of_contacts(old: Statement, new: Statement) -> Iterator[Difference]:
    before, after = ({(one.side, one.role): one.reach for one in of.contacts} for of in (old, new))
    for side, held in sorted({*before, *after}):
        was, is_ = (one.get((side, held), "") for one in (before, after))
        if was != is_:
            what = f"{_capitalised(role(held))} of the {side}"
            said = f"{what} are reached by: {is_}." if is_ else f"How {what} are reached is stated no more."
            yield Difference("Contacts", what, was, is_, said)


def _rule(rule: Rule | None) -> str:
    return rule_text(rule) if rule else "nobody: it is denied"


def _person(person: StatedPerson | None) -> str:
    if person is None:
        return "not there"
    roles = ", ".join(role(Role(one), 1) for one in person.roles) or "no role"
    kept = f", share key kept {kept_in_words(person)}" if person.share_keys else ""
    return f"{person.organisation.name}, {roles}{kept}"


def _group(group: Group | None, charter: StatedCharter) -> str:
    if group is None:
        return "not there"
    names = {one.id: one.name for one in charter.people}
    return ", ".join(sorted(names[one] for one in group.people)) or "nobody in it"


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
