"""The servers of the tests: private, crashable, and gone with whoever started them."""

import os
import subprocess
import sys
from pathlib import Path

import kombu
import psycopg
import pytest
from amqp.exceptions import AccessRefused

from tests.servers.process import KeptProcess, wait_until
from tests.servers.stacks import PRODUCTION, Stack

on_production = pytest.mark.parametrize("stack", [PRODUCTION], indirect=True)


def test_each_stack_is_empty_and_takes_messages(stack: Stack):
    with kombu.Connection(stack.broker_url) as connection:
        queue = connection.SimpleQueue("console", queue_opts={"durable": True})
        queue.put("a warrant")
        assert queue.get(timeout=5).payload == "a warrant"
        queue.close()


@on_production
def test_production_is_not_run_by_a_superuser_of_the_database(stack: Stack):
    with psycopg.connect(stack.database_url) as connection:
        (is_superuser,) = connection.execute(
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert is_superuser is False


@on_production
@pytest.mark.stack_nodes("ams-1", "fra-1")
def test_a_node_cannot_read_the_queue_of_another(stack: Stack):
    with kombu.Connection(stack.broker_url) as console:
        for node in ("ams-1", "fra-1"):
            console.SimpleQueue(f"node.{node}", queue_opts={"durable": True}).put("for " + node)
    with kombu.Connection(stack.broker_url_of("ams-1")) as node:
        channel = node.channel()
        assert channel.basic_get("node.ams-1").body == "for ams-1"
        with pytest.raises(AccessRefused):
            channel.basic_get("node.fra-1")


@on_production
@pytest.mark.stack_nodes("ams-1")
def test_a_node_can_write_to_the_console_and_to_no_other_node(stack: Stack):
    exchange = kombu.Exchange("quorate", type="topic", durable=True)
    with kombu.Connection(stack.broker_url) as console:
        exchange(console.default_channel).declare()
    with kombu.Connection(stack.broker_url_of("ams-1"), transport_options={"confirm_publish": True}) as node:
        sender = node.Producer(auto_declare=False)
        sender.publish("a receipt", exchange="quorate", routing_key="console")
        with pytest.raises(AccessRefused):
            sender.publish("for another", exchange="quorate", routing_key="node.fra-1")


def test_what_a_process_started_ends_with_its_owner(tmp_path: Path):
    owner = subprocess.Popen(["sleep", "600"])
    script = (
        "import subprocess; print(subprocess.Popen(['sleep', '601'], start_new_session=True).pid, flush=True)"
    )
    kept = KeptProcess(
        [sys.executable, "-c", f"{script}; import time; time.sleep(600)"],
        folder=tmp_path,
        name="parent",
        owner=owner.pid,
    )
    kept.start(lambda: kept.log_file.read_text().strip().isdigit())
    grandchild = int(kept.log_file.read_text())

    owner.kill()
    owner.wait()

    assert wait_until(lambda: not Path(f"/proc/{grandchild}").exists(), seconds=60)
    kept.keeper.wait()


def test_a_killed_process_starts_again_in_its_folder(tmp_path: Path):
    kept = KeptProcess(["sleep", "600"], folder=tmp_path, name="sleeper")
    for _ in range(2):
        kept.start(kept.pid_file.exists)
        pid = int(kept.pid_file.read_text())
        kept.kill()
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
