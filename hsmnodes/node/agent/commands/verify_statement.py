"""`quorate-node verify-statement FILE`: check a signed statement of duties, without console and node.

What it rests on are the two sides' founding charters, whose hashes you give as you know them from elsewhere.
It fails as well if the statement holds rules against other defaults than this program knows, and names them;
with `--still` also if the last charters in the file say otherwise than the statement.
"""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from hsmnodes.node.agent.commands import DONE, NOT_DONE
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.terminal import complain, say
from hsmnodes.node.operations.statement.file import LONGEST_FILE, Verified, verify_file
from hsmnodes.node.operations.statement.reading import weaker_duties
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.words import fingerprint


def describe(parser: argparse.ArgumentParser) -> None:
    """The arguments."""
    parser.add_argument("--still", action="store_true", help="fail if the last charters say otherwise")
    parser.add_argument("--provider", required=True, help="SHA-256 of the provider's founding charter")
    parser.add_argument("--customer", required=True, help="SHA-256 of the customer's founding charter")
    parser.add_argument("file", type=Path, help="the signed statement, as the console gives it")


def execute(options: argparse.Namespace) -> int:
    """Verify, and say what is agreed by whom."""
    try:
        with options.file.open("rb") as opened:
            data = opened.read(LONGEST_FILE + 1)
    except OSError as error:
        raise NodeError(f"The statement cannot be read: {error.strerror}.") from None
    try:
        found = verify_file(data, provider=options.provider, customer=options.customer)
    except Refused as refused:
        complain(f"The statement does not hold: {refused.message} [{refused.code}]")
        return NOT_DONE
    say(*_lines(found))
    return NOT_DONE if found.other_defaults or (options.still and found.since) else DONE


def _lines(found: Verified) -> Iterator[str]:
    statement = found.statement
    provider, customer = statement.provider.authority, statement.customer.authority
    drawn_up = datetime.fromtimestamp(statement.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    yield f"The statement is good: version {statement.version}, service {statement.service.name}."
    yield f"Between provider {provider.name} and customer {customer.name}, drawn up {drawn_up}."
    yield f"Words of the statement: {' '.join(fingerprint(statement.sha256))}"
    for one in (provider, customer):
        named = [signer for signer in found.signers if signer.charter.authority.id == one.id]
        signed = ", ".join(f"{signer.person.name} (token “{signer.token.label}”)" for signer in named)
        yield f"Signed for {one.name}, charter version {one.version}: {signed}"
    yield f"Requested by {found.proposal.requester.name}."
    yield "It says what the charters say that it names, and no more but the contacts."
    weaker = weaker_duties(statement)
    yield f"Rules weaker than the default: {len(weaker)}"
    yield from (f"  {chapter.title}: {duty.title}. {' '.join(duty.weaker)}" for chapter, duty in weaker)
    yield from _other_defaults(found)
    if found.since:
        yield f"What the last charters in the file say otherwise ({len(found.since)}):"
        yield from (f"  {one.place}: {one.sentence}" for one in found.since)
    else:
        yield "The last charters in the file say the same."


def _other_defaults(found: Verified) -> Iterator[str]:
    if found.other_defaults:
        yield f"WARNING: other defaults than this program knows ({len(found.other_defaults)}):"
    for one in found.other_defaults:
        yield f"  {one.authority}, {one.title}: stated as the default is {one.stated}; known is {one.known}"
