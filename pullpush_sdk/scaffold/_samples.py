"""The template's recorded exchanges, as the platform would answer with the chosen sign-in and paging."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from ._answers import Answers

__all__ = ["sample_of", "signed"]

Json = Any
_ADDRESS = "https://api.acme.example/v1"


def sample_of(text: str, answers: Answers, headers: Mapping[str, str], signing_in: Sequence[Json] = ()) -> str:
    """The sample file for these options: other credentials, other paging, nothing of what is not used.

    `signing_in` are the exchanges that give a token, where this file is the one that shows them.
    """
    sample = json.loads(text)
    exchanges = [_exchange(each, answers.paging, headers) for each in sample["exchanges"]]
    if "write" not in answers.flags:
        exchanges = [each for each in exchanges if each["request"]["method"] == "GET"]
    if answers.auth == "none":
        exchanges = [each for each in exchanges if each["answer"]["status"] != 401]
    if answers.paging == "none":
        exchanges = [each for each in exchanges if each is not None and "page=" not in each["request"]["path"]]
    hooks = {"webhooks": sample["webhooks"]} if answers.webhooks and "webhooks" in sample else {}
    kept = {"exchanges": [*exchanges, *signing_in]} | hooks
    return json.dumps(kept, indent=1, ensure_ascii=False) + "\n"


def signed(text: str) -> str:
    """A sample file whose webhooks are signed anew: what stands in their bodies was renamed."""
    sample = json.loads(text)
    for webhook in sample.get("webhooks", ()):
        secret, body = webhook["secrets"]["webhook_secret"], webhook["body"]
        for name in webhook["headers"]:
            if name.lower().endswith("-signature"):
                webhook["headers"][name] = hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
    return json.dumps(sample, indent=1, ensure_ascii=False) + "\n"


def _exchange(exchange: Json, paging: str, headers: Mapping[str, str]) -> Json:
    request, answer = dict(exchange["request"]), dict(exchange["answer"])
    # Whoever was refused had said nothing: even a wrong credential has no place in a sample.
    request["headers"] = dict(headers) if answer["status"] != 401 else {}
    if "page=" in request["path"] and paging != "page":
        request["path"], answer = _paged(request["path"], answer, paging)
    elif paging != "page" and "pages" in answer.get("body", {}).get("meta", {}):
        answer = _looked_up(answer, paging)
    return {**exchange, "request": request, "answer": answer}


def _looked_up(answer: Json, paging: str) -> Json:
    """The answer that has every record that was asked for, as another kind of paging has it."""
    rows = answer["body"]["data"]
    ends = {"offset": {"offset": 0, "total": len(rows)}, "cursor": {"next": None}, "next_url": {"next": None}}
    return {**answer, "body": {"data": rows} | ({"meta": ends[paging]} if paging in ends else {})}


def _paged(path: str, answer: Json, paging: str) -> tuple[str, Json]:
    """A request for a numbered page, and its answer, as another kind of paging has them."""
    base, _, query = path.partition("?")
    asked = dict(parse_qsl(query))
    number, size = int(asked.pop("page")), int(asked.pop("per_page"))
    if paging == "none":
        body = {key: value for key, value in answer["body"].items() if key != "meta"}
        shown = f"{base}?{urlencode(asked)}" if asked else base
        return (shown if number == 1 else path), {**answer, "body": body}
    if paging == "offset":
        asked |= {"offset": str((number - 1) * size), "limit": str(size)}
    else:
        asked |= {"limit": str(size)} | ({"after": f"c{(number - 1) * size}"} if number > 1 else {})
    shown = f"{base}?{urlencode(asked)}"
    if answer["status"] != 200:
        return shown, answer
    rows, pages = answer["body"]["data"], answer["body"]["meta"]["pages"]
    more = number < pages
    following = f"{_ADDRESS}{base}?{urlencode(asked | {'after': f'c{number * size}'})}"
    if paging == "offset":
        total = (pages - 1) * size + (len(rows) if number == pages else 1)
        return shown, {**answer, "body": {"data": rows, "meta": {"offset": (number - 1) * size, "total": total}}}
    if paging == "link":
        link = {"Link": f'<{following}>; rel="next"'} if more else {}
        return shown, {**answer, "headers": link, "body": {"data": rows}}
    name = following if paging == "next_url" else f"c{number * size}"
    return shown, {**answer, "body": {"data": rows, "meta": {"next": name if more else None}}}
