"""The parts of a running node, put together from its configuration and its state directory."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from hsmnodes.node.agent.agent_token import open_agent_token
from hsmnodes.node.agent.carry_out import Executor
from hsmnodes.node.agent.ceremonies import Ceremonies
from hsmnodes.node.agent.clock import Clock
from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.enclosures import Enclosures
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.hearing import Hearing
from hsmnodes.node.agent.heartbeat import versions_of
from hsmnodes.node.agent.hsm_head import HsmHead
from hsmnodes.node.agent.identity import Identity
from hsmnodes.node.agent.in_step import InStep
from hsmnodes.node.agent.installing import check_beginning
from hsmnodes.node.agent.journal import Journal
from hsmnodes.node.agent.ledger import Ledger
from hsmnodes.node.agent.one_time_keys import OneTimeKeys
from hsmnodes.node.agent.readiness import Readiness
from hsmnodes.node.agent.receipts import Receipts
from hsmnodes.node.agent.refusals import Refusals
from hsmnodes.node.agent.room import Room
from hsmnodes.node.agent.store import Store
from hsmnodes.node.agent.vault import Vault
from hsmnodes.node.agent.verify import Verifier
from hsmnodes.node.agent.view import View
from hsmnodes.node.agent.witness import Testimony, Witnesses
from hsmnodes.node.agent.zones import Zones
from hsmnodes.node.drivers.base import DriverPool
from hsmnodes.node.protocol.documents.node import Versions


@dataclass(frozen=True)
class Parts:
    """What a node consists of."""

    config: Config
    store: Store
    clock: Clock
    ledger: Ledger
    identity: Identity
    verifier: Verifier
    enclosures: Enclosures
    ceremonies: Ceremonies
    executor: Executor
    one_time_keys: OneTimeKeys
    zones: Zones
    refusals: Refusals
    witnesses: Witnesses
    hearing: Hearing
    in_step: InStep
    readiness: Readiness
    hsm_head: HsmHead
    versions: Versions


def assemble(config: Config, pool: DriverPool, source: Callable[[], float]) -> Parts:
    """Open the state of a node and its token. Raises NodeError and DriverError."""
    store = Store(config.database)
    try:
        return _assemble(config, pool, store, Clock(store, source))
    except BaseException:
        store.close()
        raise


def _assemble(config: Config, pool: DriverPool, store: Store, clock: Clock) -> Parts:
    journal = Journal(store)
    check_beginning(config, journal)
    ledger = Ledger(journal, clock)
    facts = ledger.facts
    driver = open_agent_token(config, pool)
    if driver.identity_public() != facts.identity:
        raise NodeError("The HSM holds another identity key than this node was made with.")
    identity, vault, hsm_head = Identity(config, driver), Vault(config, store, driver), HsmHead(driver)
    testimony = Testimony(nonce=secrets.token_hex(16), began=clock.now())
    hearing = Hearing(store)
    witnesses = Witnesses(config, store, journal, facts, testimony)
    ceremonies = Ceremonies(config, store, vault, identity, ledger)
    one_time_keys, enclosures = OneTimeKeys(vault), Enclosures(store)
    zones = Zones(
        config,
        pool,
        agent=driver,
        vault=vault,
        ledger=ledger,
        ceremonies=ceremonies,
        one_time_keys=one_time_keys,
        identity=identity,
    )
    return Parts(
        config=config,
        store=store,
        clock=clock,
        ledger=ledger,
        identity=identity,
        verifier=Verifier(config, View(config, facts, journal, hearing)),
        enclosures=enclosures,
        ceremonies=ceremonies,
        one_time_keys=one_time_keys,
        zones=zones,
        executor=Executor(
            config,
            ledger,
            zones,
            receipts=Receipts(store, identity),
            enclosures=enclosures,
            hsm_head=hsm_head,
        ),
        refusals=Refusals(config, store, identity),
        witnesses=witnesses,
        hearing=hearing,
        in_step=InStep(config, facts, hearing, began=testimony.began),
        readiness=Readiness(facts, witnesses, hsm_head.disagreement(journal), Room(config.state)),
        hsm_head=hsm_head,
        versions=versions_of(config, driver.info()),
    )
