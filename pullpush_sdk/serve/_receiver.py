"""One webhook from its first byte to its 2xx.

The order: limits, handshake, verification over the raw bytes, what tells a repetition, durable, answer. Nothing is
mapped and nothing is looked up here; the body is decoded only where a handshake or the repetition's id stand in it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

import attrs
from starlette.types import Receive, Scope, Send

from pullpush_sdk.clock import Clock, steady_now
from pullpush_sdk.connector import Connection, WebhookRequest
from pullpush_sdk.declarative import Label, Labels, brings_token, challenge_answer, decoded
from pullpush_sdk.engine.inbox import Received
from pullpush_sdk.engine.ports import Engine
from pullpush_sdk.errors import EngineError, PullPushError, TransientError, UnavailableError
from pullpush_sdk.manifest import Challenge, Webhook

from ._answers import Answer, accepted, refused, token
from ._body import Bodies, GoneError, RefusedError
from ._limits import Limits
from ._target import Target

__all__ = ["Receiver"]

Json = Any

_log = logging.getLogger("pullpush.serve")

_MOST_PARAMETERS = 100
_MOST_DRAINED = 1 << 20
_DRAIN_SECONDS = 1.0
_LONGEST_TOKEN = 1_000
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})
_UNKNOWN = refused(404, "no connection of this name receives webhooks", close=True)
_NOT_GENUINE = refused(401, "the request does not prove where it comes from")
_NO_METHOD = refused(405, "webhooks are sent by POST", (b"allow", b"GET, POST"), close=True)
_NO_HANDSHAKE = refused(404, "this is no handshake; webhooks are sent by POST", close=True)
_NO_TOKEN = refused(422, "the token in it cannot be used")
_BAD_QUERY = refused(400, "the query cannot be read", close=True)


@attrs.define(kw_only=True)
class _Visit:
    """What is known of one request while it is answered."""

    connection: str
    is_known: bool = False
    event: str = ""


@attrs.frozen(kw_only=True)
class _Door:
    """What is known of one target, made ready once.

    `skips` says of an event whether nothing will ever be done with it.
    """

    connection: Connection
    webhook: Webhook | None
    verify: Callable[..., Any]
    receive: Callable[..., Any]
    labels: Labels | None
    challenge: Challenge | None
    hidden: frozenset[str]
    good: Answer
    skips: Callable[[str], bool]

    @classmethod
    def of(cls, target: Target) -> _Door:
        webhook = target.webhook
        return cls(
            connection=target.connection,
            webhook=webhook,
            receive=target.loaded.hook.pullpush_receive,
            verify=target.loaded.hook.pullpush_verify,
            labels=None if webhook is None else Labels(webhook),
            challenge=None if webhook is None else webhook.challenge,
            hidden=_SECRET_HEADERS | _token_headers(webhook),
            good=accepted(200, None) if webhook is None else accepted(webhook.response_status, webhook.response_body),
            skips=_skips(target),
        )

    def is_genuine(self, request: WebhookRequest) -> bool | None:
        """The connector's judgement; None where it receives no webhooks at all.

        A connector that fails on a request has not found it genuine.
        """
        try:
            found = self.verify(connection=self.connection, request=request)
        except Exception:  # noqa: BLE001 - whatever a connector's own code raises
            _log.exception("%s cannot verify a webhook: it is refused", self.connection.name)
            return False
        return None if found is None else found is True

    def brings_token(self, request: WebhookRequest) -> bool:
        """Whether the request hands over credentials."""
        return self.webhook is not None and brings_token(self.webhook, request)

    def received(self, request: WebhookRequest, visit: _Visit) -> Received | None:
        """The request as it is kept; None where nothing would ever be done with it."""
        label = Label() if self.labels is None else self.labels.label(request)
        visit.event = label.event
        if self.skips(label.event):
            return None
        if not self.hidden.isdisjoint(request.headers):
            shown = {name: value for name, value in request.headers.items() if name not in self.hidden}
            request = attrs.evolve(request, headers=shown)
        return Received(
            connection=self.connection.name, request=request, event=label.event, transport_id=label.transport_id
        )


def _token_headers(webhook: Webhook | None) -> frozenset[str]:
    """Headers that hold the secret itself: they are not stored."""
    ways = () if webhook is None else (webhook.verification, *webhook.alternatives)
    return frozenset(way.header.lower() for way in ways if way is not None and way.kind == "header-token")


def _skips(target: Target) -> Callable[[str], bool]:
    """An event that is named and has no handler is acknowledged and forgotten, unless the connector's own code or the
    items of a batch may still find something in it.
    """
    webhook = target.webhook
    if webhook is None or not target.is_generic or webhook.array_path is not None:
        return lambda _event: False
    known = webhook.handlers
    return lambda event: event != "" and event not in known


@attrs.define
class Receiver:
    """An ASGI app for `/webhooks/{connection}`; every request is answered, none with a traceback.

    `told` is called with the parameters of `pullpush_webhook_answered` for every answer to a connection that exists,
    `granted` with the name of a connection for which a webhook brought a token that can be used.
    """

    targets: Callable[[str], Target | None]
    engine: Engine
    clock: Clock
    limits: Limits
    told: Callable[..., None] | None = None
    granted: Callable[[str], None] | None = None
    _bodies: Bodies = attrs.field(init=False)
    _doors: dict[str, tuple[Target, _Door]] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self._bodies = Bodies(self.limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit = _Visit(connection=scope["path_params"]["connection"])
        started, since = self.clock.now(), self.clock.monotonic()
        try:
            answer = await self._answer(visit, scope, receive)
        except RefusedError as error:
            answer = error.answer
        except GoneError:
            return
        except (EngineError, UnavailableError) as error:
            _log.warning("a webhook is refused: %s", error)
            answer = self._bodies.busy()
        except Exception:  # noqa: BLE001 - a fault of ours must not show itself outside
            _log.exception("a webhook is refused for a reason that should not exist")
            answer = self._bodies.busy()
        await send(answer.start)
        if visit.is_known and self.told is not None:
            status, seconds = answer.start["status"], self.clock.monotonic() - since
            self.told(connection=visit.connection, event=visit.event, status=status, started=started, seconds=seconds)
        if scope["method"] != "HEAD" and (b"connection", b"close") in answer.start["headers"]:
            # The length is known, so the client has all it needs; unread bytes on close would reset what it reads.
            await send({**answer.body, "more_body": True})
            await self._drain(receive)
            await send({"type": "http.response.body", "body": b""})
        else:
            await send(answer.body)

    async def _drain(self, receive: Receive) -> None:
        """Let go of a little of what still comes."""
        drained = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                while drained < _MOST_DRAINED:
                    message = await receive()
                    if not message.get("more_body", False):
                        return
                    drained += len(message["body"])

    async def _answer(self, visit: _Visit, scope: Scope, receive: Receive) -> Answer:
        door = self._door(visit.connection)
        if door is None:
            return _UNKNOWN
        visit.is_known = True
        if scope["method"] != "POST":
            return self._handshake(door, scope)
        headers = _headers(scope)
        size = sum(map(len, headers)) + sum(map(len, headers.values()))
        if size > self.limits.headers:
            return refused(431, f"headers may have {self.limits.headers} bytes", close=True)
        if self.engine.inbox.refusal():
            return self._bodies.busy()
        self._bodies.check(headers)
        query = _query(scope)
        body = await self._bodies.read(receive)
        try:
            request = WebhookRequest(headers=headers, query=query, body=body, received_at=self.clock.now())
            return await self._judged(door, visit, request)
        finally:
            self._bodies.held -= len(body)

    async def _judged(self, door: _Door, visit: _Visit, request: WebhookRequest) -> Answer:
        if door.challenge is not None:
            asked = _handshake_in(door.challenge, request)
            if asked is not None:
                return token(asked, door.challenge.response_field)
        genuine = door.is_genuine(request)
        if not genuine:
            return _NOT_GENUINE if genuine is False else _UNKNOWN
        # Whether it is fresh is told by the wall clock; from here on time only goes on, for it becomes a version.
        request = attrs.evolve(request, received_at=steady_now(self.clock))
        if door.brings_token(request):
            return await self._granted(door, visit, request)
        await self._keep(door, visit, request)
        return door.good

    async def _keep(self, door: _Door, visit: _Visit, request: WebhookRequest) -> None:
        received = door.received(request, visit)
        if received is not None:
            await self.engine.inbox.keep(received)

    async def _granted(self, door: _Door, visit: _Visit, request: WebhookRequest) -> Answer:
        """Credentials are dealt with at once and kept nowhere but in the token store; what came with them is kept."""
        assert door.labels is not None
        for item in door.labels.items(request):
            if not door.brings_token(item):
                await self._keep(door, visit, item)
                continue
            try:
                await door.receive(connection=door.connection, request=item)
            except (EngineError, TransientError):
                return self._bodies.busy()
            except PullPushError as error:
                _log.error("%s: the token that a webhook brought cannot be used: %s", door.connection.name, error)
                return _NO_TOKEN
            _log.info("%s: a webhook brought a token", door.connection.name, extra={"connection": visit.connection})
            if self.granted is not None:
                self.granted(visit.connection)
        return door.good

    def _door(self, name: str) -> _Door | None:
        target = self.targets(name)
        if target is None:
            self._doors.pop(name, None)
            return None
        found = self._doors.get(name)
        if found is None or found[0] is not target:
            found = self._doors[name] = (target, _Door.of(target))
        return found[1]

    def _handshake(self, door: _Door, scope: Scope) -> Answer:
        """Some platforms ask by GET, with the parts of the handshake as parameters."""
        if scope["method"] != "GET":
            return _NO_METHOD
        if door.challenge is None:
            return _NO_HANDSHAKE
        query = _query(scope)
        challenge = door.challenge
        asked = query.get(challenge.path, "")
        if query.get(challenge.field) != str(challenge.equals) or not 0 < len(asked) <= _LONGEST_TOKEN:
            return _NO_HANDSHAKE
        return token(asked, challenge.response_field)


def _headers(scope: Scope) -> dict[str, str]:
    """Names in lower case; the values of a name that comes twice are joined as lists are."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _query(scope: Scope) -> Mapping[str, str]:
    raw: bytes = scope["query_string"]
    if not raw:
        return {}
    try:
        return dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS))
    except ValueError:
        raise RefusedError(_BAD_QUERY) from None


def _handshake_in(challenge: Challenge, request: WebhookRequest) -> str | int | None:
    """The token that a body asks for; most bodies do not even hold the field's name and are not decoded."""
    name = challenge.field.rpartition(".")[2].encode()
    if name not in request.body:
        return None
    body = decoded(request)
    found: str | int | None = challenge_answer(challenge, body) if isinstance(body, Mapping) else None
    return found
