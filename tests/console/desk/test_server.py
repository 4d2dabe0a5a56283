"""The desk's web server: exactly the built files, under exactly its name, with exactly its headers."""

import json

import pytest

from console.desk.build import Desk, build
from console.desk.server import make_application
from tests.console.desk.cast import DEPLOYMENT

HOST = "desk.example"


@pytest.fixture
def folder(tmp_path):
    build(Desk("https://console.example", f"https://{HOST}", DEPLOYMENT), tmp_path / "desk")
    return tmp_path / "desk"


@pytest.fixture
def ask(folder):
    """Ask the desk for a path: status, headers, body."""
    application = make_application(folder)

    def ask(path: str, *, host: str = HOST, method: str = "GET", **environ: str):
        seen = {}

        def start_response(status, headers):
            seen.update(status=status, headers=dict(headers))

        asked = {"PATH_INFO": path, "REQUEST_METHOD": method, "HTTP_HOST": host, **environ}
        body = b"".join(application(asked, start_response))
        return seen["status"], seen["headers"], body

    return ask


def test_every_file_of_the_manifest_is_served_and_nothing_else(ask, folder):
    names = json.loads((folder / "manifest.json").read_bytes())["files"]
    for name in names:
        status, _, body = ask("/" if name == "index.html" else f"/{name}")
        assert (status, body) == ("200 OK", (folder / name).read_bytes())
    for path in (
        "/headers.conf",
        "/index.html",
        "/js",
        "/js/",
        "/../pyproject.toml",
        "/js/../index.html",
        "//",
        "",
    ):
        assert ask(path)[0] == "404 Not Found"


def test_every_answer_has_the_strict_headers(ask):
    for answer in (ask("/"), ask("/nothing"), ask("/", host="other.example"), ask("/", method="POST")):
        headers = answer[1]
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "connect-src https://console.example;" in policy
        for part in ("form-action", "frame-ancestors", "base-uri", "trusted-types"):
            assert f"{part} 'none'" in policy
        assert "require-trusted-types-for 'script'" in policy
        assert "unsafe" not in policy
        assert "publickey-credentials-get=(self)" in headers["Permissions-Policy"]
        assert (
            headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
        )
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Strict-Transport-Security" in headers


def test_the_headers_for_another_web_server_are_the_same(ask, folder):
    written = (folder / "headers.conf").read_text()
    for name, value in ask("/")[1].items():
        if name not in {"Content-Type", "Content-Length", "ETag"}:
            assert f'add_header {name} "{value}" always;' in written


def test_another_host_name_is_refused(ask):
    assert ask("/", host="rebound.example")[0] == "421 Misdirected Request"
    assert ask("/", host="")[0] == "421 Misdirected Request"


def test_it_only_gives(ask):
    assert ask("/", method="POST")[0] == "405 Method Not Allowed"
    status, headers, body = ask("/", method="HEAD")
    assert (status, body) == ("200 OK", b"")
    assert int(headers["Content-Length"]) > 0


def test_what_a_browser_has_is_not_sent_again(ask):
    tag = ask("/js/main.js")[1]["ETag"]
    assert ask("/js/main.js", HTTP_IF_NONE_MATCH=tag)[0] == "304 Not Modified"


def test_a_file_that_was_changed_afterwards_stops_the_start(folder):
    (folder / "js" / "main.js").write_text("steal()")
    with pytest.raises(ValueError, match="changed after"):
        make_application(folder)
