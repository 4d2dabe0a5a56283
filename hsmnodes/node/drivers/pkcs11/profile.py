"""Vendor profiles: what a PKCS#11 module can do, and how it is pointed at a token directory."""

import os
from pathlib import Path

from hsmnodes.node.drivers.errors import InvalidRequest
from hsmnodes.node.drivers.values import Algorithm, Value


class Profile(Value):
    """One PKCS#11 module.

    `trusted_wrapping` says whether it honours CKA_TRUSTED and CKA_WRAP_WITH_TRUSTED (PKCS#11 v2.40 section
    4.9): without that the driver makes keys that cannot be extracted at all, and so cannot be backed up.
    `configuration` is written to `configuration_file` in the token directory, with `{directory}` replaced,
    and the environment variable `configuration_variable` names it to the module. `rewritten_at_login` is the
    pattern of the files that `token_files` looks after, one in the folder of each token; those of
    `touched_at_login` are written then too. No other file has to be written for a key to be used.
    """

    name: str
    module: Path
    algorithms: frozenset[Algorithm]
    trusted_wrapping: bool
    configuration_variable: str
    configuration_file: str
    configuration: str
    rewritten_at_login: str
    touched_at_login: tuple[str, ...]

    def prepare(self, directory: Path) -> None:
        """Point this process's module at the directory, which must exist."""
        if set(str(directory)) & set("#\n\r"):
            raise InvalidRequest("a token directory's path holds no '#' and no line break")
        (directory / "tokens").mkdir(mode=0o700, exist_ok=True)
        file = directory / self.configuration_file
        file.write_text(self.configuration.replace("{directory}", str(directory)))
        os.environ[self.configuration_variable] = str(file)


SOFTHSM2_CONFIGURATION = """\
directories.tokendir = {directory}/tokens
objectstore.backend = file
log.level = ERROR
slots.removable = false
slots.mechanisms = ALL
library.reset_on_fork = true
"""

SOFTHSM2_OF_DEBIAN = Path("/usr/lib/softhsm/libsofthsm2.so")


def softhsm2(module: Path = SOFTHSM2_OF_DEBIAN) -> Profile:
    """SoftHSM2, which simulates an HSM: its tokens are files that root on the node's host can read."""
    return Profile(
        name="softhsm2",
        module=module,
        algorithms=frozenset(Algorithm),
        trusted_wrapping=True,
        configuration_variable="SOFTHSM2_CONF",
        configuration_file="softhsm2.conf",
        configuration=SOFTHSM2_CONFIGURATION,
        rewritten_at_login="tokens/*/token.object",
        touched_at_login=("tokens/*/token.lock", "tokens/*/generation"),
    )
