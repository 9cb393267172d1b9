"""The envelope around everything: answers, error bodies, dates, pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeVar

from starlette.responses import JSONResponse, Response

from pullpush_salla.sandbox.words import Words, pick
from pullpush_sdk.errors import PullPushError

__all__ = [
    "STORE_ZONE",
    "ApiError",
    "command",
    "date_object",
    "in_store_zone",
    "js_date",
    "not_found",
    "ok",
    "page_numbers",
    "paged",
    "plain_date",
    "truth",
    "unauthorized",
]

T = TypeVar("T")

# The store's zone has no daylight saving.
STORE_ZONE = timezone(timedelta(hours=3))
_DEFAULT_PER_PAGE = 15
_MAX_PER_PAGE = 60
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class ApiError(PullPushError):
    """Ends a request with an error body; `code` is what stands in `error.code`, which is not the status' slug."""

    def __init__(
        self,
        status: int,
        words: Words,
        *,
        code: str | int = "error",
        fields: Mapping[str, Sequence[Words]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(words[1])
        self.status = status
        self.words = words
        self.code = code
        self.fields = fields
        self.headers = headers

    def response(self, lang: str) -> Response:
        """The answer, in the client's language."""
        error: dict[str, Any] = {"code": self.code, "message": pick(self.words, lang)}
        if self.fields is not None:
            error["fields"] = {key: [pick(w, lang) for w in words] for key, words in self.fields.items()}
        content = {"status": self.status, "success": False, "error": error}
        return JSONResponse(content, status_code=self.status, headers=dict(self.headers or {}))


def unauthorized(words: Words) -> ApiError:
    """401 in the form that bearer checks use."""
    return ApiError(401, words, code="Unauthorized")


def not_found() -> ApiError:
    """404 for a record; an unknown path has another form, see `app`."""
    return ApiError(404, ("المحتوى المطلوب غير موجود", "The requested content is not available"))


def ok(data: Any, status: int = 200, **beside: Any) -> Response:
    """The success envelope."""
    return JSONResponse({"status": status, "success": True, "data": data, **beside}, status_code=status)


def command(words: Words, lang: str, status: int = 201) -> Response:
    """The envelope of a write that returns no record."""
    return ok({"message": pick(words, lang), "code": status}, status)


def truth(value: str | None) -> bool:
    """A query flag."""
    return value in ("1", "true")


def page_numbers(query: Mapping[str, str]) -> tuple[int, int]:
    """`page` (from 1) and `per_page` of a request.

    Raises:
        ApiError: 422 for anything but whole numbers in range; more than 60 rows a page are refused.
    """
    fields: dict[str, list[Words]] = {}
    numbers = {}
    for key, default, highest in (("page", 1, 10**9), ("per_page", _DEFAULT_PER_PAGE, _MAX_PER_PAGE)):
        raw = query.get(key) or str(default)
        if raw.isdecimal() and 1 <= int(raw) <= highest:
            numbers[key] = int(raw)
        else:
            fields[key] = [(f"قيمة {key} غير صالحة", f"The {key} must be a number from 1 to {highest}")]
    if fields:
        raise ApiError(422, ("alert.invalid_fields", "alert.invalid_fields"), fields=fields)
    return numbers["page"], numbers["per_page"]


def paged(
    rows: Sequence[T],
    view: Callable[[T], Any],
    query: Mapping[str, str],
    *,
    path: str,
    past_end: str = "empty",
    empty_links: Any = None,
    per_page: int | None = None,
    link_host: str = "http://api.salla.dev/admin/v2",
) -> Response:
    """One page of `rows` with the pagination block.

    The links point at other hosts, as the platform's samples do: a client that follows them leaves the sandbox.
    `empty_links` is what stands there when there is neither neighbour (an object or, for some lists, an array).
    """
    page, asked = page_numbers(query)
    size = per_page or asked
    pages = max(1, -(-len(rows) // size))
    if page > pages and past_end == "404":
        raise not_found()
    part = rows[(page - 1) * size : page * size]
    links = {}
    if page < pages:
        links["next"] = f"{link_host}{path}?page={page + 1}"
    if 1 < page <= pages:
        links["previous"] = f"{link_host}{path}?page={page - 1}"
    block = {
        "count": len(part),
        "total": len(rows),
        "perPage": size,
        "currentPage": page,
        "totalPages": pages,
        "links": links or ({} if empty_links is None else empty_links),
    }
    return ok([view(row) for row in part], pagination=block)


def in_store_zone(at: datetime) -> datetime:
    """The instant on the store's clock."""
    return at.astimezone(STORE_ZONE)


def plain_date(at: datetime, zone: str = "store") -> str:
    """`YYYY-MM-DD HH:MM:SS`, with no word about its zone."""
    return (at.astimezone(UTC) if zone == "utc" else in_store_zone(at)).strftime("%Y-%m-%d %H:%M:%S")


def date_object(at: datetime, zone: str = "store") -> dict[str, Any]:
    """The platform's date object. With `zone="utc"` the label lies, as some vendor samples do."""
    return {"date": plain_date(at, zone) + ".000000", "timezone_type": 3, "timezone": "Asia/Riyadh"}


def js_date(at: datetime) -> str:
    """`Sun Jun 26 2022 12:21:48 GMT+0300`, the date of store events; not left to the process's locale."""
    local = in_store_zone(at)
    day, month = _DAYS[local.weekday()], _MONTHS[local.month - 1]
    return f"{day} {month} {local:%d %Y %H:%M:%S} GMT+0300"
