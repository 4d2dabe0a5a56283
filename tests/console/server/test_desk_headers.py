"""The desk's origin serves the built desk and nothing else, and says so to the browser."""

from io import BytesIO
from wsgiref.util import setup_testing_defaults

import pytest

from console.server.desk import make_application

STRICT = {
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
}


@pytest.fixture
def ask(tmp_path):
    """Ask a desk that holds one page and one script; (status, headers, body)."""
    built = tmp_path / "desk"
    built.mkdir()
    (built / "index.html").write_text("<!doctype html><title>Desk</title>")
    (built / "desk.js").write_text("'use strict'")
    (tmp_path / "secret").write_text("not for you")
    application = make_application(
        built, desk_origin="http://localhost:8001", console_origin="http://127.0.0.1:8000"
    )

    def ask(path, *, method="GET", host="localhost:8001"):
        environ = {"PATH_INFO": path, "REQUEST_METHOD": method, "HTTP_HOST": host, "wsgi.input": BytesIO()}
        setup_testing_defaults(environ)
        answer = []
        body = application(environ, lambda status, headers, *_: answer.extend([status, dict(headers)]))
        content = b"".join(body)
        if hasattr(body, "close"):
            body.close()
        return int(answer[0][:3]), answer[1], content

    return ask


def test_it_serves_the_page_and_its_script(ask):
    status, headers, body = ask("/")
    assert (status, body) == (200, b"<!doctype html><title>Desk</title>")
    assert headers["Content-Type"].startswith("text/html")
    status, headers, _ = ask("/desk.js")
    assert status == 200
    assert headers["Content-Type"].startswith("text/javascript")


@pytest.mark.parametrize("path", ["/", "/desk.js", "/nothing", "/../secret", "/%2e%2e/secret"])
def test_every_answer_has_the_strict_headers_and_none_opens_it_to_others(ask, path):
    _, headers, body = ask(path)
    assert headers.keys() >= STRICT
    assert "Access-Control-Allow-Origin" not in headers
    assert b"not for you" not in body


def test_its_pages_run_only_its_own_scripts_and_reach_only_the_console(ask):
    policy = dict(part.split(" ", 1) for part in ask("/")[1]["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self' http://127.0.0.1:8000"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in str(policy)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8001", "localhost", "desk.example", "localhost:8001.example", ""]
)
def test_other_names_for_it_are_refused(ask, host):
    status, _, body = ask("/", host=host)
    assert (status, body) == (421, b"421 Misdirected Request")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_it_takes_nothing(ask, method):
    assert ask("/", method=method)[0] == 405
