"""What a sync did, and how it tells of itself while it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, Self

import attrs

from pullpush_sdk.errors import Problem, ProjectError, PullPushError, RemoteError, SetupError

Json = Any


@attrs.frozen(kw_only=True)
class SyncReport:
    """One run of one flow.

    `counts` holds, per canonical type in the order in which they ran, `read` and every outcome of this run;
    `waiting` what is left to deliver over all types. `error` is why it ended early, None where it did not; what was
    stored until then stays and the next run goes on there. `notes` are what a person should know of a good run.
    """

    flow: str
    state: str
    counts: Mapping[str, Mapping[str, int]]
    waiting: int = 0
    interrupted: bool = False
    error: PullPushError | None = None
    notes: tuple[str, ...] = ()

    @property
    def error_text(self) -> str:
        """The error in words, empty where there is none."""
        return "" if self.error is None else str(self.error)

    @property
    def dead(self) -> int:
        """Deliveries of this run that became dead letters."""
        return sum(each.get("dead", 0) for each in self.counts.values())

    @property
    def ok(self) -> bool:
        """Whether all that was read is settled and nothing needs a person."""
        return self.error is None and not self.interrupted and not self.waiting and not self.dead

    @classmethod
    def from_json(cls, value: Mapping[str, Json]) -> Self:
        """The report that `to_json` wrote, perhaps in another process; its error keeps its words only."""
        return cls(
            flow=value["flow"],
            state=value["state"],
            counts=value["counts"],
            waiting=value["waiting"],
            interrupted=value["interrupted"],
            error=_error_of(value["error"]),
            notes=tuple(value["notes"]),
        )

    def to_json(self) -> dict[str, Json]:
        """The report as a JSON value."""
        return {
            "flow": self.flow,
            "state": self.state,
            "ok": self.ok,
            "counts": {name: dict(each) for name, each in self.counts.items()},
            "waiting": self.waiting,
            "interrupted": self.interrupted,
            "error": _error_json(self.error),
            "notes": list(self.notes),
        }


def _error_json(error: PullPushError | None) -> Json:
    if error is None:
        return None
    problems = [str(each) for each in getattr(error, "problems", ())]
    return {
        "message": error.message, "hint": error.hint, "problems": problems, "setup": isinstance(error, SetupError)
    }  # fmt: skip


def _error_of(value: Json) -> PullPushError | None:
    if value is None:
        return None
    if value["setup"]:
        return ProjectError(value["message"], [Problem(message=each) for each in value["problems"]], hint=value["hint"])
    return PullPushError(value["message"], hint=value["hint"])


@contextmanager
def speaking_of(connection: str) -> Iterator[None]:
    """Errors about a platform that come up inside say which connection they are about."""
    try:
        yield
    except RemoteError as error:
        raise name_connection(error, connection) from error.__cause__


def name_connection(error: PullPushError, connection: str) -> PullPushError:
    """The error with the connection's name before its message, where it is about a platform; once only."""
    if isinstance(error, RemoteError) and not error.message.startswith(f"{connection}: "):
        error.message = f"{connection}: {error.message}"
    return error


class Progress(Protocol):
    """Told of a running sync: page by page and batch by batch, never per record."""

    def flow_started(self, flow: str, state: str) -> None:
        """A flow begins in this state."""
        ...

    def type_started(self, flow: str, canonical_type: str) -> None:
        """A canonical type of it begins."""
        ...

    def counted(self, flow: str, canonical_type: str, *, read: int = 0, settled: int = 0) -> None:
        """So many more records were read and stored, or deliveries settled."""
        ...


class Silent:
    """Progress that nobody watches."""

    def flow_started(self, flow: str, state: str) -> None:
        pass

    def type_started(self, flow: str, canonical_type: str) -> None:
        pass

    def counted(self, flow: str, canonical_type: str, *, read: int = 0, settled: int = 0) -> None:
        pass
