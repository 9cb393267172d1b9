"""Asynchronous and bulk requests: accepted at once, carried out later by a consumer, in no promised order."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

from pullpush_magento.sandbox.state import State
from pullpush_magento.sandbox.wire import Asked, Refusal

__all__ = ["Queue"]

Json = Any

_COMPLETE, _RETRIABLE, _FAILED, _OPEN, _REJECTED = 1, 2, 3, 4, 5


class Queue:
    """Operations by bulk; each is due `async_delay` seconds after it was accepted."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._bulks: dict[str, list[dict[str, Json]]] = {}
        self._failures = state.switches.async_failures

    def accept(self, works: Sequence[tuple[Callable[[], Json], Json]], topic: str) -> Json:
        """Queue operations; the answer names the bulk."""
        number = len(self._bulks) + 1
        digest = sha256(f"bulk {number}".encode()).hexdigest()
        key = f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
        due = self._state.clock.seconds() + self._state.switches.async_delay
        self._bulks[key] = [
            {
                "id": index,
                "work": work,
                "due": due,
                "status": _OPEN,
                "message": "",
                "code": 0,
                "body": body,
                "topic": topic,
            }
            for index, (work, body) in enumerate(works)
        ]
        items = [
            {"id": index, "data_hash": sha256(json.dumps(body).encode()).hexdigest(), "status": "accepted"}
            for index, (_, body) in enumerate(works)
        ]
        return {"bulk_uuid": key, "request_items": items, "errors": False}

    def run(self) -> None:
        """Carry out what is due, the latest of each bulk first."""
        now = self._state.clock.seconds()
        for operations in self._bulks.values():
            for each in reversed(operations):
                if each["status"] == _OPEN and each["due"] <= now:
                    self._carry_out(each)

    def _carry_out(self, each: dict[str, Json]) -> None:
        if self._failures:
            self._failures -= 1
            each |= {"status": _RETRIABLE, "message": "Deadlock found when trying to get lock", "code": 1213}
            return
        try:
            each["work"]()
        except Refusal as refusal:
            each |= {"status": _FAILED, "message": str(refusal), "code": refusal.status}
        else:
            each |= {"status": _COMPLETE, "message": "Service execution success"}

    def status(self, asked: Asked, *, detailed: bool = False) -> Json:
        """How the operations of a bulk stand."""
        operations = self._bulks.get(asked.named["uuid"])
        if operations is None:
            raise Refusal(
                404,
                "No such entity with %fieldName = %fieldValue",
                {"fieldName": "bulk_id", "fieldValue": asked.named["uuid"]},
            )
        listed = []
        for each in operations:
            row = {
                "id": each["id"],
                "status": each["status"],
                "result_message": each["message"],
                "error_code": each["code"],
            }
            if detailed:
                row |= {"bulk_uuid": asked.named["uuid"], "topic_name": each["topic"]}
                row |= {"serialized_data": json.dumps(each["body"]), "result_serialized_data": "[]"}
            listed.append(row)
        return {
            "operations_list": listed,
            "user_type": 2,
            "bulk_id": asked.named["uuid"],
            "description": f"Topic {operations[0]['topic']}" if operations else "",
            "start_time": self._state.now(),
            "user_id": 1,
            "operation_count": len(listed),
        }

    def count(self, asked: Asked) -> int:
        """How many operations of a bulk stand so."""
        listed = self.status(asked)["operations_list"]
        return sum(1 for each in listed if str(each["status"]) == asked.named["status"])
