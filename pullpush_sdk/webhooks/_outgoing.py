"""One webhook made ready for a connection: with an id of its own, signed by its secret, and judged before it goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

import attrs

from pullpush_sdk.canonical import dumps
from pullpush_sdk.connector import Connection, WebhookRequest
from pullpush_sdk.declarative import decoded, proofs_of, signed, without_proof
from pullpush_sdk.emulator import restamped
from pullpush_sdk.errors import SetupError
from pullpush_sdk.flows import is_written_in_python
from pullpush_sdk.manifest import Manifest, Verification, Webhook
from pullpush_sdk.plugins import LoadedConnector

from ._fresh import freshened

__all__ = ["Outgoing", "Ways", "outgoing"]


@attrs.frozen(kw_only=True)
class Ways:
    """How a webhook is made ready.

    `same_id` keeps what tells its repetition. `restamp` makes every moment in its body now. `proof` picks the way to
    prove it by its number, from 1 for `verification` on through `alternatives`; None takes the first one whose secret
    is set. `spoil` leaves the proof out, or changes the body after signing.
    """

    same_id: bool = False
    restamp: bool = False
    proof: int | None = None
    spoil: Literal["unsigned", "tampered"] | None = None


@attrs.frozen(kw_only=True)
class Outgoing:
    """What is sent. `how` says in words how it proves itself; `shows_secret` that a header holds the secret itself;
    `has_new_id` is false where nothing in it could be changed, so that it counts as a repetition.
    """

    request: WebhookRequest
    how: str
    shows_secret: bool = False
    has_new_id: bool = True


def outgoing(loaded: LoadedConnector, connection: Connection, request: WebhookRequest, ways: Ways) -> Outgoing:
    """The request as the platform would send it to this connection now.

    The connector's own judgement is asked before anything is sent, but for a spoiled one.

    Raises:
        SetupError: it cannot be signed; says what is missing, or that the connector verifies in Python.
    """
    manifest: Manifest | None = loaded.connector.manifest
    webhook = manifest.webhook if manifest is not None else None
    foreign = webhook is None or is_written_in_python(loaded, "pullpush_verify")
    has_new_id = True
    moment = datetime.now(UTC)
    if not foreign:
        if ways.restamp and (body := decoded(request)) is not None:
            request = attrs.evolve(request, body=dumps(restamped(body, moment)))
        if not ways.same_id:
            request, has_new_id = freshened(webhook, request)
    if ways.spoil == "unsigned":
        return Outgoing(request=_bare(webhook, request), how="unsigned", has_new_id=has_new_id)
    how, shows_secret, proof = "as it was recorded", False, None
    if not foreign:
        assert webhook is not None
        request, proof = _proved(webhook, connection, request, ways.proof, moment)
        how, shows_secret = _words(proof), proof.kind == "header-token"
    if ways.spoil == "tampered":
        return Outgoing(request=_tampered(request, proof), how=f"{how}, then changed", has_new_id=has_new_id)
    asked = attrs.evolve(request, received_at=moment)
    if loaded.hook.pullpush_verify(connection=connection, request=asked) is not True:
        raise _refused(loaded, connection, foreign=foreign)
    return Outgoing(request=request, how=how, shows_secret=shows_secret, has_new_id=has_new_id)


def _proved(
    webhook: Webhook, connection: Connection, request: WebhookRequest, number: int | None, moment: datetime
) -> tuple[WebhookRequest, Verification]:
    proofs = proofs_of(webhook)
    if not proofs:
        raise SetupError(
            f"connector {connection.connector.name!r} has no `verification`: it refuses every webhook",
            hint="say in webhook.verification how the platform signs",
        )
    if number is not None:
        if not 1 <= number <= len(proofs):
            raise SetupError(f"there is no proof {number}", hint=f"1 to {len(proofs)}: {_listed(proofs)}")
        return signed(proofs[number - 1], connection, request, moment), proofs[number - 1]
    first: SetupError | None = None
    for each in proofs:
        try:
            return signed(each, connection, request, moment), each
        except SetupError as error:
            first = first or error
    assert first is not None
    raise first


def _bare(webhook: Webhook | None, request: WebhookRequest) -> WebhookRequest:
    """Without what proves it; where that is not declared, without every header but the content type."""
    if webhook is not None and proofs_of(webhook):
        return without_proof(webhook, request)
    kept = {name: value for name, value in request.headers.items() if name == "content-type"}
    return attrs.evolve(request, headers=kept)


def _tampered(request: WebhookRequest, proof: Verification | None) -> WebhookRequest:
    """A body under the signature of another one; a wrong token, for that covers no body."""
    if proof is not None and proof.kind == "header-token":
        return attrs.evolve(request, headers={**request.headers, proof.header.lower(): "no such token"})
    return attrs.evolve(request, body=request.body + b" ")


def _refused(loaded: LoadedConnector, connection: Connection, *, foreign: bool) -> SetupError:
    if foreign:
        return SetupError(
            f"connector {loaded.name!r} verifies webhooks in Python (pullpush_verify of {loaded.distribution}): only "
            f"its platform can sign for connection {connection.name!r}",
            hint="replay a recorded one (--file, pullpush webhook replay), let its sandbox send one, or --unsigned",
        )
    return SetupError(
        f"connection {connection.name!r} would refuse what was signed with its own secret",
        hint="pullpush validate shows what is wrong with webhook.verification",
    )


def _words(how: Verification) -> str:
    if how.kind == "none":
        return "no proof needed"
    kind = "the token" if how.kind == "header-token" else how.kind.upper().replace("HMAC-SHA", "HMAC-SHA-")
    return f"{kind} in {how.header}"


def _listed(proofs: Sequence[Verification]) -> str:
    return ", ".join(f"{number} {_words(each)}" for number, each in enumerate(proofs, 1))
