"""Records and JSON: nothing is lost, absent and null stay apart, numbers keep every digit."""

import json
from decimal import Decimal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pullpush_sdk.canonical import (
    BUILT_IN,
    TEXT,
    UNSET,
    CanonicalType,
    CanonicalTypes,
    Product,
    StockLevel,
    decode,
    dumps,
    encode,
    fields_of,
    from_wire,
    join_identity,
    json_schema,
    loads,
    required,
    to_sparse,
    to_wire,
)
from pullpush_sdk.errors import FieldError, PluginError
from pullpush_sdk.testing import strategies

TYPES = CanonicalTypes()
VALIDATORS = {kind.name: Draft202012Validator(json_schema(kind)) for kind in BUILT_IN}
KIND_AND_RECORD = strategies.canonical_types().flatmap(lambda kind: st.tuples(st.just(kind), strategies.records(kind)))


@given(KIND_AND_RECORD)
@settings(max_examples=60, deadline=None)
def test_the_log_form_gives_back_an_equal_record(case):
    """to_sparse and from_wire are inverse, through JSON text, with absent and null kept apart."""
    kind, record = case
    assert decode(kind, dumps(to_sparse(record))) == record


@given(KIND_AND_RECORD)
@settings(max_examples=60, deadline=None)
def test_the_wire_form_obeys_the_published_schema(case):
    """What a class encodes, its schema accepts; only absent key fields read back as null."""
    kind, record = case
    wire = json.loads(encode(record))
    VALIDATORS[kind.name].validate(wire)
    back = decode(kind, encode(record))
    for field in fields_of(kind.record):
        before, after = getattr(record, field.name), getattr(back, field.name)
        assert after == before or (field.always and before is UNSET and after is None)


@given(KIND_AND_RECORD, st.data())
@settings(max_examples=80, deadline=None)
def test_schema_and_decoder_refuse_the_same_documents(case, data):
    """A document with one value replaced is accepted by both or refused by both."""
    kind, record = case
    wire = json.loads(encode(record))
    name = data.draw(st.sampled_from(sorted(wire)))
    wire[name] = data.draw(
        st.sampled_from(
            [
                None,
                True,
                7,
                7.0,
                7.5,
                "",
                " ",
                "7",
                "1e5",
                "text",
                [],
                {},
                ["x"],
                {"nope": 1},
                "2026-01-01",
                "2026-01-01T00:00:00+03:00",
            ]
        )
    )
    try:
        from_wire(kind, loads(json.dumps(wire)))
        accepted = True
    except FieldError:
        accepted = False
    assert accepted == VALIDATORS[kind.name].is_valid(wire)


@given(st.integers(0, 10**30), st.integers(1, 30), st.booleans())
def test_numbers_keep_their_digits(digits, places, exponent):
    """A JSON number never passes through a float, up to thirty digits."""
    text = f"{digits}e-{places}" if exponent else str(Decimal(digits).scaleb(-places).__format__("f"))
    level = decode(TYPES["stocklevel"], f'{{"sku":"A","quantity":{text}}}')
    assert level.quantity == Decimal(text)
    assert isinstance(level.quantity, int) == (Decimal(text) == Decimal(text).to_integral_value())


@pytest.mark.parametrize("text", ["NaN", "Infinity", '"5"', "true", "[]", "{}"])
def test_a_quantity_is_a_number_or_null(text):
    """Nothing else passes for a quantity, and blank text least of all."""
    with pytest.raises(FieldError):
        decode(TYPES["stocklevel"], f'{{"sku":"A","quantity":{text}}}')


def test_zero_and_null_are_two_things():
    """A real zero is a quantity; null and absence are no data."""
    kind = TYPES["stocklevel"]
    assert not kind.no_data(decode(kind, '{"sku":"A","quantity":0}'))
    assert kind.no_data(decode(kind, '{"sku":"A","quantity":null}'))
    assert kind.no_data(decode(kind, '{"sku":"A"}'))


def test_key_fields_are_always_on_the_wire():
    """The published key fields appear even when nothing is known of them."""
    assert to_wire(StockLevel(sku="A")) == {"sku": "A", "quantity": None, "locationId": None, "updatedAt": None}
    assert set(to_wire(Product(sku="A"))) == {"sku", "title", "description", "price", "currency", "variants"}


def test_every_place_of_a_bad_document_is_named():
    """Problems are collected, with the wire's names and list indices."""
    text = '{"orderId":"1","lineItems":[{"unitPrice":"x"},{"skuu":1}],"status":"zzz","customer":3}'
    with pytest.raises(FieldError) as caught:
        decode(TYPES["order"], text)
    for place in ("$.lineItems[0].unitPrice", "$.lineItems[1]", "skuu", "$.status", "$.customer"):
        assert place in str(caught.value)


def test_naive_instants_are_refused():
    """A time without a zone is a guess."""
    with pytest.raises(FieldError, match="instant in UTC"):
        decode(TYPES["stocklevel"], '{"sku":"A","updatedAt":"2026-01-01T00:00:00"}')


def test_a_newer_version_is_refused_and_an_older_one_upgraded():
    """Versions are integers; only registered steps lead upward."""

    @attrs.frozen(kw_only=True)
    class Shipment:
        shipment_id: str = required(TEXT)

    def rename(payload):
        return {"shipmentId": payload["id"]}

    kind = CanonicalType(
        name="shipment",
        version=2,
        record=Shipment,
        key=lambda each: each.shipment_id,
        identity=lambda each: each.shipment_id,
        upgrades={1: rename},
    )
    assert from_wire(kind, {"id": "7"}, version=1) == Shipment(shipment_id="7")
    with pytest.raises(FieldError, match="newer than the 2"):
        from_wire(kind, {}, version=3)
    with pytest.raises(FieldError, match="cannot be upgraded"):
        from_wire(kind, {}, version=0)


@given(
    st.lists(st.text(alphabet="a|\\"), min_size=1, max_size=4),
    st.lists(st.text(alphabet="a|\\"), min_size=1, max_size=4),
)
def test_identities_are_equal_only_for_equal_parts(left, right):
    """No two different lists of parts share an identity."""
    assert (join_identity(*left) == join_identity(*right)) == (left == right)


def test_a_taken_type_name_is_an_error():
    """Two owners of one name cannot both be right."""
    with pytest.raises(PluginError, match="registered twice"):
        TYPES.extended([TYPES["order"]])
