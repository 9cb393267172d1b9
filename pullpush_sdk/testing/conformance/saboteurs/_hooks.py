"""A good connector with one of its hooks replaced by a worse one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from pullpush_sdk.connector import Connection, Delivery, Event, Outcome, Page, WebhookRequest

__all__ = ["Pages", "Pull", "Push", "Receive", "Sabotage", "hearing", "reading", "verifying", "writing"]

Json = Any
Pages = AsyncIterator[Page]
Pull = Callable[[Json], Pages]
Push = Callable[[Sequence[Delivery]], Awaitable[Sequence[Outcome]]]
Receive = Callable[[WebhookRequest], Awaitable[Sequence[Event]]]
Sabotage = Callable[[Any], Any]
"""The hooks of a good connector in, those of a broken one out."""


class Hooks:
    """A connector's hooks, some of them replaced."""

    def __init__(self, good: Any, **replaced: Callable[..., Any]) -> None:
        self._good = good
        for name, function in replaced.items():
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._good, name)


def reading(change: Callable[[Pull, Json], Pages]) -> Sabotage:
    """A saboteur of `pullpush_pull`: gets the good one as a function of the cursor, and the cursor."""
    return reading_with(lambda pages, cursor, _connection: change(pages, cursor))


def reading_with(change: Callable[[Pull, Json, Connection], Pages]) -> Sabotage:
    """The same, which gets the connection too."""

    def sabotage(good: Any) -> Any:
        def pull(connection: Connection, canonical_type: str, cursor: Json) -> Pages:
            def pages(since: Json) -> Pages:
                found: Pages = good.pullpush_pull(connection=connection, canonical_type=canonical_type, cursor=since)
                return found

            return change(pages, cursor, connection)

        return Hooks(good, pullpush_pull=pull)

    return sabotage


def writing(change: Callable[[Push, Sequence[Delivery]], Awaitable[Sequence[Outcome]]]) -> Sabotage:
    """A saboteur of `pullpush_push`: gets the good one as a function of the batch, and the batch."""

    def sabotage(good: Any) -> Any:
        def push(
            connection: Connection, canonical_type: str, batch: Sequence[Delivery]
        ) -> Awaitable[Sequence[Outcome]]:
            def good_push(some: Sequence[Delivery]) -> Awaitable[Sequence[Outcome]]:
                written: Awaitable[Sequence[Outcome]] = good.pullpush_push(
                    connection=connection, canonical_type=canonical_type, batch=some
                )
                return written

            return change(good_push, batch)

        return Hooks(good, pullpush_push=push)

    return sabotage


def hearing(change: Callable[[Receive, WebhookRequest], Awaitable[Sequence[Event]]]) -> Sabotage:
    """A saboteur of `pullpush_receive`: gets the good one as a function of the request, and the request."""

    def sabotage(good: Any) -> Any:
        def receive(connection: Connection, request: WebhookRequest) -> Awaitable[Sequence[Event]]:
            def well(given: WebhookRequest) -> Awaitable[Sequence[Event]]:
                heard: Awaitable[Sequence[Event]] = good.pullpush_receive(connection=connection, request=given)
                return heard

            return change(well, request)

        return Hooks(good, pullpush_receive=receive)

    return sabotage


def verifying(verdict: Callable[[WebhookRequest], bool]) -> Sabotage:
    """A saboteur of `pullpush_verify`."""
    return lambda good: Hooks(good, pullpush_verify=lambda connection, request: verdict(request))  # noqa: ARG005
