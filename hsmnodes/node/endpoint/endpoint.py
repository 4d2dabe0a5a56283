"""The endpoint itself: a thread that keeps what runs in step with what is to be served."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from hsmnodes.node.drivers.pkcs11.profile import Profile
from hsmnodes.node.drivers.pkcs11.token_files import restore_token_files
from hsmnodes.node.endpoint.folder import Folder
from hsmnodes.node.endpoint.haproxy import Address, write_configuration
from hsmnodes.node.endpoint.processes import ServingProcess
from hsmnodes.node.endpoint.served import Served

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.3
SECONDS_BEFORE_ANOTHER_TRY = 1.0


class Endpoint(threading.Thread):
    """Serves what `wanted` gives, and nothing longer than that, or than its certificate is valid.

    `now` gives the time in seconds since 1970; `why_not` says of an application why it is served no more.
    """

    def __init__(
        self,
        folder: Folder,
        at: Address,
        profile: Profile,
        wanted: Callable[[], Sequence[Served]],
        *,
        now: Callable[[], float] = time.time,
        why_not: Callable[[str], str] = lambda _application: "",
    ) -> None:
        super().__init__(name="endpoint", daemon=True)
        self._folder = folder
        self._at = at
        self._profile = profile
        self._wanted = wanted
        self._now = now
        self._why_not = why_not
        self._ended = threading.Event()
        self._servers: dict[str, tuple[Served, ServingProcess]] = {}
        self._haproxy: ServingProcess | None = None
        self._is_stale = False

    def run(self) -> None:
        while not self._ended.is_set():
            try:
                self._keep_in_step()
            except Exception:
                logger.exception("The endpoint is not in step with what it is to serve")
                self._ended.wait(SECONDS_BEFORE_ANOTHER_TRY)
            self._ended.wait(LOOK_SECONDS)
        self._end_all()

    def stop(self) -> None:
        """End, with everything that was started, and wait for it."""
        self._ended.set()
        self.join(timeout=30)

    def sessions(self) -> int:
        """How many connections of applications are open: each is a process of its `p11-kit server`."""
        return sum(server.children for _, server in list(self._servers.values()))

    def _keep_in_step(self) -> None:
        now = self._now()
        wanted = {one.application: one for one in self._wanted() if now < one.not_after}
        for application, (served, server) in list(self._servers.items()):
            if wanted.get(application) != served or not server.is_alive():
                server.end()
                del self._servers[application]
                why = self._why_not(application)
                logger.warning("The sessions of application %s are ended%s", application, why and f": {why}")
        for application, served in wanted.items():
            if application not in self._servers:
                try:
                    self._servers[application] = (served, self._serve(served))
                except OSError as error:
                    logger.warning("Application %s cannot be served: %s", application, error)
        self._keep_haproxy(sorted(wanted.values(), key=lambda one: one.application))

    def _serve(self, served: Served) -> ServingProcess:
        """A `p11-kit server` for the one token of an application, write-protected.

        What a login that was killed has left of the token's files is put right first.
        """
        socket, directory = self._folder.socket(served.application), self._folder.token(served.application)
        restore_token_files(self._profile, directory)
        self._folder.share_token(served.application, self._profile)
        socket.unlink(missing_ok=True)
        return ServingProcess(
            f"p11-kit {served.application}",
            [
                "p11-kit",
                "server",
                "--foreground",
                f"--name={socket}",
                f"--provider={self._profile.module}",
                f"pkcs11:token={served.application}?write-protected=yes",
            ],
            self._folder.account,
            {self._profile.configuration_variable: str(directory / self._profile.configuration_file)},
        )

    def _keep_haproxy(self, served: Sequence[Served]) -> None:
        """HAProxy with the right configuration; without anything to serve it does not run."""
        if not served:
            self._end_haproxy()
            return
        configuration, changed = write_configuration(self._folder, self._at, served)
        if self._haproxy is not None and self._haproxy.is_alive():
            self._is_stale |= changed
            if self._is_stale and self._haproxy.may_reload():
                self._haproxy.reload()
                self._is_stale = False
            return
        self._end_haproxy()
        self._haproxy = ServingProcess(
            "haproxy", ["haproxy", "-W", "-db", "-f", str(configuration)], self._folder.account, {}
        )

    def _end_haproxy(self) -> None:
        if self._haproxy is not None:
            self._haproxy.end()
            self._haproxy, self._is_stale = None, False

    def _end_all(self) -> None:
        self._end_haproxy()
        for _, server in self._servers.values():
            with suppress(OSError):
                server.end()
        self._servers.clear()
