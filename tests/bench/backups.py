"""Taking and restoring a backup of many keys, against the PKCS#11 calls that do the wrapping and unwrapping.

A node on SoftHSM2 is given whole warrants: verified, journalled, carried out, the receipt signed. The bare
calls are made in one process on a token with the same keys: C_WrapKey; and C_UnwrapKey to the token with
C_CreateObject for public halves, since a pair is restored with both. It is the processor's time that is
compared, of the node with the processes of its drivers. `QUORATE_BENCH_KEYS` is how many keys.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from hsmnodes.node.drivers.pkcs11 import unwrapping
from hsmnodes.node.drivers.pkcs11.backup_key import require_backup_key
from hsmnodes.node.drivers.pkcs11.driver import Pkcs11Driver
from hsmnodes.node.drivers.pkcs11.profile import softhsm2
from hsmnodes.node.drivers.pkcs11.reading import WRAP_MECHANISM
from hsmnodes.node.operations.backup.enclosed import wrapped_keys
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.backups import Backup, read_backup
from tests.bench.figures import Figure, at_least, plain
from tests.cast.backups import restore_backup, take_backup
from tests.cast.charters import Chain
from tests.cast.deployment import PAYMENTS, Deployment
from tests.hsmnodes.node.agent.making import Site, carrying, real_drivers

KEYS = int(os.environ.get("QUORATE_BENCH_KEYS", "1000"))
AT_ONCE = 50
MIXTURE = [*[("ec-p256", ("sign",))] * 3, ("aes-256", ("decrypt", "encrypt")), ("rsa-2048", ("sign",))]
PIN, BACKUP_KEY, BACKUP_KEY_ID = "123456789012", bytes(range(32)), b"the backup key of"[:16]


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="quorate-bench-") as folder:
        cast = Deployment()
        zone = cast.zone()
        site = Site(Path(folder), cast, drivers=real_drivers).enrolled()
        site.send(cast.start_service(site.at), cast.northgate, cast.meridian)
        vault = site.node.parts.executor._hands._vault
        vault.put(f"zone/{PAYMENTS.id}/backup-key/1", BACKUP_KEY)
        site.send(cast.create_slot(site.at, zone), zone)
        _generate(site, cast, zone)
        site.start()
        first, backup = _take(site, cast, zone)
        again, _ = min((_take(site, cast, zone) for _ in range(3)), key=lambda one: one[0])
        _destroy(site, cast, zone, backup)
        restored = _restore(site, cast, zone, backup)
        site.stop()
        wrap, unwrap, create = _bare(Path(folder, "bare"), backup)
    yield at_least(f"{KEYS} keys backed up, against C_WrapKey alone", "1/s", KEYS / again, KEYS / wrap, 0.8)
    yield plain("the first time after a start, when each key is read as well", "1/s", KEYS / first)
    yield at_least(
        f"{KEYS} keys restored, against C_UnwrapKey and C_CreateObject alone",
        "1/s",
        KEYS / restored,
        KEYS / (unwrap + create),
        0.8,
    )
    yield plain("of that C_UnwrapKey to the token", "1/s", KEYS / unwrap)


def _generate(site: Site, cast: Deployment, zone: Chain) -> None:
    for first in range(0, KEYS, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, KEYS))
        keys = [(f"key {number}", *MIXTURE[number % len(MIXTURE)]) for number in numbers]
        _done(site, cast.generate_keys(site.at, zone, *keys))


def _take(site: Site, cast: Deployment, zone: Chain) -> tuple[float, Backup]:
    warrant = take_backup(cast, site.at, zone)
    began = _processor(site)
    [said] = site.deliver(carrying(warrant)).said
    seconds = _processor(site) - began
    return seconds, read_backup(canonical.b64u_decode(said.attachments[0].data))


def _destroy(site: Site, cast: Deployment, zone: Chain, backup: Backup) -> None:
    keys = [(key.id, key.label) for key in backup.manifest.keys]
    for first in range(0, len(keys), AT_ONCE):
        _done(site, cast.destroy_keys(site.at, zone, *keys[first : first + AT_ONCE]))


def _restore(site: Site, cast: Deployment, zone: Chain, backup: Backup) -> float:
    actions = {key.label: "create" for key in backup.manifest.keys}
    message = carrying(restore_backup(cast, site.at, zone, backup, actions))
    message = message.model_copy(update={"enclosure": canonical.b64u(backup.data)})
    began = _processor(site)
    [said] = site.deliver(message).said
    seconds = _processor(site) - began
    if site.read(said).outcome != "done":
        raise AssertionError(site.read(said))
    return seconds


def _processor(site: Site) -> float:
    """Seconds of the processor that the node and the processes of its drivers have used."""
    pids = [process.pid for process in site.pool._processes.values() if process.pid is not None]
    return time.process_time() + sum(time.clock_gettime(_clock_of(pid)) for pid in pids)


def _clock_of(pid: int) -> int:
    """The clock of a process (CPUCLOCK_SCHED; linux/posix-timers.h)."""
    return (~pid << 3) | 2


def _done(site: Site, warrant) -> None:
    if site.send(warrant).outcome != "done":
        raise AssertionError(warrant)


def _bare(folder: Path, backup: Backup) -> tuple[float, float, float]:
    """Seconds of C_WrapKey, of C_UnwrapKey to a token, and of C_CreateObject for the public halves."""
    folder.mkdir()
    driver = Pkcs11Driver(softhsm2(), folder)
    driver.initialise("bare", PIN, PIN)
    driver.open("bare", lambda: PIN)
    driver.install_backup_key("backup", BACKUP_KEY_ID, BACKUP_KEY, PIN)
    token, keys = driver._token, list(wrapped_keys(backup).values())
    key, objects, unwrap = require_backup_key(token, BACKUP_KEY_ID), [], 0.0
    began = time.process_time()
    for one in keys:
        stays = {unwrapping.Attribute.ID: one.spec.key_id, unwrapping.Attribute.LABEL: one.spec.label}
        stays |= {unwrapping.Attribute.TOKEN: True, **unwrapping.LAST}
        objects.append(unwrapping._unwrap(key, one.spec, one.blob, stays))
    unwrap = time.process_time() - began
    began = time.process_time()
    for one in keys:
        if one.public_key is not None:
            unwrapping._create_public(token, one.spec, one.public_key)
    create = time.process_time() - began
    began = time.process_time()
    for one in objects:
        key.wrap_key(one, mechanism=WRAP_MECHANISM)
    wrap = time.process_time() - began
    driver.close()
    return wrap, unwrap, create
