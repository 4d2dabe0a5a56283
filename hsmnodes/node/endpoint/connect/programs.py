"""What keeps the connection, configured: one socket for p11-kit-client.so, and mutual TLS to the nodes.

HAProxy asks each node whether it lets this application through, and uses none that does not: a node that the
application has left may well go on for others.
"""

import socket
from pathlib import Path
from typing import Any

HAPROXY = """\
global
  log stderr format raw local0 notice

defaults
  mode tcp
  log global
  timeout connect 750ms
  timeout check 1500ms
  timeout client 24h
  timeout server 24h
  retries 2
  option redispatch 1

frontend application
  bind unix@run/token mode 600
  default_backend nodes

backend nodes
  balance leastconn
  option tcp-check
  tcp-check send "GET / HTTP/1.0\\r\\n\\r\\n"
  tcp-check expect string 204
  default-server check check-ssl check-sni {server_name} inter 1s fastinter 250ms fall 2 rise 2
  default-server on-marked-down shutdown-sessions
  default-server ssl crt application.pem ca-file run/nodes.pem ssl-min-ver TLSv1.3 no-ssl-reuse
  default-server verify required verifyhost {server_name} sni str({server_name})
"""
STUNNEL = """\
foreground = yes
syslog = no

[token]
client = yes
accept = {folder}/run/token
{nodes}failover = {order}
TIMEOUTconnect = 2
TIMEOUTbusy = 10
TIMEOUTidle = 86400
sni = {server_name}
cert = application.pem
CAfile = run/nodes.pem
verifyChain = yes
checkHost = {server_name}
sslVersionMin = TLSv1.3
sessionResume = no
"""


def haproxy_cfg(kits: list[dict[str, Any]], *, failover: bool) -> str:
    """HAProxy's configuration: one socket for p11-kit-client.so, and mutual TLS to the nodes."""
    servers = [
        f"  server node-{place} {address(kit)}{' backup' if failover and place > 1 else ''}\n"
        for place, kit in enumerate(kits, start=1)
    ]
    return HAPROXY.format(server_name=kits[0]["server_name"]) + "".join(servers)


def stunnel_conf(kits: list[dict[str, Any]], *, failover: bool) -> str:
    """The same by stunnel, which wants the whole path of a socket."""
    return STUNNEL.format(
        server_name=kits[0]["server_name"],
        folder=Path.cwd(),
        nodes="".join(f"connect = {address(kit)}\n" for kit in kits),
        order="prio" if failover else "rr",
    )


def address(kit: dict[str, Any]) -> str:
    """Where the node of a kit is reached."""
    host = kit["host"]
    return f"[{host}]:{kit['port']}" if ":" in host else f"{host}:{kit['port']}"


def is_known(kit: dict[str, Any]) -> bool:
    """Whether this host knows an address for the node of a kit."""
    try:
        return bool(socket.getaddrinfo(kit["host"], kit["port"], type=socket.SOCK_STREAM))
    except (OSError, UnicodeError):
        return False
