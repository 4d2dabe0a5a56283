"""Setting an endpoint up: what cannot work is said when the node starts, and not found out later."""

import os

import pytest
from pydantic import ValidationError

from hsmnodes.node.agent.cli import main
from hsmnodes.node.agent.config import Config, EndpointSettings
from hsmnodes.node.endpoint.folder import EndpointError, Folder
from tests.cast.charters import DEPLOYMENT
from tests.hsmnodes.node.endpoint.serving import endpoint_folder

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run it as another user")


def settings(**changes) -> EndpointSettings:
    return EndpointSettings(**({"folder": "/srv/endpoint", "host": "ams-1.example", "port": 9443} | changes))


@pytest.mark.parametrize(
    "wrong",
    [
        {"folder": "endpoint"},
        {"folder": "/srv/" + "e" * 60},
        {"folder": "/srv/two words"},
        {"folder": "/srv/end\npoint"},
        {"folder": "/srv/[point]"},
        {"host": "ams 1"},
        {"host": "-x"},
        {"port": 443},
        {"address": "0.0.0.0:1 ssl"},
        {"user": "haproxy "},
        {"more": True},
    ],
)
def test_settings_that_could_not_work_or_could_mean_more_are_refused(wrong):
    with pytest.raises(ValidationError):
        settings(**wrong)


def test_the_node_s_own_command_sets_it_up(tmp_path):
    file = tmp_path / "node.toml"
    words = ["--state", str(tmp_path / "state"), "--deployment", DEPLOYMENT, "--demo", "--name", "ams-1"]
    words += ["--provider-founding", "ab" * 32, "--broker", f"sqla+sqlite:///{tmp_path}/broker"]
    words += ["--endpoint-folder", "/srv/endpoint", "--endpoint-host", "ams-1.example"]
    assert main(["init", "--config", str(file), *words]) == 0
    assert Config.load(file).endpoint == settings()


@as_root
def test_it_does_not_run_as_root_nor_as_nobody_knows_whom(tmp_path):
    for user in ("root", "no-such-user"):
        with pytest.raises(EndpointError):
            Folder.prepared(tmp_path / "endpoint", user)


@as_root
def test_a_folder_that_its_user_cannot_reach_is_refused():
    with endpoint_folder() as below:
        folder = Folder.prepared(below / "endpoint", "haproxy")
        folder.require_reachable()
        below.chmod(0o700)
        with pytest.raises(EndpointError):
            folder.require_reachable()
