"""The drivers for the HSM that a node is configured with."""

from hsmnodes.node.agent.config import Config
from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.drivers.base import DriverPool
from hsmnodes.node.drivers.pkcs11.profile import Profile, softhsm2
from hsmnodes.node.drivers.supervisor import Drivers

PROFILES = {"softhsm2": softhsm2}


def open_pool(config: Config) -> DriverPool:
    """A driver process for each token directory. Raises NodeError if the profile or module is not there."""
    return Drivers(profile_of(config))


def profile_of(config: Config) -> Profile:
    """The profile of the HSM, with its module. Raises NodeError if either is not there."""
    profile = PROFILES.get(config.pkcs11.profile)
    if profile is None:
        raise NodeError(f"There is no profile {config.pkcs11.profile}; known are: {', '.join(PROFILES)}.")
    if not config.pkcs11.module.exists():
        raise NodeError(f"The PKCS#11 module {config.pkcs11.module} is not there.")
    return profile(config.pkcs11.module)
