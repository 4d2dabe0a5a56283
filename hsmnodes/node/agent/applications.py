"""The tokens of applications: for each one a token of its own, with copies of just the keys it may use.

Such a token is made from nothing, and can be made anew at any time: what is of value is in the zone's token.
Its PIN is kept in the vault, and given to the application alone, sealed to its own key.
"""

import base64
import logging
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.agent.identity import Identity
from hsmnodes.node.agent.ledger import Ledger
from hsmnodes.node.agent.pools import profile_of
from hsmnodes.node.agent.vault import Vault, new_pin
from hsmnodes.node.drivers.base import Driver, DriverPool
from hsmnodes.node.drivers.errors import DriverError, MechanismUnavailable
from hsmnodes.node.drivers.values import CARRIER_LENGTH, Usage, WrappedKey
from hsmnodes.node.endpoint.certificate import node_certificate
from hsmnodes.node.endpoint.folder import EndpointError, Folder
from hsmnodes.node.endpoint.kit import archive, failover_of, kit_files, listed
from hsmnodes.node.endpoint.served import Served, server_name
from hsmnodes.node.operations.context import Access
from hsmnodes.node.operations.holdings import Application, UsableKey
from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.applications import pin_context, shared_pin_context
from hsmnodes.node.protocol.canonical import JSON
from hsmnodes.node.protocol.documents.kits import Kit
from hsmnodes.node.protocol.documents.proposal import NodeAt, Proposal
from hsmnodes.node.protocol.errors import ShareRefused
from hsmnodes.node.protocol.purposes import Purpose
from hsmnodes.node.protocol.sealing import lock, seal, unlock

logger = logging.getLogger(__name__)


class Applications:
    """The applications' tokens of one node. `open_zone` gives a zone's open driver, and its SO PIN;
    `secret_of` its backup key in force, which the zone's other nodes have, too.
    """

    def __init__(
        self,
        config: Config,
        pool: DriverPool,
        *,
        identity: Identity,
        vault: Vault,
        ledger: Ledger,
        open_zone: Callable[[str], tuple[Driver, str]],
        secret_of: Callable[[str], bytes],
    ) -> None:
        self._config = config
        self._pool = pool
        self._identity = identity
        self._vault = vault
        self._ledger = ledger
        self._open_zone = open_zone
        self._secret_of = secret_of
        self._folder = _prepared(config)
        if self._folder is None and ledger.facts.holdings.living_applications():
            raise NodeError("Applications are admitted here, so the node needs its endpoint's folder.")

    def give_access(self, application: Application, proposal: Proposal, pin: bytes | None) -> Access:
        """See `Hands.give_access`."""
        if pin is not None:
            secret = self._secret_of(application.zone.id)
            came = _checked_pin(unlock(pin, secret, self._shared(application, proposal)))
            self._vault.pin(_pin(application.id), lambda: came)
        self._make_token(application, application.keys)
        return self.state_access(application, proposal)

    def state_access(self, application: Application, proposal: Proposal) -> Access:
        """See `Hands.state_access`."""
        drawn = self._vault.known_pin(_pin(application.id)).encode("ascii")
        context = pin_context(
            deployment=self._config.deployment,
            node=self._config.node,
            zone=application.zone,
            application=application.named,
        )
        return Access(
            token=application.id,
            sealed_pin=seal(drawn, application.sealing_key, context),
            kit=self._kit(application, proposal.nodes),
            shared_pin=lock(drawn, self._secret_of(application.zone.id), self._shared(application, proposal)),
        )

    def _shared(self, application: Application, proposal: Proposal) -> dict[str, JSON]:
        """What the PIN is locked for on its way to the other nodes of a proposal."""
        return shared_pin_context(
            deployment=self._config.deployment,
            proposal=proposal.proposal,
            zone=application.zone,
            application=application.named,
        )

    def take_access(self, application_id: str) -> None:
        """See `Hands.take_access`."""
        self._remove_token(application_id)
        self._vault.forget(_place(application_id))

    def take_all_access(self, zone: str) -> None:
        """Destroy the tokens of all applications of a zone. Raises DriverError."""
        for application in self._ledger.facts.holdings.living_applications():
            if application.zone.id == zone:
                self.take_access(application.id)

    def destroy_copies(self, zone: str, key_ids: Sequence[str]) -> None:
        """See `Hands.destroy_copies`: the tokens that have copies of these keys are made anew without."""
        for application in self._ledger.facts.holdings.living_applications():
            if application.zone.id == zone and any(key.id in key_ids for key in application.keys):
                kept = [key for key in self._left(application) if key.id not in key_ids]
                self._make_token(application, kept)

    def restore(self) -> None:
        """Make the tokens that are to be there and are not, and remove those that are not to be.

        What fails with one stops no other, and is tried again the next time.
        """
        if self._folder is None:
            return
        living = {one.id: one for one in self._ledger.facts.holdings.living_applications()}
        for directory in self._folder.tokens.iterdir():
            if directory.name not in living:
                with _logged():
                    self.take_access(directory.name)
        for application in living.values():
            if not self._folder.has_token(application.id):
                with _logged():
                    self._make_token(application, self._left(application))

    def served(self) -> tuple[Served, ...]:
        """What the endpoint is to serve, as the journal says: applications whose token is whole.

        One that is suspended keeps its token, and is not served.
        """
        return tuple(
            Served(
                application=one.id,
                zone=one.zone.id,
                certificate=one.certificate,
                not_after=one.not_after,
                keys=tuple(key.id for key in self._left(one)),
            )
            for one in self._ledger.facts.holdings.living_applications()
            if not self._ledger.facts.holdings.is_suspended(one) and self.folder.has_token(one.id)
        )

    def still(self, served: tuple[Served, ...]) -> tuple[Served, ...]:
        """What is served and may be so on: nothing removed or suspended, whatever else is under way."""
        holdings = self._ledger.facts.holdings
        may = {one.id for one in holdings.living_applications() if not holdings.is_suspended(one)}
        return tuple(one for one in served if one.application in may)

    def why_not(self, application_id: str) -> str:
        """Why an application is not served as it was, for the log; empty if nothing is known of it."""
        holdings = self._ledger.facts.holdings
        known = holdings.applications.get(application_id)
        if application_id in holdings.removed_applications or known is None:
            return "it was removed"
        if holdings.is_suspended(known):
            return "it is suspended"
        if self._ledger.clock.now() >= known.not_after:
            return "its certificate has expired"
        return ""

    @property
    def folder(self) -> Folder:
        """The endpoint's folder. Raises DriverError if the node has no endpoint."""
        if self._folder is None:
            raise DriverError("the node has no endpoint for applications")
        return self._folder

    def _make_token(self, application: Application, keys: Iterable[UsableKey]) -> None:
        """Make the token from nothing: under way its keys are wrapped by a carrier that is forgotten here."""
        self._remove_token(application.id)
        carrier = self._identity.driver.random(CARRIER_LENGTH)
        copies = self._wrapped(application.zone.id, list(keys), carrier)
        directory = self.folder.token(application.id)
        driver, pin = self._pool.get(directory), self._vault.pin(_pin(application.id), _new_pin)
        try:
            driver.initialise(application.id, new_pin(), pin)
            driver.open(application.id, lambda: pin)
            driver.make_copies(copies, carrier)
        except DriverError:
            self._remove_token(application.id)
            raise
        self._pool.forget(directory)
        self.folder.share_token(application.id, profile_of(self._config))

    def _remove_token(self, application_id: str) -> None:
        """Remove the directory of a token, if there is one, and keep its PIN. Raises DriverError."""
        self._pool.forget(self.folder.token(application_id))
        try:
            self.folder.remove_token(application_id)
        except OSError as error:
            raise DriverError(f"the token of an application cannot be removed: {error.strerror}") from None

    def _wrapped(self, zone: str, keys: Sequence[UsableKey], carrier: bytes) -> list[WrappedKey]:
        if not keys:
            return []
        driver, so_pin = self._open_zone(zone)
        wrapped = driver.wrap_for_copying([bytes.fromhex(key.id) for key in keys], carrier, so_pin)
        return [_narrowed(one, key) for one, key in zip(wrapped, keys, strict=True)]

    def _left(self, application: Application) -> list[UsableKey]:
        """The keys of an application that were not destroyed."""
        living = {key.id for key in self._ledger.facts.holdings.keys_of(application.zone.id)}
        return [key for key in application.keys if key.id in living]

    def _kit(self, application: Application, nodes: Sequence[NodeAt]) -> bytes:
        settings = self._config.endpoint
        assert settings is not None  # noqa: S101 -- its folder was asked for before
        certificate, name = (
            node_certificate(self.folder, self._config.node.id),
            server_name(application.zone.id),
        )
        contents = kit_files(certificate)
        kit = Kit(
            deployment=self._config.deployment,
            demo=self._config.demo,
            node=self._config.node,
            identity=canonical.b64u(self._ledger.facts.identity),
            zone=application.zone,
            application=application.named,
            certificate=canonical.sha256_hex(application.certificate),
            node_certificate=canonical.sha256_hex(certificate),
            host=settings.host,
            port=settings.port,
            server_name=name,
            token=application.id,
            files=listed(contents),
            made_at=self._ledger.clock.now(),
            nodes=tuple(nodes) if len(nodes) > 1 else None,
            failover=failover_of(self._ledger.facts.holdings.cluster, nodes),
        )
        return archive(self._identity.sign(Purpose.KIT, kit), contents)


def _narrowed(wrapped: WrappedKey, key: UsableKey) -> WrappedKey:
    """The key for just the usages that were admitted. Raises MechanismUnavailable if it has them not."""
    usages = frozenset(Usage(usage) for usage in key.usages)
    if not usages <= wrapped.spec.usages or wrapped.spec.label != key.label:
        raise MechanismUnavailable(f"the key {key.label} cannot be used for what was asked")
    return wrapped.model_copy(update={"spec": wrapped.spec.model_copy(update={"usages": usages})})


@contextmanager
def _logged() -> Iterator[None]:
    """Log that a token is not as it is to be, and go on."""
    try:
        yield
    except (DriverError, OSError) as error:
        logger.warning("The token of an application is not as it is to be: %s", error)


def _prepared(config: Config) -> Folder | None:
    if config.endpoint is None:
        return None
    try:
        return Folder.prepared(config.endpoint.folder, config.endpoint.user)
    except (EndpointError, OSError) as error:
        raise NodeError(f"The endpoint for applications cannot be set up: {error}") from None


def _new_pin() -> str:
    """A PIN of 26 letters and digits, 128 random bits: OpenSSL's engine takes no more than 31."""
    return base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=").lower()


def _checked_pin(came: bytes) -> str:
    """The PIN that another node drew. Raises ShareRefused if it is none."""
    if not re.fullmatch(rb"[a-z2-7]{26}", came):
        raise ShareRefused("bad-pin", "What came from the first HSM is no PIN.")
    return came.decode("ascii")


def _place(application: str) -> str:
    return f"application/{application}/"


def _pin(application: str) -> str:
    return _place(application) + "user-pin"
