"""preview and reconcile, over two sandboxes and a real store."""

from __future__ import annotations

from typing import Any


def differ(place: Any) -> None:
    """One record of each kind."""
    left, right = place.store(place.left), place.store(place.right)
    right.put("stocklevel", {"sku": "S001", "quantity": 99, "locationId": None})
    right.put("stocklevel", {"sku": "only-there", "quantity": 4, "locationId": None})
    right.rows["stocklevel"].pop("S002|")
    left.put("stocklevel", {"sku": "S003", "quantity": None, "locationId": None})


def test_two_sides_that_are_the_same(place: Any, as_json: Any) -> None:
    assert place.run("sync", "main").exit_code == 0
    done = place.run("preview", "main")
    assert done.exit_code == 0, done.output
    assert "both sides are the same" in done.stderr
    shown = as_json(place.run("preview", "main", "--json"))
    assert shown["same"]
    assert [each["counts"]["equal"] for each in shown["types"]] == [12, 12]


def test_preview_shows_every_kind_of_difference_and_writes_nothing(place: Any, as_json: Any) -> None:
    place.run("sync", "main")
    differ(place)
    writes = len(place.store(place.right).writes)
    done = place.run("preview", "main")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert "stocklevel: 1 not at the destination yet" in lines
    assert "  + S002" in lines
    assert lines[lines.index("  ~ S001") + 1] == "      quantity: 99 → 1"
    assert "  · only-there" in lines
    assert "S003" not in done.stdout
    assert "  ? S003" in place.run("preview", "main", "--details").stdout
    product, stock = as_json(place.run("preview", "main", "--json"))["types"]
    assert product["counts"]["equal"] == 12
    assert stock["counts"] | {"equal": 9, "added": 1, "changed": 1, "missing": 1, "unknown": 1} == stock["counts"]
    assert stock["changed"] == [
        {"key": "S001", "identity": "S001|", "location": None, "fields": [{"field": "quantity", "old": 99, "new": 1}]}
    ]
    assert [each["key"] for each in stock["unknown"]] == ["S003"]
    assert len(place.store(place.right).writes) == writes


def test_reconcile_delivers_only_what_differs_and_preview_is_zero_then(place: Any, as_json: Any) -> None:
    place.run("sync", "main")
    differ(place)
    right = place.store(place.right)
    before = len(right.writes)
    assert place.run("reconcile", "main", "--dry-run").exit_code == 1
    assert len(right.writes) == before
    done = place.run("reconcile", "main")
    assert done.exit_code == 0, done.output
    assert sorted(right.writes[before:]) == [("stocklevel", "S001|"), ("stocklevel", "S002|")]
    held = {identity: record["quantity"] for identity, (_, record) in right.rows["stocklevel"].items()}
    assert (held["S001|"], held["S002|"], held["S003|"], held["only-there|"]) == (1, 2, 3, 4)
    assert place.run("preview", "main").exit_code == 0
    again = as_json(place.run("reconcile", "main", "--json"))
    assert again["ok"]
    assert again["compared"]["stocklevel"]["equal"] == 11
    assert len(right.writes) == before + 2


def test_the_limit_cuts_lists_and_says_so(place: Any, as_json: Any) -> None:
    done = place.run("preview", "main", "--limit", "3", "--type", "stocklevel")
    assert done.exit_code == 1
    assert "… and 9 more" in done.stdout
    (stock,) = as_json(place.run("preview", "main", "--limit", "3", "--type", "stocklevel", "--json"))["types"]
    assert len(stock["added"]) == 3
    assert stock["counts"]["added"] == 12


def test_a_type_that_the_flow_does_not_have_is_wrong_use(place: Any) -> None:
    done = place.run("preview", "main", "--type", "order")
    assert done.exit_code == 2
    assert "it has: product, stocklevel" in done.stderr


def test_a_side_without_snapshot_is_named_and_the_rest_is_compared(place: Any, as_json: Any) -> None:
    place.run("sync", "main")
    place.edit('types = ["product", "stocklevel"]', 'types = ["product", "stocklevel", "order"]')
    done = place.run("preview", "main")
    assert done.exit_code == 0, done.output
    assert "order was not compared: left: connector depot offers no snapshot of order" in done.stderr
    kinds = as_json(place.run("preview", "main", "--json"))["types"]
    assert [each["note"] is None for each in kinds] == [True, True, False]
    assert place.run("preview", "main", "--type", "order").exit_code == 1
    note = place.run("reconcile", "main").stderr
    assert "order was not compared" in note
