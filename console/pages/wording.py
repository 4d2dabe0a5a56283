"""Words for the things of this field, in one place: roles, kinds of authority, clauses."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from hsmnodes.node.operations.backup_key import sharing
from hsmnodes.node.operations.cluster import states
from hsmnodes.node.operations.key.making import ALGORITHMS
from hsmnodes.node.operations.registry import operations
from hsmnodes.node.operations.statement.texts import ROLES
from hsmnodes.node.operations.steps import ACT, COPY
from hsmnodes.node.operations.zone import moving, withdraw
from hsmnodes.node.protocol.documents import Clause, Person, Role, Rule
from hsmnodes.node.protocol.token_rules import Why
from tenants import tags

KEPT = {
    "token": _l("kept by the token itself"),
    "file": _l("kept in an encrypted file"),
    "sheet": _l("kept on a printed sheet"),
}
WHY_NOT = {
    Why.SYNCED: _l("it can be synced"),
    Why.NOT_PROVED: _l("its make is not proved"),
    Why.BLOCKED: _l("its model is blocked"),
    Why.NOT_ALLOWED: _l("its model is not one of those allowed"),
}
KINDS = {"provider": "the provider", "customer": "the customer", "zone": "the Trust Zone"}
AREAS = {
    "key": ("Keys", "What a Trust Zone holds. The key managers of the zone consent."),
    "application": (
        "Applications",
        "Programs that use keys of a zone, by copies of their own. Its key managers admit and remove them.",
    ),
    "backup": (
        "Backups",
        "Keys of a zone, wrapped under its backup key, in a file that the HSM signs. Key managers consent.",
    ),
    "backup-key": (
        "Backup keys",
        "What decides where a zone's keys can go. Its key managers consent, its custodians hold shares.",
    ),
    "zone": ("Trust Zones", "A zone begins with its charter: who manages its keys, and who controls it."),
    "slot": ("Slots", "A zone's place in an HSM, under a backup key of its own."),
    "statement": (
        "Statements",
        "What provider and customer agree on about the duties in a service. Both sides consent.",
    ),
    "service": ("Services", "What a provider gives a customer. Both sides consent."),
    "cluster": (
        "Clusters",
        "HSMs that hold the same zones. The provider's HSM administrators consent, and zones on them agree.",
    ),
    "node": ("HSMs", "The machines themselves. The provider's HSM administrators consent."),
    "warrant": ("Warrants", "What was begun on several HSMs and cannot be finished is given up."),
    "token": ("Tokens", "A token that was suspended counts again when a quorum of its charter says so."),
    "charter": ("Charters", "Who may do what. Each authority consents to its own."),
}

EXPLANATIONS = {
    tags.GENERATE_KEYS: _l(
        "One key or several, made in the HSM and backed up as they are made. All of them, or none."
    ),
    tags.ROTATE_KEYS: _l(
        "A new key in the place of each, of the same kind, under a label of its own. The old ones stay until "
        "they are destroyed."
    ),
    tags.DESTROY_KEYS: _l("For ever. Copies in backups stay until those are destroyed."),
    tags.ADMIT_APPLICATION: _l(
        "It may use these keys, for these usages, over a connection by its own certificate, and nothing else."
    ),
    tags.EXTEND_APPLICATION: _l(
        "To HSMs that the zone came to later: the same keys and the same PIN, and new connection kits."
    ),
    tags.RESUME_APPLICATION: _l("It is served again. One person suspends an application, several resume it."),
    tags.REMOVE_APPLICATION: _l("Its token on the node is destroyed, and its sessions end at once."),
    tags.TAKE_BACKUP: _l("Every key of a zone, or some, wrapped again: one file, stored in the console."),
    tags.SHARE_BACKUP_KEY: _l(
        "Into shares for custodians, each sealed to one token. A chosen number of them rebuild the key."
    ),
    tags.RESHARE_BACKUP_KEY: _l(
        "The same key for other custodians, or another number. Earlier shares still rebuild it."
    ),
    tags.ROTATE_BACKUP_KEY: _l(
        "A new key of the next epoch, with new shares; everything in the zone is backed up again under it."
    ),
    tags.DRILL_BACKUP_KEY: _l(
        "Custodians give their shares, the HSM proves that they rebuild the key, and nothing is done with it."
    ),
    tags.IMPORT_BACKUP_KEY: _l(
        "A zone comes to another HSM, or back to a new one: its custodians' shares bring the backup key."
    ),
    tags.FOUND_ZONE: _l(
        "Draft its charter, have its people sign it, then ask the customer's officers to agree."
    ),
    tags.ABANDON_WARRANT: _l("What other HSMs did stays; on these it will never be done."),
    tags.REINSTATE_TOKEN: _l(
        "A token that was suspended counts again. One person suspends, several lift it."
    ),
    tags.EXTEND_ZONE: _l(
        "To one more HSM: the backup key goes there sealed, from node to node, and every key follows."
    ),
    tags.WITHDRAW_ZONE: _l(
        "From an HSM: its keys there are destroyed, once another one has confirmed that it has the same."
    ),
    tags.CREATE_SLOT: _l(
        "Give a founded zone its place in an HSM, under a new backup key that nobody can read."
    ),
    tags.SIGN_STATEMENT: _l(
        "Both sides sign what their charters say: who does what, with whom, and how many."
    ),
    tags.START_SERVICE: _l("Give a customer a whole HSM, or room on one that others use too."),
    tags.FORM_CLUSTER: _l(
        "Of HSMs that are in none. From then on each knows the others, and serves a zone in step with them."
    ),
    tags.JOIN_CLUSTER: _l(
        "An HSM becomes a member. The key managers of zones that are on it have to agree, by their proposals."
    ),
    tags.LEAVE_CLUSTER: _l(
        "No key goes by it. One that was not heard of for an hour is left out by the others, unasked."
    ),
    tags.CHANGE_MODE: _l(
        "Active/active or failover, and the order. Kits of applications that are admitted later say so."
    ),
    tags.AGREE_TO_CLUSTER: _l(
        "For a zone, that an HSM which holds it comes into a cluster, or goes. It holds for seven days."
    ),
    tags.ENROL_NODE: _l("Admit a machine by the words of its identity key, so that it carries out warrants."),
    tags.EXPORT_LOG: _l("Have the HSM hand over entries of its journal, for examination."),
}

STEPS = {
    (tags.FORM_CLUSTER, states.CONFIRM): _l("says that nothing speaks against it"),
    (tags.FORM_CLUSTER, ACT): _l("forms the cluster"),
    (tags.FORM_CLUSTER, states.FOLLOW): _l("notes it"),
    (tags.JOIN_CLUSTER, states.CONFIRM): _l("says that nothing speaks against it"),
    (tags.JOIN_CLUSTER, ACT): _l("notes the new member"),
    (tags.JOIN_CLUSTER, states.FOLLOW): _l("notes it"),
    (tags.LEAVE_CLUSTER, ACT): _l("notes that a member leaves"),
    (tags.LEAVE_CLUSTER, states.FOLLOW): _l("notes it"),
    (tags.CHANGE_MODE, ACT): _l("notes mode and order"),
    (tags.CHANGE_MODE, states.FOLLOW): _l("notes it"),
    (tags.EXTEND_ZONE, moving.OFFER): _l("offers a one-time key"),
    (tags.EXTEND_ZONE, moving.SEND): _l("seals the backup key to it, and backs the keys up"),
    (tags.EXTEND_ZONE, moving.INSTALL): _l("takes backup key and keys"),
    (tags.WITHDRAW_ZONE, withdraw.CONFIRM): _l("confirms what it has"),
    (tags.WITHDRAW_ZONE, withdraw.LEAVE): _l("compares, and destroys"),
    (tags.ROTATE_BACKUP_KEY, moving.OFFER): _l("offers a one-time key"),
    (tags.ROTATE_BACKUP_KEY, ACT): _l("makes the new backup key"),
    (tags.ROTATE_BACKUP_KEY, moving.INSTALL): _l("takes the new backup key"),
    (tags.GENERATE_KEYS, ACT): _l("makes the keys"),
    (tags.GENERATE_KEYS, COPY): _l("takes copies"),
    (tags.ROTATE_KEYS, ACT): _l("makes the new keys"),
    (tags.ROTATE_KEYS, COPY): _l("takes copies"),
    (tags.SHARE_BACKUP_KEY, sharing.NOTE): _l("notes the share set"),
    (tags.RESHARE_BACKUP_KEY, sharing.NOTE): _l("notes the share set"),
}
"""What a node does in a step, where the operation has several."""


def step(tag: str, act: str) -> str:
    """What a node does in a step, in words; empty where it simply carries the operation out."""
    return str(STEPS.get((tag, act), ""))


def role(value: str, count: int = 1) -> str:
    """A role in words, in the number that fits."""
    one, many = ROLES.get(value, (value, value))
    return ngettext(one, many, count)


def clause_holders(clause: Clause, count: int) -> str:
    """Who a clause asks for: the holders of a role, or the members of a group."""
    if clause.role is not None:
        return role(clause.role.value, count)
    return ngettext("member of the group %(group)s", "members of the group %(group)s", count) % {
        "group": clause.group
    }


def clauses(asked: Sequence[Clause]) -> str:
    """Who must sign, in words: all these clauses together."""
    return names([f"{one.m} {clause_holders(one, one.m)}" for one in asked], last="and")


def ways(asked: Sequence[str]) -> str:
    """Alternatives in words, of which one is enough."""
    return _(", or else ").join(asked)


def rule(asked: Rule | None) -> str:
    """Who must sign, in words, by one alternative or another; empty where it is denied."""
    return ways([clauses(way) for way in asked.ways]) if asked else ""


def amounts(asked: Sequence[Sequence[Clause]], who: tuple[Role | None, str | None]) -> str:
    """How many of `who` each alternative asks for, as “2 / 1”; empty where none asks for any."""
    counts = [sum(one.m for one in way if (one.role, one.group) == who) for way in asked]
    return " / ".join(str(count or "–") for count in counts) if any(counts) else ""


def operation(tag: str) -> str:
    """What an operation is called."""
    found = operations().get(tag)
    return found.title if found else tag


def algorithm(tag: str) -> str:
    """A key's algorithm as people write it: EC P-256."""
    return ALGORITHMS.get(tag, tag)


def verb(tag: str) -> str:
    """What an operation does, within a sentence."""
    title = operation(tag)
    return title[:1].lower() + title[1:]


def roles_in_words(holder: Person | None) -> str:
    """The roles a charter gives a person, in words; empty for who is not in it."""
    return names([role(one.value) for one in holder.roles], last="and") if holder else ""


def few_names(people: Sequence[str], last: str = "and", most: int = 8) -> str:
    """The first of many names in a row, and how many more there are."""
    if len(people) <= most:
        return names(list(people), last)
    return _("%(names)s and %(n)d more") % {
        "names": ", ".join(people[: most - 1]),
        "n": len(people) - most + 1,
    }


def names(people: list[str], last: str = "or") -> str:
    """A few names in a row, the last joined by `or` or `and`."""
    if len(people) < 2:
        return "".join(people)
    joint = _("or") if last == "or" else _("and")
    return f"{', '.join(people[:-1])} {joint} {people[-1]}"
