"""What a charter asks for in words: its rules, the tokens it accepts, its recovery. No Django, no markup.

The one source of these words: for charters on pages, for statements, and for the command that verifies one.
"""

from collections.abc import Callable, Collection, Mapping

from hsmnodes.node.operations.statement.texts import role
from hsmnodes.node.protocol.documents.charter import Clause, Recovery, Rule, TokenRules


def clause_text(clause: Clause) -> str:
    """How many of whom a clause asks for: “2 key managers”."""
    if clause.role is None:
        return f"{clause.m} of the group {clause.group}"
    return f"{clause.m} {role(clause.role, clause.m)}"


def rule_text(rule: Rule) -> str:
    """What a rule asks for, in words; “nobody: it is denied” for one that denies."""
    ways = [" and ".join(map(clause_text, way)) for way in rule.ways]
    return "; ".join([", or else ".join(ways) or "nobody: it is denied", *terms_of(rule)])


def recovery_text(recovery: Recovery | None) -> str:
    """Who can recover a charter below its quorum, after how long, with whom; in a sentence."""
    if recovery is None:
        return "Off: nobody can recover it."
    who = " and ".join(map(clause_text, recovery.clauses))
    others = " and ".join(other.name for other in recovery.others)
    days = duration(recovery.seconds)
    return f"{who}, with the consent of {others}, after {days} in which anybody of it can cancel."


def token_facts(
    rules: TokenRules, models: Callable[[Collection[str]], str] = ", ".join
) -> Mapping[str, tuple[str, str]]:
    """Each member of the rules on tokens, as a title and what it says; `models` puts AAGUIDs in a row."""
    synced = "accepted" if rules.backup_eligible == "allowed" else "not accepted"
    allowed = "any" if rules.models_allowed is None else models(rules.models_allowed)
    blocked = "none" if rules.models_blocked is None else models(rules.models_blocked)
    return {
        "backup_eligible": ("Tokens that can be synced", synced),
        "attestation": ("Proof of the make of tokens", "required" if rules.attestation else "not required"),
        "models_allowed": ("Models that are allowed", allowed),
        "models_blocked": ("Models that are blocked", blocked),
        "tokens_each": ("Tokens that everyone has, at least", str(rules.least)),
    }


def terms_of(rule: Rule | None) -> list[str]:
    """What a rule demands or advises beside signatures, each in a phrase."""
    if rule is None or not rule.ways:
        return []
    found = []
    if rule.delay:
        found.append(f"{duration(rule.delay)} must pass after the last signature")
    if rule.lifetime:
        found.append(f"a proposal lives for {duration(rule.lifetime)} at most")
    if rule.custodians_apart:
        found.append("who gives a share does not count as having approved it")
    if rule.hours:
        found.append(f"hours, as advice that nothing enforces: {rule.hours}")
    return found


def duration(seconds: int) -> str:
    """So many seconds in words, exactly: “2 days 1 hour”."""
    parts, left = [], seconds
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return " ".join(parts)
