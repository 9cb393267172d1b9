"""Rules about the places that a manifest names beside a request."""

import json

import pytest

from pullpush_sdk.errors import ManifestError
from pullpush_sdk.manifest import read_manifest

RESOURCE = {"canonical_type": "contact", "list": {"path": "/c"}, "canonical_map": {"email": "mail"}}
GOOD = {
    "manifest": 1,
    "name": "acme",
    "title": "Acme",
    "version": "1.0.0",
    "base_url": "https://api.example.com",
    "secrets": ["key"],
    "resources": {"contacts": RESOURCE},
}


def problems_of(**parts):
    with pytest.raises(ManifestError) as caught:
        read_manifest(json.dumps({**GOOD, **parts}), format="json")
    return [(problem.code, problem.path) for problem in caught.value.problems]


def test_a_moment_without_a_place_is_found():
    found = problems_of(resources={"contacts": {**RESOURCE, "incremental": {"format": "unix"}}})
    assert found == [("manifest-incremental", "$.resources.contacts.incremental")]


def test_a_moment_in_a_header_is_a_place():
    asked = {"path": "/c", "headers": {"If-Modified-Since": "{{since}}"}}
    resource = {**RESOURCE, "list": asked, "incremental": {"format": "unix"}}
    assert read_manifest(json.dumps({**GOOD, "resources": {"contacts": resource}}), format="json").resources


@pytest.mark.parametrize(
    ("signed", "path"),
    [("{{fields.t}}", "$.webhook.verification.signed"), ("{{key}}{{body}}", "$.webhook.verification.signed")],
)
def test_a_signed_text_has_the_body_and_no_secret(signed, path):
    proof = {"kind": "hmac-sha256", "header": "X-Sign", "secret": "{{key}}", "signed": signed}
    assert path in [place for _, place in problems_of(webhook={"verification": proof})]


def test_an_envelope_needs_its_parts():
    create = {"request": {"method": "POST", "path": "/c"}, "body": {"m": "email"}, "body_at": "params[0]"}
    found = problems_of(push={"contact": {"create": create}})
    assert ("manifest-push", "$.push.contact.create.body_at") in found


def test_a_key_of_items_needs_a_place_in_the_failure():
    bulk = {"request": {"method": "POST", "path": "/c"}, "body": {"m": "email"}, "items_at": "$", "item_key": "m"}
    assert ("manifest-push", "$.push.contact.bulk.item_key") in problems_of(push={"contact": {"bulk": bulk}})
