"""`pullpush auth` against a real authorization server: in a browser that comes back, pasted, refused, forged."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from pullpush_sdk.plugins import load_plugins
from pullpush_sdk.sandbox import SandboxOptions

PLUGINS = load_plugins()
_FILE = """\
[connections.shop]
connector = "salla"
sandbox = "{origin}"
store_id = "{store_id}"
client_id = {{env = "SHOP_CLIENT_ID"}}
client_secret = {{env = "SHOP_CLIENT_SECRET"}}

[connections.warehouse]
connector = "depot"
sandbox = "{origin}"
depot = "left"
token = {{env = "SHOP_CLIENT_ID"}}
"""


class Shop:
    """A project with one connection that nobody authorised yet, and its platform."""

    def __init__(self, folder: Path, servers) -> None:
        self.folder = folder
        self.box = PLUGINS.connector("salla").hook.pullpush_sandbox(options=SandboxOptions(records=3))
        self.origin = servers.serve(self.box.app)
        settings = {"origin": self.origin, "store_id": self.box.settings["store_id"]}
        (folder / "pullpush.toml").write_text(_FILE.format(**settings))
        secrets = self.box.secrets
        self.environ = {"SHOP_CLIENT_ID": secrets["client_id"], "SHOP_CLIENT_SECRET": secrets["client_secret"]}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        depot = str(Path(__file__).parents[1] / "depot")
        return subprocess.Popen(
            [sys.executable, "-c", "from pullpush_sdk.cli import main; main()", *arguments],
            cwd=self.folder,
            env={**os.environ, **self.environ, "PYTHONPATH": depot},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, typed: str = "") -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, err = process.communicate(typed, timeout=60)
        return process.returncode, out, err


@pytest.fixture
def shop(tmp_path, servers):
    return Shop(tmp_path, servers)


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/callback"


def url_shown(process):
    """The address to open, and everything said until we are waited for."""
    said = []
    for line in process.stderr:
        said.append(line)
        if "Waiting for the browser" in line:
            break
    return next(line.strip() for line in said if line.strip().startswith("http"))


def visit(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.status, answer.read().decode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args, **_options):
        return None


def granted(url):
    """Where the platform sends the browser after the merchant said yes."""
    with pytest.raises(urllib.error.HTTPError) as redirect:
        urllib.request.build_opener(_NoRedirect).open(url, timeout=20)
    with redirect.value as answer:
        return answer.headers["location"]


def test_a_browser_comes_back_with_a_code(shop):
    assert shop.run("auth", "shop", "--status")[0] == 1
    process = shop.start("auth", "shop", "--no-browser", "--redirect-uri", free_address(), "--json")
    url = url_shown(process)
    assert url.startswith(f"{shop.origin}/oauth2/auth?")
    status, page = visit(url)
    assert (status, "close this window" in page) == (200, True)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    shown = json.loads(out)
    assert (shown["way"], shown["authorized"], shown["renews"]) == ("person", True, True)
    # The token is stored, encrypted, and used by the next process.
    assert shop.run("auth", "shop", "--status")[0] == 0
    code, out, err = shop.run("check", "shop")
    assert code == 0, out + err
    (sealed,) = [each for each in (shop.folder / ".pullpush" / "tokens").iterdir() if not each.name.endswith(".lock")]
    state = json.dumps(shop.box.control.dump())
    assert sealed.stat().st_mode & 0o077 == 0
    assert not [text for text in state.split('"') if len(text) > 30 and text.encode() in sealed.read_bytes()]


def test_the_address_of_a_browser_elsewhere_is_pasted(shop):
    process = shop.start("auth", "shop", "--no-browser", "--redirect-uri", "https://erp.example/back")
    lines = iter(process.stderr)
    url = next(line.strip() for line in lines if line.strip().startswith("http"))
    out, err = process.communicate(granted(url) + "\n", timeout=60)
    assert process.returncode == 0, err
    assert "shop: ok" in out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state": "another"}, "another question"),
        ({"code": None, "error": "access_denied"}, "access was not granted: access_denied"),
        ({"code": "guessed"}, "was refused"),
    ],
)
def test_a_forged_or_refused_answer_leaves_no_token(shop, change, message):
    process = shop.start("auth", "shop", "--no-browser", "--redirect-uri", free_address())
    back = granted(url_shown(process))
    query = {**dict(parse_qsl(urlsplit(back).query)), **change}
    visit(f"{back.partition('?')[0]}?{urlencode({key: each for key, each in query.items() if each is not None})}")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert message in err
    assert "Traceback" not in err
    assert shop.run("auth", "shop", "--status")[0] == 1


def test_other_requests_do_not_count_as_the_answer(shop):
    process = shop.start("auth", "shop", "--no-browser", "--redirect-uri", free_address())
    url = url_shown(process)
    address = urlsplit(dict(parse_qsl(urlsplit(url).query))["redirect_uri"])
    with pytest.raises(urllib.error.HTTPError) as missing:
        visit(f"http://{address.netloc}/favicon.ico")
    with missing.value as answer:
        assert answer.code == 404
    with socket.create_connection((address.hostname, address.port), timeout=20) as raw:
        raw.sendall(b"\x00" * 20_000)
    visit(url)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_nobody_coming_back_is_said(shop):
    code, _, err = shop.run("auth", "shop", "--no-browser", "--redirect-uri", free_address(), "--timeout", "1")
    assert code == 1
    assert "nobody came back within 1 s" in err
    assert "--paste" in err


def test_a_port_in_use_is_said(shop):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        uri = f"http://127.0.0.1:{taken.getsockname()[1]}/callback"
        code, _, err = shop.run("auth", "shop", "--no-browser", "--redirect-uri", uri)
    assert code == 2
    assert "cannot listen" in err


def test_fixed_credentials_need_no_token(shop):
    code, out, err = shop.run("auth", "warehouse")
    assert code == 0, err
    assert "used as they are" in out
    code, _, err = shop.run("auth", "nothing")
    assert (code, "no connection named 'nothing'" in err) == (2, True)
