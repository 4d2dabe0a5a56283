"""What the application's programs read, written here and not taken from a kit: a shell runs one of these."""

from pathlib import Path

from .refused import Refused

MODULES = (
    "/usr/lib/*/pkcs11/p11-kit-client.so",
    "/usr/lib64/pkcs11/p11-kit-client.so",
    "/usr/lib/pkcs11/p11-kit-client.so",
)
USUAL_MODULE = "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so"
ENVIRONMENT = """\
# For the application's environment, in a shell: QUORATE_FOLDER=/srv/webshop; . $QUORATE_FOLDER/environment
export P11_KIT_SERVER_ADDRESS="unix:path=${QUORATE_FOLDER:?names the folder of the application}/run/token"
export QUORATE_TOKEN="@TOKEN@"
"""
JAVA = """\
# For SunPKCS11: keytool -storetype PKCS11 -addprovider SunPKCS11 -providerArg java.cfg
# Java shows a private key in its KeyStore only beside a certificate: the one there is vouched for by nobody.
name = Quorate
library = @MODULE@
slotListIndex = 0
attributes = compatibility
"""
OPENSSL = """\
# For OpenSSL with libengine-pkcs11-openssl: OPENSSL_CONF=openssl.cnf openssl ... -engine pkcs11
openssl_conf = openssl_init

[openssl_init]
engines = engines

[engines]
pkcs11 = pkcs11

[pkcs11]
engine_id = pkcs11
MODULE_PATH = @MODULE@
init = 0
"""


def write_for_programs(folder: Path, token: str) -> None:
    """Write them into the application's folder; `token` was checked."""
    try:
        module = client_module()
    except Refused:
        module = USUAL_MODULE
    for name, text in (("environment", ENVIRONMENT), ("java.cfg", JAVA), ("openssl.cnf", OPENSSL)):
        (folder / name).write_text(text.replace("@TOKEN@", token).replace("@MODULE@", module))


def client_module() -> str:
    """Where p11-kit-client.so is on this host. Raises Refused where there is none."""
    for pattern in MODULES:
        for found in sorted(Path("/").glob(pattern[1:])):
            return str(found)
    raise Refused("p11-kit-client.so is not there: install the package p11-kit-modules or p11-kit.")
