"""What a flow in shadow would have written."""

from __future__ import annotations

from typing import Any


def test_shadow_deliveries_add_up_per_record(place: Any, as_json: Any) -> None:
    place.edit('state = "active"', "")
    place.run("sync", "main")
    left = place.store(place.left)
    left.put("stocklevel", {"sku": "S004", "quantity": 40, "locationId": None})
    place.run("sync", "main")
    left.put("stocklevel", {"sku": "S004", "quantity": 4, "locationId": None})
    left.put("product", {"sku": "S001", "title": "Thing one"})
    place.run("sync", "main")
    shown = as_json(place.run("flow", "diff", "main", "--json"))
    assert shown["state"] == "shadow"
    product, stock = shown["types"]
    assert product["counts"] == {"records": 12, "writes": 13, "same": 0}
    assert stock["counts"] == {"records": 12, "writes": 14, "same": 0}
    changed = next(each for each in product["records"] if each["key"] == "S001")
    assert changed["writes"] == 2
    assert {"field": "title", "old": None, "new": "Thing one"} in changed["fields"]
    text = place.run("flow", "diff", "main", "--type", "stocklevel", "--limit", "5").stdout
    assert "  ~ stocklevel S004 (updated, 3 writes)" in text.splitlines()
    assert "quantity: nothing → 4" in text
    assert "… and 7 more of stocklevel" in text
    assert not place.store(place.right).writes


def test_only_what_was_seen_since_the_flow_went_into_shadow_counts(place: Any, as_json: Any) -> None:
    place.run("sync", "main")
    place.run("flow", "shadow", "main")
    place.store(place.left).put("stocklevel", {"sku": "S004", "quantity": 40, "locationId": None})
    place.run("sync", "main")
    shown = as_json(place.run("flow", "diff", "main", "--type", "stocklevel", "--json"))
    assert shown["since"] is not None
    (record,) = shown["types"][0]["records"]
    assert record["fields"] == [{"field": "quantity", "old": 4, "new": 40}]
    place.run("flow", "activate", "main")
    place.run("flow", "shadow", "main")
    assert as_json(place.run("flow", "diff", "main", "--json"))["types"][1]["counts"]["records"] == 0
    assert place.run("flow", "diff", "main", "--type", "order").exit_code == 2
