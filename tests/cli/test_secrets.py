"""Distinctive secrets go in; nothing that is printed, logged or stored may hold them in any form."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

SECRET = "Zq9/vK+4mW=pLs7&tX"


def forms(secret: str) -> list[bytes]:
    encoded = base64.b64encode(secret.encode())
    return [secret.encode(), quote(secret, safe="").encode(), encoded, encoded.rstrip(b"="), secret[4:14].encode()]


@pytest.mark.parametrize("kind", ["good", "refused"])
def test_no_output_log_or_file_holds_a_secret(place: Any, kind: str) -> None:
    if kind == "good":
        place.store(place.left).token = place.store(place.right).token = SECRET
    place.environ["DEPOT_TOKEN"] = SECRET
    place.store(place.right).refuse.add("S003|")
    # A platform that repeats what it was sent: the worst thing that an error message could quote.
    place.right.control.faults.replace(
        [
            {
                "fault": "status",
                "status": 422,
                "match": {"method": "POST", "path": "/product", "body": "*S001*"},
                "body": {"error": f"you sent Bearer {SECRET}", "url": f"https://x/?token={quote(SECRET, safe='')}"},
            }
        ]
    )
    said = b""
    for command in (
        ("check",),
        ("sync", "main"),
        ("status", "--json"),
        ("dead-letters", "list"),
        ("dead-letters", "list", "--group"),
        ("dead-letters", "show", "1", "--json"),
        ("dead-letters", "retry", "--all"),
    ):
        done = place.call("--debug", *command)
        assert "unexpected" not in done.stderr, done.stderr
        said += done.stdout.encode() + done.stderr.encode()
    assert b"DEBUG" in said
    for form in forms(SECRET):
        assert form not in said
    _search(place.folder, SECRET)


def _search(folder: Path, secret: str) -> None:
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert any(file.suffix == ".db" for file in files)
    for file in files:
        content = file.read_bytes()
        for form in forms(secret):
            assert form not in content, file
