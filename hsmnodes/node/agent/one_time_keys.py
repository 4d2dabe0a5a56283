"""One-time keys to which another node seals a backup key: made for one proposal, gone when it is over."""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from hsmnodes.node.agent.facts import Facts
from hsmnodes.node.agent.vault import Vault
from hsmnodes.node.drivers.errors import ObjectNotFound
from hsmnodes.node.operations.context import SealedKey
from hsmnodes.node.operations.zone.moving import GOOD_FOR
from hsmnodes.node.protocol.documents.node import Receipt
from hsmnodes.node.protocol.sealing import open_sealed

FOLDER = "one-time/"
OFFER_AND_ARRIVAL = 2


class OneTimeKeys:
    """The one-time keys of one node, kept in its vault. Methods raise DriverError."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def offer(self, proposal: str) -> bytes:
        """The public half (X25519, 32 bytes) of the key for a proposal, made when it is first asked for."""
        known = self._vault.get(FOLDER + proposal)
        if known is None:
            known = X25519PrivateKey.generate().private_bytes_raw()
            self._vault.put(FOLDER + proposal, known)
        return X25519PrivateKey.from_private_bytes(known).public_key().public_bytes_raw()

    def open(self, proposal: str, box: SealedKey) -> bytes:
        """What was sealed for a proposal. Raises ShareRefused if it was sealed for anything else."""
        private_key = self._vault.get(FOLDER + proposal)
        if private_key is None:
            raise ObjectNotFound("the one-time key of this proposal is not in the vault")
        return open_sealed(box.sealed, private_key, box.context)

    def forget_ended(self, facts: Facts, now: int) -> None:
        """Destroy the keys whose proposals have come to their end on this node by the time `now`."""
        for name in self._vault.names(FOLDER):
            proposal = name.removeprefix(FOLDER)
            steps = [key for key in facts.intents if key[0] == proposal]
            over = facts.closed.keys() | facts.holdings.abandoned
            closed = any(facts.intents[key] in over for key in steps)
            ended = len(steps) >= OFFER_AND_ARRIVAL and not any(key in facts.open_intents for key in steps)
            offered = [Receipt.from_bytes(facts.outcomes[key]).at for key in steps if key in facts.outcomes]
            too_old = bool(offered) and now >= min(offered) + GOOD_FOR
            if closed or ended or too_old:
                self._vault.forget_one(name)
