"""Forged, replayed, tampered and unsigned requests are refused, for every kind of verification."""

from __future__ import annotations

import base64
import hashlib
import hmac
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from pullpush_sdk.connector import WebhookRequest
from pullpush_sdk.declarative._verify import Verifier
from pullpush_sdk.http import Secret

from .kit import SECRET, Process, connection_to, process, run, shop

BODY = b'{"data": {"id": 7, "note": "n"}, "n": 1.0}'
KINDS = [
    *((f"hmac-{name}", encoding) for name in ("sha1", "sha256", "sha512") for encoding in ("hex", "base64")),
    ("header-token", "hex"),
]


def signature(kind: str, encoding: str, body: bytes, secret: str = SECRET) -> str:
    if kind == "header-token":
        return secret
    digest = hmac.new(secret.encode(), body, kind.removeprefix("hmac-")).digest()
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()


def verification(kind: str, encoding: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "header": "X-Sign", "secret": "{{hook_secret}}", "encoding": encoding, **more}


async def status(p: Process, body: bytes, sign: str | None, **headers: str) -> int:
    """The answer to a body with a signature header, or with none."""
    named = {"X-Topic": "order.updated"} | ({} if sign is None else {"X-Sign": sign})
    named |= {name.replace("_", "-"): value for name, value in headers.items()}
    return (await p.http.post(f"{p.url}/webhooks/shop", content=body, headers=named)).status_code


@pytest.mark.parametrize(("kind", "encoding"), KINDS, ids=str)
def test_only_what_was_signed_with_the_secret_gets_in(tmp_path: Path, kind: str, encoding: str) -> None:
    """Genuine, with and without prefix, by the secret and the one before it; forged, tampered and unsigned not."""
    loaded = shop(verification=verification(kind, encoding, prefix="v1,"))
    good = signature(kind, encoding, BODY)

    async def scenario() -> None:
        async with process(tmp_path, loaded=loaded, secrets={"previous_hook_secret": "the old one"}) as p:
            assert await status(p, BODY, good) == 202
            assert await status(p, BODY, f"v1,{good}") == 202
            assert await status(p, BODY, signature(kind, encoding, BODY, "the old one")) == 202
            assert (await p.engine.inbox.status())[0].waiting == 3
            refused = [
                await status(p, BODY, None),
                await status(p, BODY, ""),
                await status(p, BODY, signature(kind, encoding, BODY, "forged")),
                await status(p, BODY, signature(kind, encoding, BODY, "")),
                await status(p, BODY, good[:-1]),
                await status(p, BODY, good + "0"),
                await status(p, BODY, f"v2,{good}"),
                await status(p, BODY, f"{good}, {good}"),
            ]
            if kind != "header-token":  # a token says nothing about the body
                refused += [await status(p, body, good) for body in (BODY + b" ", BODY.replace(b"7", b"8"), b"")]
            assert refused == [401] * len(refused)
            assert (await p.engine.inbox.status())[0].waiting == 3

    run(scenario)


@pytest.mark.parametrize(("kind", "encoding"), KINDS, ids=str)
def test_every_candidate_is_compared_in_constant_time(kind: str, encoding: str) -> None:
    """By the standard library's comparison, and also after one has matched."""
    loaded = shop(verification=verification(kind, encoding))
    section = loaded.connector.manifest.webhook.verification
    made = Verifier.of(section, connection_to(loaded, None, previous_hook_secret="old"))
    assert made.equal is hmac.compare_digest
    compared: list[bytes] = []

    def equal(left: bytes, right: bytes) -> bool:
        compared.append(right)
        return hmac.compare_digest(left, right)

    verifier = attrs.evolve(made, equal=equal)
    for sent, good in ((signature(kind, encoding, BODY), True), ("forged", False)):
        compared.clear()
        asked = WebhookRequest(headers={"x-sign": sent}, query={}, body=BODY, received_at=datetime.now(UTC))
        assert verifier.accepts(asked) is good
        assert compared == [signature(kind, encoding, BODY, each).encode() for each in (SECRET, "old")]


def test_a_signed_timestamp_bounds_replays(tmp_path: Path) -> None:
    """Too old, too new, unreadable, or not the one that was signed: refused. A replay in time is a repetition."""
    how = verification("hmac-sha256", "hex", timestamp_header="X-At", signed="v0:{{timestamp}}:{{body}}", tolerance=60)

    def sign(stamp: str) -> str:
        return hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + BODY, hashlib.sha256).hexdigest()

    async def scenario() -> None:
        async with process(tmp_path, loaded=shop(verification=how)) as p:
            now = int(time.time())
            for fresh in (str(now), str(now * 1000), str(now - 50)):
                assert await status(p, BODY, sign(fresh), X_At=fresh, X_Id="once") == 202
            assert (await p.engine.inbox.status())[0].waiting == 1
            for stamp in (str(now - 120), str(now + 120), "", "soon", "9" * 400, "-5", "2026-01-01T00:00:00"):
                assert await status(p, BODY, sign(stamp), X_At=stamp) == 401
            assert await status(p, BODY, sign(str(now - 120)), X_At=str(now)) == 401
            assert await status(p, BODY, sign(str(now))) == 401
            assert (await p.engine.inbox.status())[0].waiting == 1

    run(scenario)


@pytest.mark.parametrize("secret", ["", None])
def test_without_a_secret_nothing_gets_in(tmp_path: Path, secret: str | None) -> None:
    async def scenario() -> None:
        async with process(tmp_path) as p:
            if secret is None:
                p.target.connection.secrets.pop("hook_secret")  # type: ignore[attr-defined]  # a dict in the kit
            else:
                p.target.connection.secrets["hook_secret"] = Secret(secret)  # type: ignore[index]  # as above
            assert await status(p, BODY, signature("hmac-sha256", "hex", BODY, "")) == 401

    run(scenario)


def test_a_connector_that_fails_to_verify_refuses(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is raised or answered but True."""

    def boom(request: Any) -> bool:
        raise RuntimeError(len(request.body))

    async def scenario() -> None:
        for verify in (boom, lambda request: 1, lambda request: "yes"):
            async with process(tmp_path, loaded=shop({"pullpush_verify": verify})) as p:
                assert await status(p, BODY, signature("hmac-sha256", "hex", BODY)) == 401

    run(scenario)
    assert "cannot verify" in caplog.text


def test_a_token_is_not_stored(tmp_path: Path) -> None:
    """The header that holds the secret itself stays out of the inbox, its log and its dead letters."""

    async def scenario() -> None:
        async with process(tmp_path, loaded=shop(verification=verification("header-token", "hex"))) as p:
            assert await status(p, b'{"data": {}}', SECRET, Authorization="Bearer also-secret") == 202
            await p.work()
            assert await p.engine.dead_letters()
            await status(p, BODY, SECRET)

    run(scenario)
    db = sqlite3.connect(tmp_path / "store.db")
    dump = "\n".join(db.iterdump())
    db.close()
    assert "x-topic" in dump
    assert SECRET not in dump
    assert "also-secret" not in dump


def test_a_refusal_tells_nothing(tmp_path: Path) -> None:
    """Neither why a signature is wrong nor what was expected."""

    async def scenario() -> None:
        async with process(tmp_path) as p:
            answers = {
                (await p.http.post(f"{p.url}/webhooks/shop", content=BODY, headers={"X-Sign": sign})).content
                for sign in ("", "forged", signature("hmac-sha256", "hex", BODY + b"!"))
            }
            assert len(answers) == 1

    run(scenario)
