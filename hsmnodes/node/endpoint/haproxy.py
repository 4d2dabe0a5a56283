"""HAProxy's configuration, from what is to be served.

A connection is let through by two rules that do not rest on each other: the TLS handshake trusts, for the
name that is asked for, exactly the certificates that were admitted to that zone; and the pair of name and
certificate must stand in the map that leads to one application. Sessions are not resumed, so that a
certificate is judged at every connection. A client whose host or line has failed says nothing: its connection
is ended after half a minute without a sign of it, or it would count against what the application may have.

Who is not let through holds nothing for long: a handshake ends in seconds, however it is drawn out, and a
source (an IPv4 address, or an IPv6 network of 64 bits) has only so many connections that were not let
through. Who is let through has connections of its own, which others cannot take and it cannot exceed.

An application may ask whether it is let through, by HTTP: a first byte G, which p11-kit's protocol never has.
That is answered here, without its token and the log.
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
ANSWER = "answer"
"""The socket at which HAProxy itself says that an application is let through."""
CONNECTIONS_OF_ONE = 64  # each is a process of p11-kit's
NEW_OF_ONE = 500
"""Connections of one application in ten seconds: what one core can begin."""
UNKNOWN, UNKNOWN_OF_ONE, NEW_UNKNOWN_OF_ONE = 2_048, 64, 1_000
"""Connections that were not let through: at once in all, at once from a source, in ten seconds from it."""
HANDSHAKE_SECONDS = 10
"""How long a connection has for its handshake, and then for its first byte."""

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
  timeout client {handshake}s
  timeout server {handshake}s
  timeout tunnel 24h
  timeout client-fin 10s
  error-log-format "{refused}"
  log-format "{ended}"

backend sources
  stick-table type ipv6 size 100k expire 1m store conn_cur,conn_rate(10s)

backend let-through
  stick-table type ipv6 size 100k expire 1m store conn_cur,conn_rate(10s)

backend taken
  stick-table type string len 48 size 10k expire 1m store conn_cur,conn_rate(10s)

frontend applications
  option clitcpka
  clitcpka-idle 10s
  clitcpka-intvl 5s
  clitcpka-cnt 3
  bind {address}:{port} tcp-ut 30s ssl strict-sni verify required no-ca-names {files}
  tcp-request connection track-sc0 src,ipmask(32,64) table sources
  tcp-request connection set-var(sess.open) src,ipmask(32,64),table_conn_cur(let-through)
  tcp-request connection set-var(sess.new) src,ipmask(32,64),table_conn_rate(let-through)
  tcp-request connection reject if {{ sc0_conn_cur(sources),sub(sess.open) gt {unknown_of_one} }}
  tcp-request connection reject if {{ sc0_conn_rate(sources),sub(sess.new) gt {new_unknown_of_one} }}
  tcp-request inspect-delay {handshake}s
  tcp-request content reject unless {{ req.len gt 0 }}
  tcp-request content set-var(sess.certificate) ssl_c_der,sha2(256),hex
  tcp-request content set-var(sess.who) ssl_fc_sni,lower,concat(/,sess.certificate)
  tcp-request content set-var(sess.application) var(sess.who),map({conf}/{map})
  tcp-request content reject unless {{ var(sess.application) -m found }}
  acl only-asks req.payload(0,1) -m bin 47
  tcp-request content track-sc1 src,ipmask(32,64) table let-through
  tcp-request content track-sc2 var(sess.application) table taken unless only-asks
  tcp-request content track-sc2 var(sess.application),concat(/asks) table taken if only-asks
  tcp-request content reject if {{ sc2_conn_cur(taken) gt {of_one} }}
  tcp-request content reject if {{ sc2_conn_rate(taken) gt {new_of_one} }}
  tcp-request content set-log-level silent if only-asks
  use_backend answer if only-asks
  use_backend %[var(sess.application)]

backend answer
  server here unix@{answer}

frontend answering
  mode http
  no log
  no option dontlognull
  bind unix@{answer} mode 600
  http-request return status 204
"""
NAME = "name=%{+Q}[ssl_fc_sni,bytes(0,64),json(utf8ps)]"
"""The name that was asked for, a stranger's text: cut short, and escaped wherever it is not plain."""
REFUSED = f"refused from=%ci {NAME} reason=%{{+Q}}[ssl_fc_err_str] verify=%[ssl_c_err]"
ENDED = f"ended=%ts from=%ci {NAME} certificate=%[var(sess.certificate)] application=%[var(sess.application)]"
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
        most=UNKNOWN + 3 * len(served) * CONNECTIONS_OF_ONE,  # sessions; questions, and their answers
        handshake=HANDSHAKE_SECONDS,
        of_one=CONNECTIONS_OF_ONE,
        new_of_one=NEW_OF_ONE,
        unknown_of_one=UNKNOWN_OF_ONE,
        new_unknown_of_one=NEW_UNKNOWN_OF_ONE,
        answer=folder.run / ANSWER,
        address=at.address,
        port=at.port,
        conf=folder.conf,
        files=f"ca-file {folder.conf}/{NODE_PEM} crt-list {folder.conf / CERTIFICATES}",
        map=MAP,
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
