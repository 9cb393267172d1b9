"""Whatever a platform's dialect: two or three recorded pages are enough to answer its client as it would itself."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from pullpush_sdk.emulator import emulate
from pullpush_sdk.manifest import read_manifest
from pullpush_sdk.sandbox import SandboxOptions
from tests.emulator.reference import BASE, Dialect, answer, asks, recorded, walk

HEAD = {"manifest": 1, "name": "dialect", "title": "Dialect", "version": "1.0.0", "base_url": BASE}
KINDS = ("page", "offset", "cursor", "after", "link", "next_url", "graphql")
PAGERS = {
    "page": ("page", "p", "pageNumber", "current_page"),
    "offset": ("offset", "skip", "start", "startIndex"),
    "cursor": ("cursor", "page_token", "bookmark", "next"),
    "after": ("starting_after", "since_id"),
    "link": ("page", "cursor", "page_info"),
    "next_url": ("page", "cursor", "after"),
    "graphql": ("after", "cursor"),
}
GRAPHQL_TABLE = ("data", "things", "edges")


def manifest(dialect):
    """A manifest that names the list and nothing of its dialect: the emulator must not learn it there."""
    request = {"method": "GET", "path": "/things"}
    if dialect.kind == "graphql":
        request = {"method": "POST", "path": "/graphql", "query": "{ things { id } }"}
    elif dialect.part != "query":
        request = {"method": "POST", "path": "/things/search", "json": {}}
    things = {"canonical_type": "contact", "list": request, "canonical_map": {"email": "name", "contactId": "id"}}
    text = json.dumps({**HEAD, "resources": {"things": things}})
    return read_manifest(text, file="dialect.json", format="json")


@st.composite
def dialects(draw):
    kind = draw(st.sampled_from(KINDS))
    part = "json" if kind == "graphql" else draw(st.sampled_from(("query", "json", "form")))
    if kind in ("link", "next_url"):
        part = "query"
    maybe = lambda *place: draw(st.none() | st.just(place))  # noqa: E731
    table = draw(st.sampled_from((("data",), ("result", "items"), ("things",))))
    bare = kind in ("page", "offset", "after", "link") and draw(st.booleans())
    table = GRAPHQL_TABLE if kind == "graphql" else () if bare else table
    facts = {} if bare or kind == "graphql" else {
        "total": maybe("meta", "total"),
        "pages": maybe("meta", "total_pages"),
        "more": maybe("has_more"),
    }  # fmt: skip
    if kind in ("page", "offset") and not bare:
        facts["echo"] = maybe("meta", "page" if kind == "page" else "offset")
    if kind == "graphql":
        facts["more"] = ("data", "things", "pageInfo", "hasNextPage")
    return Dialect(
        kind=kind,
        part=part,
        pager=draw(st.sampled_from(PAGERS[kind])),
        size=draw(st.sampled_from(("per_page", "limit", "pageSize", "count"))) if draw(st.booleans()) else None,
        start=draw(st.integers(0, 1)) if kind == "page" else 1,
        default=draw(st.integers(2, 4)),
        table=table,
        relative=draw(st.booleans()),
        said=draw(st.booleans()),
        **facts,
    )


@st.composite
def rows(draw, least):
    count = draw(st.integers(least, least + 4))
    numbered = draw(st.booleans())
    return [{"id": 700 + 3 * n if numbered else f"t-{n:03d}", "name": f"n{n}@example.com"} for n in range(count)]


def shape(dialect, page):
    """What an answer says, with cursors and addresses reduced to whether they are there."""
    _, headers, body = page

    def masked(value, name=""):
        if isinstance(value, dict):
            return {key: masked(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [masked(each) for each in value]
        return bool(value) if name in ("next", "endCursor", "cursor") else value

    return "link" in headers, masked(body)


@settings(max_examples=120, deadline=None)
@given(dialect=dialects(), data=st.data(), count=st.integers(0, 23), size=st.integers(1, 9))
def test_the_emulator_answers_as_the_platform_does(dialect, data, count, size):
    seen = data.draw(rows(least=2 * dialect.default + 1))
    walked = walk(dialect, lambda ask: answer(dialect, seen, ask), dialect.default)
    kept = data.draw(st.integers(2, 3))
    samples = recorded(walked[:kept] if data.draw(st.booleans()) else walked)
    box = emulate(manifest(dialect), samples, SandboxOptions(records=count))
    (held,) = box.control.dump().values()
    assert len(held) == count
    assert len({str(each["id"]) for each in held}) == count
    theirs = walk(dialect, lambda ask: answer(dialect, held, ask), size)
    ours = walk(dialect, asks(box.app), size)
    assert [shape(dialect, page) for page in ours] == [shape(dialect, page) for page in theirs]
