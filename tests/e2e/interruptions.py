"""What goes wrong in the middle of a ceremony: reloads, lost connections, killed nodes, people who leave."""

import re

import psutil
from playwright.sync_api import expect

from tests.e2e import custody
from tests.e2e.running import Running
from tests.e2e.story import Who
from tests.e2e.visitor import PATIENCE, Visitor


def drill_with_interruptions(who: Who, demo: Running, *, zone: str, node: str) -> str:
    """Fay gives up at the desk, Emil is cut off, the node is killed: Dina and Emil prove their shares."""
    ceremony = custody.call_drill(who, zone=zone, shares=2)
    give_up_at_the_desk(who("Fay"), ceremony)
    dina, emil = who("Dina"), who("Emil")
    emil.go(ceremony)
    custody.give_share(dina, ceremony)
    expect_given(emil, 1)
    emil.page.reload()
    expect_given(emil, 1)
    emil.context.set_offline(True)
    expect(emil.page.get_by_text("The console does not answer")).to_be_visible(timeout=PATIENCE)
    kill_node(demo, node)
    emil.context.set_offline(False)
    expect(emil.page.get_by_text("The console does not answer")).to_be_hidden(timeout=PATIENCE)
    expect_given(emil, 1)
    custody.give_share(emil, ceremony)
    for visitor in (emil, dina):  # Dina's page was left open all the time
        expect(visitor.page.locator(".docket .badge").first).to_have_text("Done", timeout=60_000)
        expect_given(visitor, 2)
    return ceremony


def give_up_at_the_desk(visitor: Visitor, ceremony: str) -> None:
    """Look at what is to be released, and go away without having touched the token."""
    visitor.go(ceremony)
    visitor.page.locator("#go-contribute").click()
    expect(visitor.page.locator("form.signature button.sign")).to_be_visible(timeout=PATIENCE)
    visitor.go(ceremony)
    expect(visitor.page.locator("#go-contribute")).to_be_visible()


def expect_given(visitor: Visitor, count: int) -> None:
    """The page says how many shares are in, by itself."""
    expect(visitor.page.get_by_text(re.compile(rf"^{count} of 2 in$"))).to_be_visible(timeout=PATIENCE)


def kill_node(demo: Running, name: str) -> None:
    """Kill every process of a node of the demo at once; its supervisor starts it again.

    They are found below their keeper: what they call themselves may not be what they were started by.
    """
    configuration = str(demo.state / "nodes" / name / "node.toml")
    killed = 0
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if configuration in words and any(word.endswith("keeper.py") for word in words):
            for one in process.children(recursive=True):
                one.kill()
                killed += 1
    assert killed, "the node runs in no process"
