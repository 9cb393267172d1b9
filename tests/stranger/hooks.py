"""The connector of the imaginary back office."""

import attrs

from pullpush_sdk import CanonicalType, connector_from, hookimpl
from pullpush_sdk.canonical import INSTANT, TEXT, UNSET, always, optional, required


@attrs.frozen(kw_only=True)
class Shipment:
    """A parcel on its way: a canonical type that this connector adds."""

    shipment_id: str = required(TEXT)
    order_id: str | None = always(TEXT)
    carrier: str | None = optional(TEXT)
    updated_at: object = optional(INSTANT)


SHIPMENT = CanonicalType(
    name="shipment",
    record=Shipment,
    key=lambda shipment: shipment.shipment_id,
    identity=lambda shipment: shipment.shipment_id,
)


@hookimpl
def pullpush_connector():
    return connector_from("tests.stranger", functions={"initials": initials})


@hookimpl
def pullpush_canonical_types():
    return [SHIPMENT]


@hookimpl
def pullpush_sandbox(options):
    from tests.stranger.platform import build

    return build(options)


def initials(first, last):
    """A mapping function of its own."""
    return None if not first and not last else f"{(first or ' ')[0]}{(last or ' ')[0]}".strip()


assert UNSET is not None
