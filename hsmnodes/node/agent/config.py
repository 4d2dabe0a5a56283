"""A node's configuration: one TOML file, read strictly."""

import json
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from hsmnodes.node.agent.errors import NodeError
from hsmnodes.node.protocol.documents.base import Hash, Id, Named
from hsmnodes.node.protocol.documents.kits import HostName

LONGEST_ENDPOINT_FOLDER = 64


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    return path


AbsolutePath = Annotated[Path, Field(strict=False), AfterValidator(_absolute)]


class Pkcs11(_Part):
    """The HSM: the vendor profile by its name, and the PKCS#11 module."""

    profile: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    module: AbsolutePath


def _short(path: Path) -> Path:
    if len(os.fsencode(path)) > LONGEST_ENDPOINT_FOLDER:
        raise ValueError(f"must have at most {LONGEST_ENDPOINT_FOLDER} bytes: there are sockets below it")
    if set(str(path)) & set(" \t\n\"'\\#[],"):
        raise ValueError("must hold no blanks, quotes, commas, brackets or '#'")
    return path


class EndpointSettings(_Part):
    """Where applications reach the node: `host` and `port` as they name it, `address` as it listens.

    `folder` is the endpoint's own, which its `user` must be able to reach; that counts if the agent is root.
    """

    folder: Annotated[AbsolutePath, AfterValidator(_short)]
    host: HostName
    port: Annotated[int, Field(ge=1024, le=65_535)]
    address: Annotated[str, Field(pattern=r"^(\*|[0-9a-fA-F.:]{2,45})$")] = "*"
    user: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")] = "haproxy"


class Config(_Part):
    """What a node is told when it is installed; everything else it learns from signed documents.

    With `metrics_file` it writes its metrics there, for the textfile collector of Prometheus's node exporter.
    For `in_step_grace_seconds` it serves a zone in whose keys it is behind its cluster. It waits
    `in_step_patience_seconds` for other members, after a start and with whatever they said last.
    """

    deployment: Id
    demo: bool
    provider_founding: Hash
    node: Named
    pkcs11: Pkcs11
    state: AbsolutePath
    broker: Annotated[str, Field(min_length=1, max_length=500)]
    heartbeat_seconds: Annotated[int, Field(ge=1, le=3600)] = 5
    slots: Annotated[int, Field(ge=1, le=1000)] = 20
    metrics_file: AbsolutePath | None = None
    in_step_grace_seconds: Annotated[int, Field(ge=0, le=3600)] = 60
    in_step_patience_seconds: Annotated[int, Field(ge=1, le=3600)] = 60
    endpoint: EndpointSettings | None = None

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read the configuration. Raises NodeError, naming the setting that is wrong."""
        try:
            return cls.model_validate(tomllib.loads(file.read_text("utf-8")))
        except OSError as error:
            raise NodeError(f"Cannot read {file}: {error.strerror}.") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise NodeError(f"{file} is not TOML: {error}.") from None
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(step) for step in first["loc"])
            raise NodeError(f"{file}: {where}: {first['msg']}.") from None

    def save(self, file: Path) -> None:
        """Write the configuration, readable by its owner alone: the broker's address may hold a password."""
        values: dict[str, Any] = self.model_dump(mode="json")
        parts = {name: values.pop(name) for name in ("node", "pkcs11", "endpoint")}
        values = {name: value for name, value in values.items() if value is not None}
        text = _lines(values) + "".join(f"\n[{name}]\n{_lines(part)}" for name, part in parts.items() if part)
        file.touch(mode=0o600)
        file.write_text(text, "utf-8")

    @property
    def database(self) -> Path:
        """The journal's file."""
        return self.state / "journal.sqlite3"


def _lines(values: dict[str, Any]) -> str:
    # A JSON string, number or boolean is one in TOML too, as long as the text is kept within ASCII.
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
