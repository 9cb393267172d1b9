"""What a new connector is called: one name given, every spelling of it that files need."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import unicodedata
from collections.abc import Iterable

import attrs

from pullpush_sdk.errors import SetupError
from pullpush_sdk.plugins import distribution_name

__all__ = ["Names", "names_of"]

_LONGEST = 40
_RESERVED = {
    "sdk": "pullpush-sdk is this SDK itself",
    "pullpush": "pullpush is the product's own name",
    "acme": "acme is the platform of the template",
    "sandbox": "sandbox is a part of every connector",
    "test": "test is what its tests are called",
    "tests": "tests is what its tests are called",
}
_TOKEN = re.compile("pullpush_acme|test_acme|X-Acme-|Acme|ACME|acme")
_TITLE = re.compile(r"[^\W_][\w .&'+()/-]{0,59}")


@attrs.frozen(kw_only=True)
class Names:
    """Every spelling: `name` is the connector's, `module` its package, `distribution` what is installed."""

    name: str
    title: str

    @property
    def identifier(self) -> str:
        """As part of a Python name."""
        return self.name.replace("-", "_")

    @property
    def module(self) -> str:
        """The package."""
        return f"pullpush_{self.identifier}"

    @property
    def distribution(self) -> str:
        """What is installed."""
        return f"pullpush-{self.name}"

    def put_into(self, text: str) -> str:
        """A text of the template with these names in place of the imaginary platform's."""
        header = "-".join(part.capitalize() for part in self.name.split("-"))
        tokens = {
            "pullpush_acme": self.module,
            "test_acme": f"test_{self.identifier}",
            "X-Acme-": f"X-{header}-",
            "Acme": self.title,
            "ACME": self.name.replace("-", "").upper(),
            "acme": self.name,
        }
        # In one pass: a name that holds a token itself is not replaced again.
        return _TOKEN.sub(lambda found: tokens[found[0]], text)


def names_of(given: str, *, title: str = "", taken: Iterable[str] | None = None) -> Names:
    """The names for what an author typed: `Zoho Books`, `zoho_books` and `pullpush-zoho-books` are one connector.

    `taken` are distributions that exist; None: those installed here.

    Raises:
        SetupError: nothing can be called so; says why and what could.
    """
    if "/" in given or "\\" in given:
        raise SetupError(
            f"{given!r} is a path, and a name is needed", hint="give the name; --folder says where to write"
        )
    name = _slug(given)
    if not name:
        raise SetupError(
            f"{given!r} holds no letter or digit of the Latin alphabet, and a package's name has no others",
            hint="write the name in Latin letters; --title takes the real one",
        )
    if name in _RESERVED:
        raise SetupError(
            f"the name {name!r} is reserved: {_RESERVED[name]}",
            hint=f"name it after the platform, such as {'my' if name == 'pullpush' else name}-shop",
        )
    if len(name) > _LONGEST:
        raise SetupError(
            f"the name {name[:_LONGEST]}… has {len(name)} characters, at most {_LONGEST} are allowed",
            hint="give a short name; --title takes the real one",
        )
    names = Names(name=name, title=_title(title or _spoken(given)))
    if _canonical(names.distribution) in {_canonical(each) for each in (_installed() if taken is None else taken)}:
        raise SetupError(
            f"a distribution {names.distribution} is installed already",
            hint=f"choose another name, such as {name}-2, or uninstall it",
        )
    if importlib.util.find_spec(names.module) is not None and taken is None:
        raise SetupError(f"a package {names.module} can be imported already", hint="choose another name")
    return names


def _slug(given: str) -> str:
    plain = unicodedata.normalize("NFKD", given).encode("ascii", "ignore").decode()
    # A name that loses most of its letters on the way is not that name any more.
    if len(re.findall(r"\w", plain)) < len([sign for sign in given if sign.isalnum()]):
        return ""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", plain)
    slug = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
    return re.sub(r"^(pullpush-)+(?=.)", "", slug)


def _spoken(given: str) -> str:
    """A title for a name: what was typed where it looks like one, else its words in capitals."""
    stripped = re.sub(r"^pullpush[-_ ]+", "", given.strip(), flags=re.IGNORECASE)
    stripped = re.sub(r"^[\W_]+|[^\w .&'+()-]", "", stripped)[:60]
    if re.search(r"[^\W\d_]", stripped) and stripped != stripped.lower() and not re.search(r"[-_]", stripped):
        return stripped
    return " ".join(word[:1].upper() + word[1:] for word in re.split(r"[-_\s]+", stripped) if word)


def _title(text: str) -> str:
    title = " ".join(text.split())
    if not _TITLE.fullmatch(title):
        raise SetupError(
            f"the title {text!r} cannot be used",
            hint="up to 60 letters, digits, spaces and .&'+()/- with a letter or digit first; give one by --title",
        )
    return title


def _installed() -> list[str]:
    return [distribution_name(each) for each in importlib.metadata.distributions()]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
