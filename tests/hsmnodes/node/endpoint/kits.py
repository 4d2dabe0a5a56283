"""Connection kits, opened and packed as anybody could, and signed anew as a node in wrong hands could."""

import io
import json
import tarfile
from types import SimpleNamespace

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.purposes import Purpose


def files_of(kit: bytes) -> dict[str, bytes]:
    """The files of a kit, by name."""
    with tarfile.open(fileobj=io.BytesIO(kit)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive.getmembers()}


def packed(files: dict[str, bytes]) -> bytes:
    """A kit of these files."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def said_in(kit: bytes) -> dict:
    """What a kit says."""
    return json.loads(canonical.b64u_decode(json.loads(files_of(kit)["kit.json"])["payload"]))


def signed_anew(signer, kit: bytes, new_files: dict[str, bytes] | None = None, **changes) -> bytes:
    """A kit in which its node (as it is in tests) signs for other values, and for these files if given."""
    said, contents = said_in(kit) | changes, files_of(kit)
    if new_files is not None:
        contents = {"kit.json": b""} | new_files
        said["files"] = [
            {"name": name, "sha256": canonical.sha256_hex(data)} for name, data in sorted(new_files.items())
        ]
    payload = SimpleNamespace(raw=json.dumps(said).encode())
    signed = signer.parts.identity.sign(Purpose.KIT, payload)
    return packed(contents | {"kit.json": signed.raw})
