from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pullpush_sdk.cli import cli

MANIFEST = """\
manifest: 1
name: acme
title: Acme
version: "1.0.0"
base_url: https://api.acme.example
auth: {kind: none}
resources:
  stock:
    canonical_type: stocklevel
    list: {path: /stock}
    response: {records: data.rows}
    canonical_map:
      sku: code
      quantity: {path: amount, transform: toNumberOrNull}
"""


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    file = tmp_path / "connector.yaml"
    file.write_text(MANIFEST)
    return str(file)


def run(*arguments: str, sample: str) -> tuple[int, str, str]:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(cli, ["map", *arguments, "--sample", "-"], input=sample)
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize("name", ["stock", "stocklevel"])
def test_a_record_maps_to_canonical_json(manifest: str, name: str) -> None:
    code, out, _ = run(manifest, name, sample='{"code": "A-1", "amount": 0}')
    assert code == 0
    wire = json.loads(out)
    assert (wire["sku"], wire["quantity"]) == ("A-1", 0)


def test_no_data_stays_no_data(manifest: str) -> None:
    _, out, _ = run(manifest, "stock", sample='{"code": "A-1", "amount": null}')
    assert json.loads(out)["quantity"] is None


def test_a_whole_answer_maps_record_by_record(manifest: str) -> None:
    _, out, _ = run(manifest, "stock", sample='{"data": {"rows": [{"code": "A"}, {"code": "B"}]}}')
    assert [each["sku"] for each in json.loads(out)] == ["A", "B"]


def test_a_record_that_does_not_map_says_where_and_exits_1(manifest: str) -> None:
    code, out, err = run(manifest, "stock", sample='[{"code": "A", "amount": 1}, {"amount": 2}]')
    assert code == 1
    assert [each["sku"] for each in json.loads(out)] == ["A"]
    assert "record 1" in err
    assert "sku" in err


def test_explain_shows_per_field_what_gave_it(manifest: str) -> None:
    code, out, _ = run(manifest, "stock", "--explain", sample='{"code": "A-1", "amount": "7"}')
    assert code == 0
    row = next(line for line in out.splitlines() if "quantity" in line)
    assert "amount" in row
    assert "7" in row
    _, out, _ = run(manifest, "stock", "--explain", "--json", sample='{"code": "A-1", "amount": "7"}')
    fields = {each["field"]: each for each in json.loads(out)}
    assert fields["sku"]["path"] == "code"


WEBHOOK = """\
secrets: [hook]
webhook:
  verification: {kind: hmac-sha256, header: X-Signature, secret: "{{hook}}"}
  event_name: {parts: [{path: event}]}
  handlers:
    stock.changed: {resource: stock, data_path: $.data}
    stock.hinted: {resource: stock, data_path: $.data, refetch: true}
"""


def test_an_event_maps_what_its_webhook_brings(manifest: str) -> None:
    details = 'list: {path: /stock}\n    details: {path: "/stock/{{record.code}}"}'
    Path(manifest).write_text(MANIFEST.replace("list: {path: /stock}", details) + WEBHOOK)
    code, out, _ = run(
        manifest, "stock.changed", sample='{"event": "stock.changed", "data": {"code": "A", "amount": 0}}'
    )
    assert code == 0
    assert json.loads(out)["quantity"] == 0
    code, _, err = run(manifest, "stock.hinted", sample="{}")
    assert code == 2
    assert "read again" in err
    assert "Did you mean 'stock.changed'?" in run(manifest, "stock.chnged", sample="{}")[2]


def test_wrong_use(manifest: str) -> None:
    code, _, err = run(manifest, "stok", sample="{}")
    assert code == 2
    assert "Did you mean 'stock'?" in err
    assert run(manifest, "stock", sample="not json")[0] == 2
    assert run("no-such-connector", "stock", sample="{}")[0] == 2
    assert run("depot", "stock", sample="{}")[0] == 2
