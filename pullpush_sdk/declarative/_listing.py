"""One list of a platform, page by page: asked for, decoded as far as it is read, and known where it goes on.

The next pages are fetched while this one is mapped and stored.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import attrs
import msgspec

from pullpush_sdk.canonical import UNSET, dumps
from pullpush_sdk.connector import Connection
from pullpush_sdk.errors import ContractError
from pullpush_sdk.http import Answer, Call, PageState, Paginator, Seen, Step, call_of, paginator
from pullpush_sdk.manifest import Pagination, Request, Response
from pullpush_sdk.mapping import DecodedPage, Decoder, Map, full_decoder, project

from ._values import values_of

Json = Any
WHOLE = Step()
_PAGES_AHEAD = 3
_HEADER = "@headers."
_NO_CONTENT = 204

Fetches = deque[tuple[PageState, asyncio.Task[Answer]]]
"""Pages under way, in the list's order."""


@attrs.frozen(kw_only=True)
class Listing:
    """One answer of a list, decoded: its records, the values found beside them, and where it goes on."""

    records: list[Any]
    extra: Mapping[str, Json]
    answer: Answer
    following: PageState | None


@attrs.define(kw_only=True)
class ListReader:
    """One list request with its pagination and decoder; knows nothing of canonical records."""

    request: Request
    pagination: Pagination
    response: Response
    decoder: Decoder
    paginator: Paginator
    headers: tuple[str, ...] = ()
    looks_ahead: bool = True

    @classmethod
    def of(
        cls,
        request: Request,
        pagination: Pagination,
        response: Response,
        *,
        only: Map | None = None,
        extra: Sequence[str] = (),
        looks_ahead: bool = True,
    ) -> ListReader:
        """A reader that decodes whole records, or of each only what the map `only` reads; `extra` names paths of the
        page that are wanted beside its records. With `looks_ahead` false only the very next page is fetched early.
        """
        pages = paginator(pagination, response)
        wanted = dict.fromkeys([*pages.wants(), *([response.errors] if response.errors else []), *extra])
        headers = tuple(path for path in wanted if path.startswith(_HEADER))
        wanted = dict.fromkeys(path for path in wanted if not path.startswith(_HEADER))
        records = response.records or "$"
        decoder = (
            full_decoder(records_path=records, extra=wanted)
            if only is None
            else project(only, records_path=records, extra=wanted)
        )
        return cls(
            request=request,
            pagination=pagination,
            response=response,
            decoder=decoder,
            paginator=pages,
            headers=headers,
            looks_ahead=looks_ahead,
        )

    async def pages(
        self,
        connection: Connection,
        offered: Mapping[str, Json],
        state: PageState | None = None,
        *,
        narrow: Step = WHOLE,
    ) -> AsyncGenerator[Listing, None]:
        """The list's pages from `state` on (None: from the start), fetched while their forerunners are used.

        `narrow` holds parameters or variables that every page's request gets: the filter of an incremental read.
        """
        state = state or self.paginator.first()

        def started(state: PageState) -> asyncio.Task[Answer]:
            step = attrs.evolve(
                state.step,
                params={**narrow.params, **state.step.params},
                variables={**narrow.variables, **state.step.variables},
            )
            call = call_of(self.request, values_of(connection, **offered), step=step, accepts=self._ends)
            return asyncio.ensure_future(connection.client.send(call))

        waiting: Fetches = deque([(state, started(state))])
        try:
            while waiting:
                state, fetch = waiting.popleft()
                answer = await fetch
                if answer.status in self._ends:
                    yield self._end(connection, answer)
                    return
                listing = self._listing(answer, state)
                following = listing.following
                if following is None or (waiting and waiting[0][0].step != following.step):
                    await _give_up(waiting)  # the list turned out to be shorter, or to go on elsewhere
                if following is not None:
                    fetch = waiting.popleft()[1] if waiting else started(following)
                    waiting.appendleft((following, fetch))
                    self._look_ahead(waiting, started)
                yield listing
        finally:
            await _give_up(waiting)

    def _look_ahead(self, waiting: Fetches, started: Callable[[PageState], asyncio.Task[Answer]]) -> None:
        """Fetch pages whose place is known without the pages before them, a few at most; the client limits the rate."""
        most = _PAGES_AHEAD if self.looks_ahead else 1
        while len(waiting) < most and (state := self.paginator.ahead(waiting[-1][0])) is not None:
            waiting.append((state, started(state)))

    @property
    def _ends(self) -> frozenset[int]:
        """The 4xx statuses that may mean the end of the list."""
        return frozenset() if self.response.end_status is None else frozenset({self.response.end_status})

    def _end(self, connection: Connection, answer: Answer) -> Listing:
        """The empty page behind the last one; raises the refusal that says something else."""
        if self.response.end_text.lower() in answer.body.decode("utf-8", "replace").lower():
            return Listing(records=[], extra={}, answer=answer, following=None)
        error = connection.client.error_of(answer, Call(method=self.request.method, url=answer.url))
        assert error is not None
        raise error

    def _listing(self, answer: Answer, state: PageState) -> Listing:
        if answer.status == _NO_CONTENT:  # some platforms answer so behind the last page
            return Listing(records=[], extra={}, answer=answer, following=None)
        page = self._decode(answer)
        extra = {path: None if value is UNSET else value for path, value in page.extra.items()}
        extra |= {path: answer.headers.get(path.removeprefix(_HEADER).lower()) for path in self.headers}
        if self.response.errors and extra[self.response.errors]:
            raise ContractError(
                f"{answer.url} answered with errors",
                status=answer.status,
                answer=dumps(extra[self.response.errors])[:500].decode(errors="replace"),
            )
        if not page.found:
            raise ContractError(
                f"the answer of {answer.url} has no list at {self.response.records or '$'}",
                status=answer.status,
                hint="look at an answer, and correct response.records in the manifest",
            )
        records, link = page.records, answer.headers.get("link")
        seen = Seen(count=len(records), values=extra, link=link, body=answer.body, records=records)
        following = self.paginator.next(state, seen)
        return Listing(records=records, extra=extra, answer=answer, following=following)

    def _decode(self, answer: Answer) -> DecodedPage:
        try:
            return self.decoder.decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ContractError(f"the answer of {answer.url} is not JSON: {error}", status=answer.status) from None


async def _give_up(waiting: Fetches) -> None:
    """Cancel what is under way; whatever became of it, nobody asks any more."""
    fetches = [fetch for _, fetch in waiting]
    waiting.clear()
    for fetch in fetches:
        fetch.cancel()
    await asyncio.gather(*fetches, return_exceptions=True)


async def iter_records(
    connection: Connection,
    request: Request,
    pagination: Pagination | None = None,
    response: Response | None = None,
    **offered: Json,
) -> AsyncGenerator[Json, None]:
    """The records of a list, one by one over all its pages; `offered` are further names for its templates."""
    reader = ListReader.of(request, pagination or Pagination(), response or Response())
    async with aclosing(reader.pages(connection, offered)) as pages:
        async for page in pages:
            for record in page.records:
                yield record
