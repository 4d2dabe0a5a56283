"""Builds the desk: the files of `site`, and what is built into them. The same inputs give the same digest.

`python -m console.desk.build --help` says how; `manage.py build_desk` takes the console's own settings.
"""

import argparse
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from console.desk.headers import desk_headers, nginx_headers
from console.desk.simulator import Simulator, read_simulator
from hsmnodes.node.operations import registry
from hsmnodes.node.protocol import canonical, words

SITE = Path(__file__).with_name("site")
MANIFEST, HEADERS = "manifest.json", "headers.conf"
DEMO_ONLY = "js/simulator/"
_ORIGIN = re.compile(r"https?://[a-z0-9.-]{1,200}(:[0-9]{1,5})?")
_ID = re.compile(r"[0-9a-f]{32}")
_PLACE_OF_MODULES = "<!-- modules -->"


@dataclass(frozen=True)
class Desk:
    """What is built into a desk. With a simulator it is a demo's."""

    console: str
    origin: str
    deployment: str
    simulator: Simulator | None = None

    def __post_init__(self) -> None:
        for name, value in (("console", self.console), ("desk", self.origin)):
            if not _ORIGIN.fullmatch(value):
                raise ValueError(f"The {name}'s origin must be like https://desk.example, not {value!r}.")
        if self.console == self.origin:
            raise ValueError("The desk needs an origin of its own, not the console's.")
        if not _ID.fullmatch(self.deployment):
            raise ValueError(f"The deployment must be 32 hexadecimal digits, not {self.deployment!r}.")
        if self.simulator is not None and self.simulator.deployment != self.deployment:
            raise ValueError("The simulator is of another deployment.")

    @property
    def rp_id(self) -> str:
        """The WebAuthn relying party id: exactly the desk's host."""
        return urlsplit(self.origin).hostname or ""


def make_files(desk: Desk) -> dict[str, bytes]:
    """Every file of the desk by its name, sorted."""
    files = {
        path.relative_to(SITE).as_posix(): path.read_bytes() for path in SITE.rglob("*") if path.is_file()
    }
    files |= _built_in(desk)
    if desk.simulator is None:
        files = {name: data for name, data in files.items() if not name.startswith(DEMO_ONLY)}
    preloads = "\n".join(
        f'<link rel="modulepreload" href="{name}">' for name in sorted(files) if name.endswith(".js")
    )
    page = files["index.html"].decode()
    files["index.html"] = page.replace(_PLACE_OF_MODULES, preloads).encode()
    return dict(sorted(files.items()))


def digest(files: Mapping[str, bytes]) -> str:
    """The digest of a desk: SHA-256 of the canonical bytes of its files' names and hashes."""
    return canonical.sha256_hex(canonical.encode({"files": _hashes(files)}))


def build(desk: Desk, out: Path) -> str:
    """Write the desk into the folder `out`, replacing a desk that is there, and return its digest.

    Raises ValueError if something else is there.
    """
    if out.exists() and any(out.iterdir()) and not (out / MANIFEST).exists():
        raise ValueError(f"{out} holds something that is not a desk; choose another folder.")
    files = make_files(desk)
    result = digest(files)
    manifest: dict[str, canonical.JSON] = {
        "console": desk.console,
        "origin": desk.origin,
        "deployment": desk.deployment,
        "demo": desk.simulator is not None,
        "digest": result,
        "files": _hashes(files),
    }
    headers = nginx_headers(desk_headers(console=desk.console, origin=desk.origin))
    _write(out, {**files, MANIFEST: canonical.encode(manifest), HEADERS: headers.encode()})
    return result


def _built_in(desk: Desk) -> dict[str, bytes]:
    config: dict[str, canonical.JSON] = {
        "console": desk.console,
        "origin": desk.origin,
        "rp_id": desk.rp_id,
        "deployment": desk.deployment,
        "demo": desk.simulator is not None,
    }
    modules: dict[str, tuple[str, canonical.JSON]] = {
        "config": ("CONFIG", config),
        "catalogue": ("CATALOGUE", registry.catalogue()),
        "words": ("WORD_LIST", words.word_list()),
    }
    if desk.simulator is not None:
        people = desk.simulator.model_dump(mode="json")["people"]
        modules["simulated"] = ("SIMULATED", people)
    return {
        f"js/built/{name}.js": b"/** Made by the build. */\nexport const %b = %b;\n"
        % (constant.encode(), canonical.encode(value))
        for name, (constant, value) in modules.items()
    }


def _hashes(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: canonical.sha256_hex(data) for name, data in files.items()}


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    fresh, stale = out.with_name(f"{out.name}.fresh"), out.with_name(f"{out.name}.stale")
    for folder in (fresh, stale):
        shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        path = fresh / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    if out.exists():
        out.rename(stale)
    fresh.rename(out)
    shutil.rmtree(stale, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m console.desk.build", description=__doc__)
    for option, variable, meaning in (
        ("--out", "QUORATE_DESK_DIR", "the folder to write"),
        ("--console", "QUORATE_CONSOLE_ORIGIN", "the console's origin"),
        ("--origin", "QUORATE_DESK_ORIGIN", "the desk's own origin; its host is the rpId"),
    ):
        default = os.environ.get(variable)
        parser.add_argument(option, default=default, required=default is None, help=f"{meaning} ({variable})")
    parser.add_argument(
        "--deployment", default=os.environ.get("QUORATE_DEPLOYMENT"), help="the deployment's id"
    )
    parser.add_argument(
        "--simulator", default=os.environ.get("QUORATE_SIMULATOR"), help="makes it a demo's desk"
    )
    given = parser.parse_args()
    try:
        simulator = read_simulator(Path(given.simulator)) if given.simulator else None
        deployment = given.deployment or (simulator.deployment if simulator else "")
        desk = Desk(given.console, given.origin, deployment, simulator)
        sys.stdout.write(f"{build(desk, Path(given.out))}\n")
    except ValueError as problem:
        parser.error(str(problem))
    return 0


if __name__ == "__main__":
    sys.exit(main())
