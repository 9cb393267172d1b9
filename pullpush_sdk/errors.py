"""The error tree, branched by what the runtime must do.

- PullPushError
    - SetupError: a person must change something; never retried
        - ProjectError: pullpush.toml, settings or secret references
        - ManifestError: a connector's manifest or a MiniApp document
        - MappingError: a mapping that does not compile
        - PluginError: a plugin that does not load, or clashes with another
    - ConnectorFaultError: a mistake in a connector's own code -> try later, tell its author
    - RecordError: this record cannot go, its neighbours can -> dead letter
        - FieldError: a rule could not read or convert a value
        - RejectedError: the platform refused the record
    - RemoteError: about the platform or the wire
        - TransientError -> retry
            - RateLimitedError
            - UnavailableError
            - RequestTimeoutError
        - AuthError
            - TokenExpiredError -> refresh, then retry
            - AccessRevokedError -> stop this connection, tell a person
        - ConflictError -> re-read, then decide
        - ContractError: an answer that the manifest says cannot happen -> stop and show the evidence
    - EngineError -> stop the worker
        - StoreError: the store is locked, full, damaged or not ours
            - StoreFullError: no room, or its limit is reached; goes on by itself when there is room
            - StoreBusyError: another program has it locked; goes on by itself
        - LeaseLostError: another process dispatches this store

Messages reach people: they name the place, what was expected, and how to mend it. They never hold a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

__all__ = [
    "AccessRevokedError",
    "AuthError",
    "ConflictError",
    "ConnectorFaultError",
    "ContractError",
    "EngineError",
    "FieldError",
    "LeaseLostError",
    "ManifestError",
    "MappingError",
    "PluginError",
    "Problem",
    "ProjectError",
    "PullPushError",
    "RateLimitedError",
    "RecordError",
    "RejectedError",
    "RemoteError",
    "RequestTimeoutError",
    "SetupError",
    "StoreBusyError",
    "StoreError",
    "StoreFullError",
    "TokenExpiredError",
    "TransientError",
    "UnavailableError",
]


@attrs.frozen(kw_only=True)
class Problem:
    """One thing wrong at one place; checks collect them instead of stopping at the first.

    `path` is a JSON path (`$.resources.products.list`) or empty for the whole document; `line` and `column`
    count from 1 and are None where the document has no text (a value made in Python).
    """

    message: str
    path: str = ""
    hint: str = ""
    code: str = ""
    file: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """`file:line:column: message at $.path — hint`, with the parts that are known."""
        place = self.file
        if self.line is not None:
            numbers = f"{self.line}" + (f":{self.column}" if self.column is not None else "")
            place = f"{place}:{numbers}" if place else f"line {numbers}"
        text = f"{place}: {self.message}" if place else self.message
        if self.path:
            text += f" (at {self.path})"
        return f"{text} — {self.hint}" if self.hint else text


class PullPushError(Exception):
    """Base of every error that this package raises on purpose.

    `hint` says how to mend it; the command line prints both and never a traceback.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} — {self.hint}" if self.hint else self.message


class SetupError(PullPushError):
    """Somebody must change a file, a setting or an installation; trying again changes nothing."""


class _CollectedError(SetupError):
    """A set-up error that carries every problem found, not the first one only."""

    def __init__(self, message: str, problems: Iterable[Problem] = (), *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems: Sequence[Problem] = tuple(problems)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *(f"  {problem}" for problem in self.problems)])


class ProjectError(_CollectedError):
    """pullpush.toml, a setting or a secret reference is not good; `problems` says where."""


class ManifestError(_CollectedError):
    """A manifest or MiniApp document is not good; `problems` holds every finding with its place."""


class MappingError(_CollectedError):
    """A mapping does not compile; `problems` holds every finding with its path."""


class PluginError(SetupError):
    """A plugin does not load, misspells a hook, or clashes; the message names its distribution."""


class ConnectorFaultError(PullPushError):
    """A connector's own code failed while it ran; the message names its distribution, the hook and the line."""


class RecordError(PullPushError):
    """This record cannot go on; its neighbours can. It becomes a dead letter."""


class FieldError(RecordError):
    """A rule could not read or convert a value of one record.

    `target` is the canonical or native field, `path` the place in the record, `shown` the value as it may be
    shown (redacted where the rule is marked secret).
    """

    def __init__(self, message: str, *, target: str = "", path: str = "", shown: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.target = target
        self.path = path
        self.shown = shown


class RejectedError(RecordError):
    """The platform refused the record for good; `answer` is what it said, redacted and cut."""

    def __init__(self, message: str, *, status: int | None = None, answer: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.answer = answer


class RemoteError(PullPushError):
    """About the platform or the wire; `answer` is the redacted start of what came back."""

    def __init__(self, message: str, *, status: int | None = None, answer: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.answer = answer


class TransientError(RemoteError):
    """Likely to pass; `retry_after` is the platform's wish in seconds, None where it gave none.

    `maybe_applied` is true where the platform may have carried out the request although no answer came.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        answer: str = "",
        hint: str = "",
        retry_after: float | None = None,
        maybe_applied: bool = False,
    ) -> None:
        super().__init__(message, status=status, answer=answer, hint=hint)
        self.retry_after = retry_after
        self.maybe_applied = maybe_applied


class RateLimitedError(TransientError):
    """The platform asked to slow down."""


class UnavailableError(TransientError):
    """No connection, a reset, or a 5xx answer."""


class RequestTimeoutError(TransientError):
    """No answer within the time limit; a write may have happened."""


class AuthError(RemoteError):
    """The platform does not accept the credentials."""


class TokenExpiredError(AuthError):
    """The access token is no longer good; a refresh may help."""


class AccessRevokedError(AuthError):
    """Access is gone: a person must authorise again."""


class ConflictError(RemoteError):
    """The record changed under the write; read it again, then decide."""


class ContractError(RemoteError):
    """The answer is not what the manifest promises; `answer` holds the evidence."""


class EngineError(PullPushError):
    """The engine cannot go on safely."""


class StoreError(EngineError):
    """The store is locked, full, read-only, damaged or from a newer version; nothing was lost."""


class StoreFullError(StoreError):
    """There is no room left, or the limit that was set is reached; nothing was stored, nothing was lost."""


class StoreBusyError(StoreError):
    """Another program has the store locked; nothing was stored, nothing was lost."""


class LeaseLostError(EngineError):
    """Another process dispatches this store."""
