"""Connection kits, opened and packed as anybody could."""

import io
import tarfile


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
