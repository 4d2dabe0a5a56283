"""Words for the things of this field, in one place: roles, kinds of authority, clauses."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from hsmnodes.node.operations.registry import operations
from hsmnodes.node.protocol.documents import Clause, Person
from tenants import tags

ROLES = {
    "hsm-administrator": ("HSM administrator", "HSM administrators"),
    "key-manager": ("key manager", "key managers"),
    "security-officer": ("security officer", "security officers"),
    "custodian": ("custodian", "custodians"),
    "auditor": ("auditor", "auditors"),
}
KEPT = {
    "token": _l("kept by the token itself"),
    "file": _l("kept in an encrypted file"),
    "sheet": _l("kept on a printed sheet"),
}
KINDS = {"provider": "the provider", "customer": "the customer", "zone": "the Trust Zone"}
AREAS = {
    "key": ("Keys", "What a Trust Zone holds. The key managers of the zone consent."),
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
    "service": ("Services", "What a provider gives a customer. Both sides consent."),
    "node": ("HSMs", "The machines themselves. The provider's HSM administrators consent."),
    "charter": ("Charters", "Who may do what. Each authority consents to its own."),
}

EXPLANATIONS = {
    tags.GENERATE_KEYS: _l(
        "One key or several, made in the HSM and backed up as they are made. All of them, or none."
    ),
    tags.DESTROY_KEYS: _l("For ever. Copies in backups stay until those are destroyed."),
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
    tags.CREATE_SLOT: _l(
        "Give a founded zone its place in an HSM, under a new backup key that nobody can read."
    ),
    tags.START_SERVICE: _l("Give a customer a whole HSM, or room on one that others use too."),
    tags.ENROL_NODE: _l("Admit a machine by the words of its identity key, so that it carries out warrants."),
    tags.EXPORT_LOG: _l("Have the HSM hand over entries of its journal, for examination."),
}


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
    """Who must sign, in words: all clauses of a rule together."""
    return names([f"{one.m} {clause_holders(one, one.m)}" for one in asked], last="and")


def operation(tag: str) -> str:
    """What an operation is called."""
    found = operations().get(tag)
    return found.title if found else tag


def roles_in_words(holder: Person | None) -> str:
    """The roles a charter gives a person, in words; empty for who is not in it."""
    return names([role(one.value) for one in holder.roles], last="and") if holder else ""


def names(people: list[str], last: str = "or") -> str:
    """A few names in a row, the last joined by `or` or `and`."""
    if len(people) < 2:
        return "".join(people)
    joint = _("or") if last == "or" else _("and")
    return f"{', '.join(people[:-1])} {joint} {people[-1]}"
