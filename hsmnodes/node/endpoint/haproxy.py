"""HAProxy's configuration, from what is to be served.

A connection is let through by two rules that do not rest on each other: the TLS handshake trusts, for the
name that is asked for, exactly the certificates that were admitted to that zone; and the pair of name and
certificate must stand in the map that leads to one application. Sessions are not resumed, so that a
certificate is judged at every connection. A client whose host or line has failed says nothing: its connection
is ended after half a minute without a sign of it, or it would count against what the application may have.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hsmnodes.node.endpoint.certificate import NODE_PEM
from hsmnodes.node.endpoint.folder import Folder
from hsmnodes.node.endpoint.served import Served

CONFIGURATION, CERTIFICATES, MAP = "haproxy.cfg", "certificates.list", "applications.map"
CONNECTIONS_OF_ONE = 64  # each is a process of p11-kit's
SILENT = (
    "30s"  # p11-kit's client speaks first; who looks whether a zone is served says nothing, and starts none
)

TEMPLATE = """\
global
  log stdout format raw local0 info
  maxconn {most}
  mworker-max-reloads 20
  tune.ssl.cachesize 0
  ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets

defaults
  mode tcp
  log global
  option dontlognull
  timeout connect 3s
  timeout client 24h
  timeout server 24h
  timeout client-fin 10s
  error-log-format "{refused}"
  log-format "{ended}"

frontend applications
  option clitcpka
  clitcpka-idle 10s
  clitcpka-intvl 5s
  clitcpka-cnt 3
  bind {address}:{port} tcp-ut 30s ssl strict-sni verify required no-ca-names {files}
  tcp-request inspect-delay {silent}
  tcp-request content set-var(sess.certificate) ssl_c_der,sha2(256),hex
  tcp-request content set-var(sess.who) ssl_fc_sni,lower,concat(/,sess.certificate)
  tcp-request content set-var(sess.application) var(sess.who),map({conf}/{map})
  tcp-request content reject unless {{ var(sess.application) -m found }}
  tcp-request content accept if {{ req.len gt 0 }}
  use_backend %[var(sess.application)]
"""
REFUSED = "refused from=%ci name=%{+Q}[ssl_fc_sni] reason=%{+Q}[ssl_fc_err_str] verify=%[ssl_c_err]"
ENDED = (
    "ended=%ts from=%ci name=%{+Q}[ssl_fc_sni] certificate=%[var(sess.certificate)] "
    "application=%[var(sess.application)]"
)
ENTRY = "{conf}/{node} [verify required no-ca-names ca-file {conf}/{name}.pem] {name}\n"
BACKEND = """
backend {application}
  server token unix@{socket} maxconn {most}
"""


@dataclass(frozen=True)
class Address:
    """Where HAProxy listens: an IP address or `*`, and a port."""

    address: str
    port: int


def write_configuration(folder: Folder, at: Address, served: Sequence[Served]) -> tuple[Path, bool]:
    """Write HAProxy's files; the configuration's path, and whether anything in them is new."""
    zones: dict[str, list[Served]] = {}
    for one in served:
        zones.setdefault(one.server_name, []).append(one)
    files = {
        CONFIGURATION: configuration(folder, at, served),
        MAP: "".join(f"{one.server_name}/{one.fingerprint} {one.application}\n" for one in served),
        CERTIFICATES: "".join(ENTRY.format(conf=folder.conf, node=NODE_PEM, name=name) for name in zones),
        **{f"{name}.pem": "".join(map(_pem, of_zone)) for name, of_zone in zones.items()},
    }
    changed = {name: text for name, text in files.items() if _is_new(folder, name, text)}
    for name, text in changed.items():
        folder.write(name, text.encode("ascii"))
    for stale in folder.conf.glob("*.pem"):
        if stale.name not in files and stale.name != NODE_PEM:
            stale.unlink()
    return folder.conf / CONFIGURATION, bool(changed)


def configuration(folder: Folder, at: Address, served: Sequence[Served]) -> str:
    """The main file: how connections are judged, and a backend for each application."""
    head = TEMPLATE.format(
        most=max(1, len(served)) * CONNECTIONS_OF_ONE,
        address=at.address,
        port=at.port,
        conf=folder.conf,
        files=f"ca-file {folder.conf}/{NODE_PEM} crt-list {folder.conf / CERTIFICATES}",
        map=MAP,
        silent=SILENT,
        refused=REFUSED,
        ended=ENDED,
    )
    backends = (
        BACKEND.format(
            application=one.application, socket=folder.socket(one.application), most=CONNECTIONS_OF_ONE
        )
        for one in served
    )
    return head + "".join(backends)


def _pem(served: Served) -> str:
    certificate = x509.load_der_x509_certificate(served.certificate)
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def _is_new(folder: Folder, name: str, text: str) -> bool:
    file = folder.conf / name
    return not file.exists() or file.read_text("ascii") != text
