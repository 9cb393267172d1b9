"""The receiver does what its OpenAPI document says: statuses, content types, no server error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .running import Running, running

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("openapi")) as inner:
        yield inner


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_the_document_holds(served: Running, method: str, data: st.DataObject) -> None:
    base = f"http://127.0.0.1:{served.port}"
    document: dict[str, Any] = httpx.get(f"{base}/openapi.json").json()
    # Most names lead nowhere; this one is the connection.
    name = data.draw(st.sampled_from(["shop", None]))
    schema = schemathesis.openapi.from_dict(document)
    case = data.draw(schema["/webhooks/{connection}"][method].as_strategy())
    if name is not None:
        case.path_parameters = {"connection": name}
    case.call_and_validate(base_url=base)
