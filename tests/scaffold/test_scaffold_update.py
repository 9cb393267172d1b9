# ruff: noqa: E501 - documents
"""A newer template, other answers, further parts: merged into what an author made of it, and nothing lost."""

from __future__ import annotations

import shutil

import attrs
import pytest

from pullpush_sdk.canonical import CanonicalTypes
from pullpush_sdk.errors import ManifestError, SetupError
from pullpush_sdk.manifest import read_manifest
from pullpush_sdk.scaffold import Answers, add, draft_files, names_of, read_record, render, update, write_new
from pullpush_sdk.scaffold._project import RECORD, recorded

NAMES = names_of("big-shop", taken=[])
MANIFEST = "pullpush_big_shop/connector.yaml"


@pytest.fixture
def connector(tmp_path):
    """A connector of contacts, read only."""
    answers = Answers(kind="source", types=("contact",), webhooks=False)
    write_new(tmp_path / "shop", NAMES, answers, render(NAMES, answers))
    return tmp_path / "shop"


def edit(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def older(folder, path, new, old):
    """Make the record say that the template had other lines before, and the folder have them too."""
    record = read_record(folder)
    files = {**record.files, path: record.files[path].replace(new, old)}
    assert files != record.files
    (folder / RECORD).write_text(recorded(attrs.evolve(record, files=files, version="0.0.1")))
    edit(folder / path, new, old)


def everything(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_update_of_the_same_version_changes_nothing(connector):
    """Not a byte, and not the record."""
    before = everything(connector)
    assert update(connector) == []
    assert {path: text for path, text in everything(connector).items() if path != RECORD} == {
        path: text for path, text in before.items() if path != RECORD
    }


def test_both_sides_changes_are_there_afterwards(connector):
    """The author's in one place, the template's in another."""
    older(connector, MANIFEST, "limits: {requests: 10,", "limits: {requests: 5,")
    edit(connector / MANIFEST, "      company: company", "      company: firm  # as they say")
    (change,) = update(connector)
    assert change.kind == "merged"
    text = (connector / MANIFEST).read_text()
    assert "limits: {requests: 10," in text
    assert "company: firm  # as they say" in text
    assert update(connector) == []


def test_a_conflict_leaves_the_authors_file_and_shows_both(connector):
    """And the next update waits until it is settled."""
    older(connector, MANIFEST, "limits: {requests: 10,", "limits: {requests: 5,")
    edit(connector / MANIFEST, "limits: {requests: 5,", "limits: {requests: 7,")
    mine = (connector / MANIFEST).read_text()
    (change,) = update(connector)
    assert change.kind == "conflict"
    assert (connector / MANIFEST).read_text() == mine
    shown = (connector / f"{MANIFEST}.conflict").read_text()
    assert "requests: 7" in shown
    assert "requests: 10" in shown
    older(connector, "README.md", "PullPush", "PushPull")
    with pytest.raises(SetupError, match=r"connector\.yaml\.conflict"):
        update(connector)
    (connector / f"{MANIFEST}.conflict").unlink()
    assert [change.kind for change in update(connector)] == ["updated"]


def test_what_the_author_took_away_stays_away(connector):
    """And what the template dropped stays where the author worked on it."""
    (connector / "docs/big-shop.md").unlink()
    shutil.copy(connector / "README.md", connector / "mine.md")
    assert update(connector) == []
    assert not (connector / "docs/big-shop.md").exists()
    assert (connector / "mine.md").exists()


def test_other_answers_are_merged_too(connector):
    """Paging by cursor instead of pages, everywhere, beside the author's comment."""
    edit(connector / MANIFEST, "name: name", "name: name  # of the person")
    kinds = {
        change.path: change.kind
        for change in update(connector, attrs.evolve(read_record(connector).answers, paging="cursor"))
    }
    assert kinds[MANIFEST] == "merged"
    assert kinds["pullpush_big_shop/samples/contact.json"] == "updated"
    text = (connector / MANIFEST).read_text()
    assert "kind: cursor" in text
    assert "name: name  # of the person" in text


def test_a_resource_is_added_beside_what_is_there(connector):
    """Comments stay, the samples and the tests follow, and asking twice changes nothing."""
    edit(connector / MANIFEST, "name: name", "name: name  # of the person")
    changes = add(connector, "resource", ["order"])
    assert {"added", "merged", "updated"} >= {change.kind for change in changes}
    text = (connector / MANIFEST).read_text()
    assert "name: name  # of the person" in text
    assert list(read_manifest(text).resources) == ["customers", "orders"]
    assert (connector / "pullpush_big_shop/samples/order.json").is_file()
    before = everything(connector)
    assert add(connector, "resource", ["order"]) == []
    assert everything(connector) == before


def test_webhooks_and_destinations_are_added(connector):
    """With the secret that a signature needs."""
    add(connector, "webhook", [])
    add(connector, "destination", ["contact"])
    manifest = read_manifest((connector / MANIFEST).read_text())
    assert list(manifest.webhook.handlers) == ["customers.changed", "customers.deleted"]
    assert "webhook_secret" in manifest.secrets
    assert list(manifest.push) == ["contact"]
    assert add(connector, "webhook", []) == []
    assert add(connector, "destination", ["contact"]) == []


def test_a_clash_is_refused_and_nothing_is_written(connector):
    """A resource of that name that holds something else; a type that is none; a manifest that is broken."""
    edit(connector / MANIFEST, "  customers:\n", "  orders:\n")
    before = everything(connector)
    with pytest.raises(SetupError, match=r"orders.*already, of type contact"):
        add(connector, "resource", ["order"])
    with pytest.raises(SetupError, match="did you mean order"):
        add(connector, "resource", ["ordr"])
    with pytest.raises(SetupError, match="which resource"):
        add(connector, "resource", [])
    assert everything(connector) == before
    edit(connector / MANIFEST, "canonical_type: contact", "canonicaltype: contact")
    with pytest.raises(ManifestError):
        add(connector, "resource", ["order"])


def test_a_connector_that_was_not_made_from_the_template_is_extended(connector):
    """Its manifest alone; flow lists of secrets and sections in another order are understood."""
    (connector / RECORD).unlink()
    (connector / MANIFEST).write_text(
        "# by hand\nmanifest: 1\nname: big-shop\ntitle: Big\nversion: 1.0.0\nbase_url: https://big.example\n"
        'auth: {kind: bearer, token: "{{token}}"}\nsecrets: [token]  # one\n'
        "resources:\n  people:\n    canonical_type: contact\n    list: {path: /people}\n    canonical_map: {email: mail}\n"
        "    # the last word\n\nnotes: {}\n"
    )
    (change,) = add(connector, "webhook", ["contact"])
    assert change.path == MANIFEST
    add(connector, "resource", ["stocklevel"])
    text = (connector / MANIFEST).read_text()
    manifest = read_manifest(text)
    assert manifest.secrets == ["token", "webhook_secret"] or tuple(manifest.secrets) == ("token", "webhook_secret")
    assert list(manifest.resources) == ["people", "stock"]
    assert manifest.webhook.handlers["customers.changed"].resource == "people"
    for comment in ("# by hand", "# one", "# the last word"):
        assert comment in text


def test_a_resource_is_drafted_from_a_sample(connector, tmp_path):
    """With its sample, and what to check."""
    sample = tmp_path / "carts.json"
    sample.write_text(
        '{"data": [{"id": 7, "currency": "EUR", "total": "9.50", "items": [{"sku": "A", "quantity": 1}]}]}'
    )
    add(connector, "resource", ["cart"], samples=[sample])
    manifest = read_manifest((connector / MANIFEST).read_text())
    assert manifest.resources["carts"].canonical_map["cartId"] == "id"
    assert (connector / "pullpush_big_shop/samples/carts.json").is_file()
    assert add(connector, "resource", ["cart"], samples=[sample]) == []


def test_a_folder_without_a_connector_is_refused(tmp_path):
    """With what is expected there."""
    for call in (lambda: update(tmp_path), lambda: add(tmp_path, "resource", ["order"])):
        with pytest.raises(SetupError):
            call()


def test_a_draft_is_updated_around_its_manifest(tmp_path):
    """What was drafted is not drafted again; what the template has around it is merged."""
    sample = tmp_path / "orders.json"
    sample.write_text('[{"id": 7, "total": 9.50, "currency": "EUR", "status": "open"}]')
    made = draft_files("samples", [sample], names=NAMES, types=CanonicalTypes(), wanted=None)
    write_new(tmp_path / "shop", NAMES, made.answers, made.files)
    assert update(tmp_path / "shop") == []
    older(tmp_path / "shop", "README.md", "PullPush", "PushPull")
    assert [change.path for change in update(tmp_path / "shop")] == ["README.md"]
