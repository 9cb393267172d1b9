from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._names import complete_connectors
from ._output import say
from ._session import Session

if TYPE_CHECKING:
    from pullpush_sdk.sandbox import Sandbox

_EPILOG = """Examples:

  pullpush init

  pullpush init shop-sync --sandbox

  pullpush init --sandbox --source shopify --destination magento --types stocklevel,product
"""

_HEADER = """\
# A PullPush project: which accounts there are, and what flows between them.
# Every key: docs/reference/project-file.md
# Secrets never stand in here: {env = "NAME"}, {file = "path"} or {keyring = "service/user"} say where they are.
"""

_PLAIN = """
# One table for each account. What a connector wants to know: pullpush connectors show NAME
# [connections.shop]
# connector = "shopify"
# shop = "example.myshopify.com"
# access_token = {env = "SHOP_ACCESS_TOKEN"}

# [connections.stock]
# connector = "linnworks"
# application_id = {env = "STOCK_APPLICATION_ID"}

# A flow carries canonical types from one connection to another, in this order.
# It starts in shadow: everything runs but the write. `pullpush flow activate NAME` makes it write.
# [flows.stock-to-shop]
# source = "stock"
# destination = "shop"
# types = ["stocklevel"]

# When `pullpush run` reads; every five minutes where nothing is said.
# [flows.stock-to-shop.schedule]
# stocklevel = "every 30s"

# Stock of several places needs a map; `pullpush check stock-to-shop` prints the one to fill in.
# [flows.stock-to-shop.locations]
# "source location" = "destination location"
# "destination location" = {sum = ["source location", "another"]}

# Where events are kept until they are delivered.
# [engine]
# url = "sqlite:///.pullpush/pullpush.db"
"""

_FLOW = """
# Without `state` a flow starts in shadow: nothing is written until `pullpush flow activate NAME`.
[flows.{name}]
source = "{source}"
destination = "{destination}"
types = {types}
state = "active"
"""


@click.command(epilog=_EPILOG)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option("--sandbox", "with_sandbox", is_flag=True, help="Two connections that point at local emulators.")
@click.option("--source", default="salla", show_default=True, shell_complete=complete_connectors,
              help="With --sandbox: connector to read from.")  # fmt: skip
@click.option("--destination", default="shopify", show_default=True, shell_complete=complete_connectors,
              help="With --sandbox: connector to write to.")  # fmt: skip
@click.option("--types", default="product,stocklevel", show_default=True, help="With --sandbox: what flows.")
@click.option("--port", type=click.IntRange(1, 65534), default=8101, show_default=True,
              help="With --sandbox: of the source; the destination gets the next one.")  # fmt: skip
@click.pass_obj
def init(
    session: Session, folder: Path, *, with_sandbox: bool, source: str, destination: str, types: str, port: int
) -> None:
    """Write a commented pullpush.toml into FOLDER (default: here), and keep .pullpush out of git.

    An existing pullpush.toml is left alone and refused.
    """
    from pullpush_sdk.errors import ProjectError
    from pullpush_sdk.project import FILE_NAME

    file = folder / FILE_NAME
    if file.exists():
        raise ProjectError(f"{file} exists already", hint="edit it, or move it away")
    if not with_sandbox:
        _write(folder, _HEADER + _PLAIN)
        say(f"wrote {file}; next: fill it in, then pullpush check", colour="green")
        return
    second = destination if destination != source else f"{destination}-2"
    ends = [(source, source, port), (second, destination, port + 1)]
    names = [each.strip() for each in types.split(",") if each.strip()]
    text = _sandbox_project(session, folder, ends, names)
    _write(folder, text)
    say(f"wrote {file}; next, each in a terminal of its own:", colour="green")
    for _, connector, number in ends:
        say(f"  pullpush sandbox {connector} --port {number}")
    say(f"and then: pullpush check, pullpush sync {source}-to-{second}")


def _sandbox_project(session: Session, folder: Path, ends: list[tuple[str, str, int]], types: list[str]) -> str:
    """The file's text for (connection, connector, port) of both ends; credentials go to files of the state folder."""
    from pullpush_sdk.sandbox import SandboxOptions

    from ._snippets import sandbox_connection, value
    from .sandbox import build_sandbox

    parts = [_HEADER.rstrip()]
    for name, connector, port in ends:
        built = build_sandbox(session, connector, SandboxOptions())
        _keep_secrets(folder, name, built)
        place = f".pullpush/sandbox/{name}"
        address = f"http://127.0.0.1:{port}"
        kept = {secret: {"file": f"{place}/{secret}"} for secret in built.secrets}
        parts.append(sandbox_connection(name, connector, built, address, kept))
    source, destination = ends[0][0], ends[1][0]
    flow = _FLOW.format(name=f"{source}-to-{destination}", source=source, destination=destination, types=value(types))
    return "\n\n".join(parts) + "\n" + flow


def _keep_secrets(folder: Path, name: str, built: Sandbox) -> None:
    kept = folder / ".pullpush" / "sandbox" / name
    (folder / ".pullpush").mkdir(mode=0o700, parents=True, exist_ok=True)
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    for secret, text in built.secrets.items():
        file = kept / secret
        file.touch(mode=0o600)
        file.write_text(text, encoding="utf-8")


def _write(folder: Path, text: str) -> None:
    from pullpush_sdk.project import FILE_NAME

    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE_NAME).write_text(text, encoding="utf-8")
    ignore = folder / ".gitignore"
    lines = ignore.read_text(encoding="utf-8").splitlines() if ignore.exists() else []
    if ".pullpush/" not in lines:
        ignore.write_text("\n".join([*lines, ".pullpush/", ""]), encoding="utf-8")
