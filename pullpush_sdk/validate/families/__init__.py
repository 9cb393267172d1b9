"""The families of rules that look at a connector without running it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from pullpush_sdk.errors import Problem

if TYPE_CHECKING:
    from pullpush_sdk.validate._case import Case


def static_families() -> Mapping[str, Callable[[Case], Iterator[Problem]]]:
    """Family to its check, in the order in which they are shown."""
    from pullpush_sdk.validate import miniapp  # noqa: PLC0415 - it looks at samples by a family of this package

    from . import auth, identity, mapping, package, pagination, push, requests, samples, secrets, structure, webhook  # noqa: PLC0415

    return {
        "structure": structure.check,
        "identity": identity.check,
        "secrets": secrets.check,
        "auth": auth.check,
        "requests": requests.check,
        "pagination": pagination.check,
        "mapping": mapping.check,
        "webhook": webhook.check,
        "push": push.check,
        "samples": samples.check,
        "package": package.check,
        "miniapp": miniapp.check,
    }
