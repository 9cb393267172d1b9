"""What every request is made from is asked for before anything is sent, by name and with the mend."""

from pullpush_sdk.plugins import load_plugins
from pullpush_sdk.project import FILE_NAME, check_settings, load_project

PLUGINS = load_plugins()


def problems(folder, connector, lines):
    (folder / FILE_NAME).write_text("\n".join(["[connections.shop]", f'connector = "{connector}"', *lines]))
    project = load_project(folder)
    found = check_settings(project, project.connection("shop"), PLUGINS.connector(connector).connector)[1]
    return [(problem.message, problem.hint, problem.line) for problem in found]


def test_a_secret_that_the_auth_needs_is_named_where_it_is_missing(tmp_path, monkeypatch):
    """Not the placeholder of a manifest that the operator never saw."""
    monkeypatch.setenv("ONE", "value-of-one")
    found = problems(tmp_path, "salla", ['access_token = {env = "ONE"}', 'client_id = {env = "ONE"}'])
    (client_secret,) = [each for each in found if "client_secret" in each[0]]
    assert "is not set" in client_secret[0]
    assert client_secret[1] == 'add client_secret = {env = "NAME"}'
    assert client_secret[2] == 1


def test_what_has_a_fallback_is_not_asked_for(tmp_path, monkeypatch):
    """A connector with several ways to authorise asks for none in particular."""
    monkeypatch.setenv("ONE", "value-of-one")
    assert problems(tmp_path, "shopify", ['shop = "my-shop"', 'access_token = {env = "ONE"}']) == []


def test_a_reference_that_leads_nowhere_is_said_once(tmp_path):
    """It is set, only not resolved: that is another problem."""
    settings = ['host = "shop.example"', 'auth = "bearer"', 'access_token = {env = "NO_SUCH"}']
    found = problems(tmp_path, "magento", settings)
    assert len(found) == 1
    assert "NO_SUCH" in found[0][0]


def test_a_token_with_the_word_that_is_sent_before_it_is_found(tmp_path, monkeypatch):
    """Before anything is sent, by the setting's name, and without what it holds."""
    monkeypatch.setenv("ONE", "value-of-one")
    monkeypatch.setenv("TWO", "bearer value-of-two")
    token = ['access_token = {env = "TWO"}']
    rest = [f'{name} = {{env = "ONE"}}' for name in ("client_id", "client_secret", "webhook_secret")]
    (found,) = problems(tmp_path, "salla", [*token, *rest, 'store_id = "1"'])
    assert found[0].startswith("'access_token' begins with 'Bearer'")
    assert found[2] == 3
    assert "value-of-two" not in f"{found}"
