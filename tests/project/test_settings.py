from __future__ import annotations

from pathlib import Path

import pytest

from pullpush_sdk.connector import Connector
from pullpush_sdk.errors import ProjectError
from pullpush_sdk.project import FILE_NAME, Project, check_settings, load_project, resolve_settings

ACME = Connector(
    name="acme",
    title="Acme",
    version="1",
    settings={
        "type": "object",
        "properties": {
            "shop": {"type": "string", "description": "the shop's name", "examples": ["hats"]},
            "size": {"type": "integer", "maximum": 100},
            "token": {"type": "string", "minLength": 8},
        },
        "required": ["shop", "token"],
        "additionalProperties": False,
    },
    secrets=("token",),
)
SECRET = "tok-5f2e77aa01"


def project(folder: Path, body: str) -> Project:
    (folder / FILE_NAME).write_text(f'[connections.shop]\nconnector = "acme"\n{body}\n')
    return load_project(folder)


def findings(loaded: Project) -> list[str]:
    return [str(each) for each in check_settings(loaded, loaded.connection("shop"), ACME)[1]]


def test_good_settings_come_out_with_secrets_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_TOKEN", SECRET)
    loaded = project(tmp_path, 'shop = "hats"\nsize = 5\ntoken = {env = "ACME_TOKEN"}')
    settings = resolve_settings(loaded, loaded.connection("shop"), ACME)
    assert settings.values == {"shop": "hats", "size": 5}
    assert settings.secrets == {"token": SECRET}
    assert SECRET not in repr(settings)


def test_a_secret_may_come_from_a_file_beside_the_project(tmp_path: Path) -> None:
    (tmp_path / "token.txt").write_text(SECRET + "\n")
    loaded = project(tmp_path, 'shop = "hats"\ntoken = {file = "token.txt"}')
    assert resolve_settings(loaded, loaded.connection("shop"), ACME).secrets == {"token": SECRET}


def test_a_secret_in_clear_is_refused_with_the_mend_and_not_shown(tmp_path: Path) -> None:
    loaded = project(tmp_path, f'shop = "hats"\ntoken = "{SECRET}"')
    (found,) = findings(loaded)
    assert f"{FILE_NAME}:4: secret 'token' stands in clear (at $.connections.shop.token)" in found
    assert '{env = "NAME"}' in found
    assert SECRET not in found


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ('{env = "ACME_NOT_SET"}', "environment variable ACME_NOT_SET is not set"),
        ('{file = "gone.txt"}', "gone.txt cannot be read: No such file"),
        ('{file = "empty.txt"}', "empty.txt is empty"),
        ('{keyring = "no-slash"}', "is not service/user"),
        ('{envv = "X"}', "stands in clear"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(tmp_path: Path, token: str, words: str) -> None:
    (tmp_path / "empty.txt").write_text("\n")
    (found,) = findings(project(tmp_path, f'shop = "hats"\ntoken = {token}'))
    assert words in found


def test_a_value_from_a_secret_place_never_shows_in_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_TOKEN", "short")
    monkeypatch.setenv("ACME_SIZE", "sizeword")
    found = findings(project(tmp_path, 'shop = "hats"\nsize = {env = "ACME_SIZE"}\ntoken = {env = "ACME_TOKEN"}'))
    assert len(found) == 2
    assert not any("short" in each or "sizeword" in each for each in found)


def test_missing_unknown_and_wrong_settings_are_all_found(tmp_path: Path) -> None:
    found = findings(project(tmp_path, "size = 500\nshp = 1"))
    assert len(found) == 4
    text = "\n".join(found)
    assert "setting 'shop' is missing" in text
    assert "the shop's name (such as 'hats')" in text
    assert "setting 'token' is missing" in text
    assert "acme has no setting 'shp'" in text
    assert "did you mean 'shop'?" in text
    assert "500 is greater than the maximum of 100" in text


def test_the_error_holds_every_problem(tmp_path: Path) -> None:
    loaded = project(tmp_path, "size = 500")
    with pytest.raises(ProjectError) as caught:
        resolve_settings(loaded, loaded.connection("shop"), ACME)
    assert len(caught.value.problems) == 3
