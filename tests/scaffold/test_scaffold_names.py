"""What a connector may be called, and what becomes of the name."""

import keyword

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullpush_sdk.errors import SetupError
from pullpush_sdk.scaffold import names_of


@pytest.mark.parametrize(
    ("given", "name", "module", "title"),
    [
        ("zoho-books", "zoho-books", "pullpush_zoho_books", "Zoho Books"),
        ("Zoho Books", "zoho-books", "pullpush_zoho_books", "Zoho Books"),
        ("ZohoBooks", "zoho-books", "pullpush_zoho_books", "ZohoBooks"),
        ("pullpush-zoho", "zoho", "pullpush_zoho", "Zoho"),
        ("Café", "cafe", "pullpush_cafe", "Café"),
        ("class", "class", "pullpush_class", "Class"),
        ("3cx", "3cx", "pullpush_3cx", "3cx"),
        ("my.shop!", "my-shop", "pullpush_my_shop", "My.shop"),
        ("__my__shop__", "my-shop", "pullpush_my_shop", "My Shop"),
    ],
)
def test_one_name_has_every_spelling(given, name, module, title):
    """However it is typed."""
    names = names_of(given, taken=[])
    assert (names.name, names.module, names.title) == (name, module, title)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("متجر", "Latin"),
        ("магазин shop", "Latin"),
        ("", "Latin"),
        ("---", "Latin"),
        ("sdk", "reserved"),
        ("Acme", "reserved"),
        ("test", "reserved"),
        ("x" * 41, "41 characters"),
        ("../evil", "is a path"),
    ],
)
def test_what_cannot_be_a_name_is_refused_with_the_reason(given, why):
    """The message says why, the hint what to do."""
    with pytest.raises(SetupError, match=why):
        names_of(given, taken=[])


def test_a_distribution_that_exists_is_refused():
    """Whatever its spelling."""
    with pytest.raises(SetupError, match="installed already"):
        names_of("big_shop", taken=["PullPush.Big-Shop"])
    with pytest.raises(SetupError, match="installed already"):
        names_of("salla")


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_any_text_is_a_good_name_or_refused(text):
    """Never a package that Python cannot import."""
    try:
        names = names_of(text, taken=[])
    except SetupError:
        return
    assert names.module.isidentifier()
    assert not keyword.iskeyword(names.module)
    assert names.distribution.isascii()


def test_tokens_are_replaced_in_one_pass():
    """A name that holds the template's own is not replaced twice."""
    names = names_of("acme-tools", title="Acme Tools", taken=[])
    assert names.put_into("pullpush_acme acme Acme test_acme X-Acme-Key") == (
        "pullpush_acme_tools acme-tools Acme Tools test_acme_tools X-Acme-Tools-Key"
    )
