"""The two stacks Quorate runs on: embedded (SQLite, its broker in SQLite too) and production."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tests.servers import shared
from tests.servers.rabbitmq import BrokerUser

EMBEDDED = "embedded"
PRODUCTION = "production"


@dataclass(frozen=True)
class Stack:
    """A database and a broker of their own, empty, by the addresses the settings understand."""

    name: str
    database_url: str
    broker_url: str
    node_broker_urls: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def environment(self) -> dict[str, str]:
        """What a console process needs in its environment to run on this stack."""
        return {"QUORATE_DATABASE_URL": self.database_url, "QUORATE_BROKER_URL": self.broker_url}

    def broker_url_of(self, node: str) -> str:
        """The broker as this node is allowed to use it; in the embedded stack everyone uses one file."""
        return self.node_broker_urls.get(node, self.broker_url)


def make_stack(name: str, folder: Path, *, nodes: tuple[str, ...] = ()) -> Stack:
    """An empty stack. In production each node gets a broker user that reads its own queue alone."""
    if name == EMBEDDED:
        return Stack(
            name=name,
            database_url=f"sqlite:///{folder}/console.sqlite3",
            broker_url=f"sqla+sqlite:///{folder}/broker.sqlite3",
        )
    database = shared.unique_name("console")
    urls = shared.rabbitmq().create_host(
        shared.unique_name("broker"), BrokerUser("console"), *(broker_user_of(node) for node in nodes)
    )
    return Stack(
        name=name,
        database_url=shared.postgres().create_database(database),
        broker_url=urls.pop("console"),
        node_broker_urls=urls,
    )


def broker_user_of(node: str) -> BrokerUser:
    """What a node may do with the broker: read its own queue, write to the console's two (docs/broker.md)."""
    return BrokerUser(
        name=node,
        configure="^$",
        write="^quorate$",
        read=rf"^node\.{node}$",
        routes="^(console|heartbeats)$",
    )


def enter_production(folder: Path) -> None:
    """Put this whole process on the production stack, before Django reads its settings."""
    os.environ.update(make_stack(PRODUCTION, folder).environment)
