"""The connection kit: one archive without secrets, in which a node signs for every file.

It holds nothing that a program runs or reads as its configuration: that is the tool's to write.
"""

import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from hsmnodes.node.endpoint import connect, files
from hsmnodes.node.protocol.canonical import sha256_hex
from hsmnodes.node.protocol.documents.cluster import ClusterState
from hsmnodes.node.protocol.documents.kits import KitFile
from hsmnodes.node.protocol.documents.node import NodeSigned
from hsmnodes.node.protocol.documents.proposal import NodeAt
from hsmnodes.node.protocol.words import word_list

TOOL, PACKAGE = "quorate-connect", "quorate_connect"
MAIN = f"import sys\n\nfrom {PACKAGE}.commands import main\n\nsys.exit(main())\n"
KIT, CERTIFICATE, INSTRUCTIONS = "kit.json", "node.crt", "readme.md"


@cache
def tool() -> bytes:
    """The program for the application's host, in one file (zipapp): it knows the words by itself.

    The same bytes from the same source.
    """
    stream, package = io.BytesIO(), resources.files(connect)
    sources = {file.name: file.read_text("utf-8") for file in package.iterdir() if file.name.endswith(".py")}
    members = {f"{PACKAGE}/{name}": text for name, text in sources.items()} | {"__main__.py": MAIN}
    with zipfile.ZipFile(stream, "w") as packed:
        for name, text in sorted(members.items()):
            packed.writestr(zipfile.ZipInfo(name), text.replace("@WORDS@", " ".join(word_list())))
    return b"#!/usr/bin/env python3\n" + stream.getvalue()


def kit_files(certificate: bytes) -> dict[str, bytes]:
    """The files of a kit, by name; `certificate` is the node's, in DER."""
    return {
        CERTIFICATE: x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM),
        INSTRUCTIONS: resources.files(files).joinpath("README.md").read_bytes(),
    }


def listed(contents: Mapping[str, bytes]) -> tuple[KitFile, ...]:
    """The files as the node signs for them."""
    return tuple(KitFile(name=name, sha256=sha256_hex(data)) for name, data in sorted(contents.items()))


def failover_of(cluster: ClusterState | None, nodes: Sequence[NodeAt]) -> tuple[str, ...] | None:
    """The order in which nodes stand in for each other: that of a failover cluster that has them all.

    By the hashes of their identity keys; None if there is no such order.
    """
    if (
        cluster is None
        or cluster.mode != "failover"
        or len(nodes) < 2
        or not set(nodes) <= set(cluster.members)
    ):
        return None
    return tuple(one.identity for one in cluster.members if one in nodes)


def archive(signed: NodeSigned, contents: Mapping[str, bytes]) -> bytes:
    """The kit as one tar file: the same bytes from the same contents."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in {KIT: signed.raw, **contents}.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            tar.addfile(member, io.BytesIO(data))
    return stream.getvalue()
