"""Where a deployment on this machine is, and what is refused as unclear."""

import pytest

from console.server.layout import Unusable, layout_from_environment


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("QUORATE_STATE_DIR", str(tmp_path))
    for name in (
        "QUORATE_CONSOLE_PORT",
        "QUORATE_DESK_PORT",
        "QUORATE_CONSOLE_ORIGIN",
        "QUORATE_DESK_ORIGIN",
    ):
        monkeypatch.delenv(name, raising=False)


def test_console_and_desk_are_two_origins_of_two_hosts():
    layout = layout_from_environment()
    assert layout.console_origin == "http://127.0.0.1:8000"
    assert layout.desk_origin == "http://localhost:8001"


def test_ports_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("QUORATE_CONSOLE_PORT", "9000")
    monkeypatch.setenv("QUORATE_DESK_PORT", "9001")
    environment = layout_from_environment().environment()
    assert environment["QUORATE_CONSOLE_ORIGIN"] == "http://127.0.0.1:9000"
    assert environment["QUORATE_DESK_ORIGIN"] == "http://localhost:9001"


@pytest.mark.parametrize("port", ["", "eighty", "0", "65536", "-1", "80.0", "٨٠"])
def test_what_is_no_port_is_refused(monkeypatch, port):
    monkeypatch.setenv("QUORATE_DESK_PORT", port)
    with pytest.raises(Unusable, match="QUORATE_DESK_PORT"):
        layout_from_environment()


def test_one_port_for_both_is_refused(monkeypatch):
    monkeypatch.setenv("QUORATE_DESK_PORT", "8000")
    with pytest.raises(Unusable, match="two origins"):
        layout_from_environment()


def test_what_the_environment_already_says_holds(monkeypatch):
    monkeypatch.setenv("QUORATE_CONSOLE_ORIGIN", "https://console.example")
    assert layout_from_environment().environment()["QUORATE_CONSOLE_ORIGIN"] == "https://console.example"
