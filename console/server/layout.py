"""Where everything of one `script/server` is: its addresses, its folder of state, its environment."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Unusable(Exception):
    """This machine, or what was asked for, does not allow to start; says what to do about it."""


@dataclass(frozen=True)
class Layout:
    """One deployment on this machine. Console and desk differ in host name, so in origin and in rpId."""

    state: Path
    console_port: int = 8000
    desk_port: int = 8001

    @property
    def console_origin(self) -> str:
        return f"http://127.0.0.1:{self.console_port}"

    @property
    def desk_origin(self) -> str:
        return f"http://localhost:{self.desk_port}"

    @property
    def desk_folder(self) -> Path:
        return self.state / "desk"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    def environment(self) -> dict[str, str]:
        """The environment of every process: what was given to us, and ours where nothing was."""
        ours = {
            "DJANGO_SETTINGS_MODULE": "console.settings",
            "PYTHONUNBUFFERED": "1",
            "QUORATE_CONSOLE_ORIGIN": self.console_origin,
            "QUORATE_DESK_ORIGIN": self.desk_origin,
            "QUORATE_DESK_DIR": str(self.desk_folder),
            "QUORATE_DEMO": "1",
        }
        programs = str(Path(sys.executable).parent)
        return {
            **ours,
            **os.environ,
            "QUORATE_STATE_DIR": str(self.state),
            "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        }


def layout_from_environment() -> Layout:
    """As QUORATE_STATE_DIR, QUORATE_CONSOLE_PORT and QUORATE_DESK_PORT say; Unusable if unclear."""
    layout = Layout(
        state=Path(os.environ.get("QUORATE_STATE_DIR", ROOT / "var")).resolve(),
        console_port=port_from_environment("QUORATE_CONSOLE_PORT", 8000),
        desk_port=port_from_environment("QUORATE_DESK_PORT", 8001),
    )
    if layout.console_port == layout.desk_port:
        raise Unusable("Console and desk need a port each: they are two origins on purpose.")
    return layout


def port_from_environment(name: str, otherwise: int) -> int:
    """A TCP port from the environment; Unusable when it is none."""
    text = os.environ.get(name, str(otherwise))
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise Unusable(f"{name} is {text!r}, and should be a port: 1 to 65535.")
    return int(text)
