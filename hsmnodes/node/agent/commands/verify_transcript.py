"""`quorate-node verify-transcript`: check the transcript of a ceremony, without a console and without a node.

What it rests on are the two founding charters, whose hashes you give as you know them from elsewhere.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from hsmnodes.node.agent.commands import DONE, NOT_DONE
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.terminal import complain, say
from hsmnodes.node.agent.transcripts import Contributed, Verified, verify_transcript
from hsmnodes.node.protocol.errors import Refused
from hsmnodes.node.protocol.words import fingerprint


def describe(parser: argparse.ArgumentParser) -> None:
    """The arguments."""
    parser.add_argument("file", type=Path, help="the transcript, as the console gives it")
    parser.add_argument("--provider", required=True, help="SHA-256 of the provider's founding charter")
    parser.add_argument("--zone", required=True, help="SHA-256 of the zone's founding charter")


def execute(options: argparse.Namespace) -> int:
    """Verify, and say who did what."""
    try:
        data = options.file.read_bytes()
    except OSError as error:
        raise NodeError(f"The transcript cannot be read: {error.strerror}.") from None
    try:
        say(*_lines(verify_transcript(data, provider=options.provider, zone=options.zone)))
    except Refused as refused:
        complain(f"The transcript does not hold: {refused.message} [{refused.code}]")
        return NOT_DONE
    return DONE


def _lines(found: Verified) -> list[str]:
    asked = found.ceremony
    return [
        f"The transcript holds: {found.proposal.operation} in {asked.zone.name} on {found.node.name}.",
        f"Words of the ceremony: {' '.join(fingerprint(asked.sha256))}",
        f"Authorised by {', '.join(found.authorised_by)}; requested by {found.proposal.requester.name}.",
        f"Asked for: {asked.asked} shares of set {asked.share_set}, epoch {asked.epoch}, KCV {asked.kcv}.",
        *map(_contribution, found.contributions),
        *(f"{_time(one.at)}  {found.node.name}: {one.outcome.value}. {one.detail}" for one in found.receipts),
    ]


def _contribution(one: Contributed) -> str:
    said = "not answered" if one.answer is None else f"{one.answer.outcome}: {one.answer.detail}"
    given = one.contribution
    return f"{_time(given.at)}  {given.person.name} gave share {given.index} ({said})"


def _time(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
