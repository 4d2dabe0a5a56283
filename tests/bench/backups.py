"""Restoring and taking backups of many keys, against the PKCS#11 calls that do the wrapping and unwrapping.

A node on SoftHSM2 is given whole warrants: verified, journalled, carried out, the receipt signed. The bare
calls are made in one process on a token with the same keys: C_WrapKey; and C_UnwrapKey to the token with
C_CreateObject for public halves, since a pair is restored with both. It is the processor's time that is
compared, of the node with the processes of its drivers; and beside it what the clock says, which is what
people wait for. A processor gets slower and faster with what else runs: backups and C_WrapKey take turns, and
their medians are compared; the calls that fill a token are made once before and once after what the node
does, and the mean is taken.

The keys are mixed, and come from a backup that the bench makes, since it knows the backup key: of each
algorithm some are made (many_keys.DIFFERENT), and stand in it under many ids.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from hsmnodes.node.drivers.pkcs11 import unwrapping
from hsmnodes.node.drivers.pkcs11.driver import Pkcs11Driver
from hsmnodes.node.drivers.pkcs11.profile import softhsm2
from hsmnodes.node.drivers.pkcs11.public_halves import public_half
from hsmnodes.node.drivers.pkcs11.reading import WRAP_MECHANISM
from hsmnodes.node.operations.backup.enclosed import wrapped_keys
from hsmnodes.node.operations.backup.restore import MOST_AT_ONCE
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import Backup, read_backup
from tests.bench.figures import Figure, at_least, plain
from tests.bench.many_keys import (
    BACKUP_KEY,
    BACKUP_KEY_ID,
    backup_of_many,
    pieces_with,
    sites_under_known_key,
)
from tests.cast.backups import restore_backup, take_backup
from tests.cast.charters import Chain
from tests.cast.deployment import PAYMENTS, Deployment
from tests.cast.moving import extend_zone
from tests.hsmnodes.node.agent.making import Site, carrying
from tests.hsmnodes.node.agent.rotating import stated_key
from tests.hsmnodes.node.agent.stepping import Carrier, in_one

SIZES = [int(size) for size in os.environ.get("QUORATE_BENCH_KEYS", "1000 5000").split()]
TAKEN = 9
PIN = "123456789012"


@dataclass(frozen=True)
class Spent:
    """Seconds of the processor, and seconds by the clock."""

    processor: float
    clock: float

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.processor + other.processor, self.clock + other.clock)

    def __sub__(self, other: "Spent") -> "Spent":
        return Spent(self.processor - other.processor, self.clock - other.clock)

    def __truediv__(self, times: int) -> "Spent":
        return Spent(self.processor / times, self.clock / times)


NOTHING = Spent(0, 0)


class Bare:
    """A token that is filled by C_UnwrapKey, and C_CreateObject for the public halves."""

    def __init__(self, folder: Path, backup: Backup) -> None:
        folder.mkdir()
        self._driver = Pkcs11Driver(softhsm2(), folder)
        self._driver.initialise("bare", PIN, PIN)
        self._driver.open("bare", lambda: PIN)
        self._driver.install_backup_key("backup", BACKUP_KEY_ID, BACKUP_KEY, PIN)
        token, keys = self._driver._token, list(wrapped_keys(backup).values())
        self._key, self._objects = token.index.trusted[0], []
        began = _spent()
        for one in keys:
            stays = {unwrapping.Attribute.ID: one.spec.key_id, unwrapping.Attribute.LABEL: one.spec.label}
            stays |= {unwrapping.Attribute.TOKEN: True, **unwrapping.LAST}
            spec = one.spec
            made = unwrapping._unwrap(self._key, spec.algorithm, spec.usages, one.blob, stays)
            self._objects.append(made)
        unwrapped = _spent()
        for one in keys:
            if one.public_key is not None:
                stays = {unwrapping.Attribute.TOKEN: True, **unwrapping.LAST}
                token.session.create_object({**public_half(one.spec, one.public_key), **stays})
        self.unwrap, self.create = unwrapped - began, _spent() - unwrapped

    def wrap(self) -> Spent:
        """What C_WrapKey takes for all of its keys."""
        return self._each(lambda one: self._key.wrap_key(one, mechanism=WRAP_MECHANISM))

    def wrap_at_once(self) -> Spent:
        """The same, each key wrapped once and not a first time for its length."""
        token = self._driver._token
        return self._each(lambda one: token.module.wrap_key(token.session, self._key, one, WRAP_MECHANISM))

    def _each(self, wrap: Callable[[object], bytes]) -> Spent:
        began = _spent()
        blobs = [wrap(one) for one in self._objects]
        spent = _spent() - began
        if not all(blobs):
            raise AssertionError("a key was not wrapped")
        return spent

    def close(self) -> None:
        """End the token's sessions."""
        self._driver.close()


def measure() -> Iterator[Figure]:
    for size in SIZES:
        yield from _measure(size)


def _measure(size: int) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="quorate-bench-") as folder:
        cast = Deployment()
        zone = cast.zone()
        site, other = sites_under_known_key(Path(folder), cast, zone)
        backup = backup_of_many(site, PAYMENTS, size)
        before = Bare(Path(folder, "before"), backup)
        restored = _restore(site, cast, zone, backup)
        first = _take(site, cast, zone)
        before.wrap()
        turns = [(_take(site, cast, zone), before.wrap(), before.wrap_at_once()) for _ in range(TAKEN)]
        taken, wrap, at_once = map(_middle, zip(*turns, strict=True))
        before.close()
        sent, arrived = _extend(site, other, cast, zone)
        after = Bare(Path(folder, "after"), backup)
        after.close()
        site.stop()
        other.stop()
    unwrap = (before.unwrap + after.unwrap) / 2
    bare = unwrap + (before.create + after.create) / 2
    yield from _beside(size, f"{size} keys backed up, against C_WrapKey alone", taken, wrap)
    yield plain(
        "C_WrapKey alone, called once a key and not first for the length", "1/s", size / at_once.processor
    )
    yield plain("the first time after a start, when each key is read as well", "1/s", size / first.processor)
    name = f"{size} keys restored, against C_UnwrapKey and C_CreateObject alone"
    yield from _beside(size, name, restored, bare)
    yield plain("of that C_UnwrapKey to the token", "1/s", size / unwrap.processor)
    name = f"{size} keys filling an empty member that a zone is extended to, against the same calls"
    yield from _beside(size, name, arrived, bare)
    yield plain("leaving the node that has them, wrapped and signed", "1/s", size / sent.processor)


def _beside(size: int, name: str, spent: Spent, bare: Spent) -> Iterator[Figure]:
    yield at_least(name, "1/s", size / spent.processor, size / bare.processor, 0.8)
    value, baseline = size / spent.clock, size / bare.clock
    yield Figure("the same by the clock", "1/s", value, baseline, value / baseline)


def _middle(spent: Iterable[Spent]) -> Spent:
    return sorted(spent, key=lambda one: one.processor)[TAKEN // 2]


def _take(site: Site, cast: Deployment, zone: Chain) -> Spent:
    """What it takes until a backup is taken."""
    message = carrying(take_backup(cast, site.at, zone))
    began = _spent(site)
    said = site.deliver(message).said
    spent = _spent(site) - began
    read_backup(b"".join(canonical.b64u_decode(one.data) for one in in_one(said).attachments))
    return spent


def _restore(site: Site, cast: Deployment, zone: Chain, backup: Backup) -> Spent:
    """What it takes until every key of a backup is restored, by as many warrants as that needs."""
    spent, labels = NOTHING, (key.label for key in backup.keys)
    while actions := dict.fromkeys(islice(labels, MOST_AT_ONCE), "create"):
        message = carrying(restore_backup(cast, site.at, zone, backup, actions))
        chosen = {key.id for key in backup.keys if key.label in actions}
        pieces = tuple(map(canonical.b64u, pieces_with(backup, chosen)))
        message = message.model_copy(update={"enclosures": pieces})
        began = _spent(site)
        [said] = site.deliver(message).said
        spent += _spent(site) - began
        if site.read(said).outcome != "done":
            raise AssertionError(site.read(said))
    return spent


def _extend(site: Site, other: Site, cast: Deployment, zone: Chain) -> tuple[Spent, Spent]:
    """What it takes until the zone's keys have left the node, and until they have arrived on another."""
    warrant = extend_zone(cast, other.at, site.at, zone, **stated_key(site, zone))
    moving = Carrier(warrant, [site, other], [zone])
    moving.take(0)
    spent = []
    for step in (1, 2):
        message, at = moving.message(step), moving.site(step)
        began = _spent(at)
        said = at.deliver(message).said
        spent.append(_spent(at) - began)
        moving.said[step] = in_one(said)
        if moving.receipt(step).outcome != "done":
            raise AssertionError(moving.receipt(step))
    return spent[0], spent[1]


def _spent(site: Site | None = None) -> Spent:
    """What was used until now by this process and, of a node, by the processes of its drivers."""
    processes = () if site is None else site.pool._processes.values()
    pids = [process.pid for process in processes if process.pid is not None]
    processor = time.process_time() + sum(time.clock_gettime(_clock_of(pid)) for pid in pids)
    return Spent(processor, time.perf_counter())


def _clock_of(pid: int) -> int:
    """The clock of a process (CPUCLOCK_SCHED; linux/posix-timers.h)."""
    return (~pid << 3) | 2
