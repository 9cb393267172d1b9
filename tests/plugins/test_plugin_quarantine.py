"""Really installed bad plugins, in a process of their own: each is named and left out, and everything else works."""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pullpush_sdk.plugins._metadata import distribution_name, distribution_version
from tests.throwaway import HOOKS, install

ROOT = Path(__file__).parents[2]
PULLPUSH = (sys.executable, "-c", "from pullpush_sdk.cli import main; main()")
# Only what the test installed: how long others take is not its business.
LOAD = """
import json, sys
from pullpush_sdk.plugins import find_sources, load_plugins
plugins = load_plugins([each for each in find_sources() if "bay" in each.distribution])
bad = {each.source: str(each.error) for each in plugins.failures}
owners = [each.distribution for each in plugins.connectors.values()]
print(json.dumps({"good": sorted(plugins.connectors), "owners": owners, "bad": bad}))
"""
MANIFEST = """\
manifest: 1
name: {name}
title: A shop
version: 1.0.0
base_url: https://shop.example
auth: {{kind: none}}
resources:
  stock: {{canonical_type: stocklevel, list: {{path: /stock}}, canonical_map: {{sku: code}}}}
"""
BAD = {
    "bay-absent": ("import no_such_module_anywhere", ["failed to import", "no_such_module_anywhere"]),
    "bay-exits": ("raise SystemExit(0)", ["failed to import", "it ended the program"]),
    "bay-quits": ("import sys; sys.exit('bye')", ["it ended the program", "bye"]),
    "bay-interrupts": ("raise KeyboardInterrupt", ["failed to import", "KeyboardInterrupt"]),
    "bay-base": ("class Odd(BaseException): pass\nraise Odd('strange')", ["failed to import", "Odd: strange"]),
    "bay-deep": ("def f(): f()\nf()", ["failed to import", "RecursionError"]),
    "bay-broken": ("def (", ["failed to import", "SyntaxError"]),
    "bay-misspelt": (
        HOOKS + "\n@hookimpl\ndef pullpush_pusch(connection):\n    pass\n",
        ["unknown hook 'pullpush_pusch'", "did you mean 'pullpush_push'?"],
    ),
    "bay-argument": (
        HOOKS + "\n@hookimpl\ndef pullpush_pull(connection, canonical_types, cursor):\n    pass\n",
        ["pullpush_pull has no argument 'canonical_types'", "did you mean 'canonical_type'?"],
    ),
    "bay-hookless": ("def pull():\n    pass\n", ["implements no hook", "@hookimpl"]),
    "bay-unmarked": (
        HOOKS + "\ndef pullpush_push(connection):\n    pass\n",
        ["pullpush_push is not marked", "@hookimpl"],
    ),
    "bay-bomb": (
        HOOKS + "\ndef __dir__():\n    raise SystemExit('no looking')\n",
        ["is not good", "it ended the program", "no looking"],
    ),
    "bay-late": (
        "from pullpush_sdk import hookimpl\n@hookimpl\ndef pullpush_connector():\n    raise SystemExit(3)\n",
        ["is not good", "it ended the program"],
    ),
    "bay-types": (
        "from pullpush_sdk import hookimpl\n@hookimpl\ndef pullpush_canonical_types():\n    return [7]\n",
        ["pullpush_canonical_types() gave int"],
    ),
    "bay-functions": (
        "from pullpush_sdk import hookimpl\n@hookimpl\ndef pullpush_functions():\n    raise GeneratorExit\n",
        ["failed in pullpush_functions()", "GeneratorExit"],
    ),
}


def python(site: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=site,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(site)]), "COLUMNS": "300", **environ},
    )


def load(site: Path, **environ: str) -> tuple[Any, subprocess.CompletedProcess[str]]:
    done = python(site, sys.executable, "-c", LOAD, **environ)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done


def shop(site: Path, name: str, distribution: str = "", **options: Any) -> None:
    files = {"hooks.py": HOOKS, "connector.yaml": MANIFEST.format(name=name)}
    install(site, distribution or f"bay-{name}", files, point=name, **options)


def test_every_bad_one_is_named_with_its_version_and_left_out(tmp_path: Path) -> None:
    shop(tmp_path, "good")
    for name, (code, _) in BAD.items():
        install(
            tmp_path, name, {"hooks.py": code, "connector.yaml": MANIFEST.format(name=name)}, version="0.7", point=name
        )
    install(tmp_path, "bay-nowhere", {}, module="bay_nowhere.lost", point="nowhere")
    install(tmp_path, "bay-document", {"hooks.py": HOOKS, "connector.yaml": "manifest: [1\n"}, point="document")
    install(tmp_path, "bay-empty", {"hooks.py": HOOKS}, point="empty")
    found, _ = load(tmp_path)
    assert found["good"] == ["good"]
    assert len(found["bad"]) == len(BAD) + 3, found["bad"]
    for name, (_, words) in BAD.items():
        (text,) = [f"{source} {error}" for source, error in found["bad"].items() if source.startswith(name)]
        assert all(word in text for word in words), text
        if name not in ("bay-types", "bay-functions"):
            assert f"{name} 0.7 (entry point {name!r})" in text
    everything = " ".join(found["bad"].values())
    assert "connector.yaml" in everything
    assert "bay_nowhere" in everything


def test_damaged_metadata_of_one_hurts_no_other(tmp_path: Path) -> None:
    """An installation that was broken off leaves such folders."""
    shop(tmp_path, "good")
    install(tmp_path, "bay-torn", {"hooks.py": HOOKS})
    (tmp_path / "bay_torn-1.0.dist-info" / "entry_points.txt").write_text("[pullpush]\nno equals sign here\n")
    install(tmp_path, "bay-bytes", {"hooks.py": HOOKS})
    (tmp_path / "bay_bytes-1.0.dist-info" / "entry_points.txt").write_bytes(b"[pullpush]\nx = \xff\xfe\n")
    shop(tmp_path, "nameless")
    (tmp_path / "bay_nameless-1.0.dist-info" / "METADATA").unlink()
    (tmp_path / "unrelated-1.0.dist-info").mkdir()
    (tmp_path / "unrelated-1.0.dist-info" / "entry_points.txt").write_text("[other]\nbroken\n")
    found, done = load(tmp_path)
    assert found["good"] == ["good", "nameless"]
    assert "bay-torn 1.0" in done.stderr
    assert "entry points cannot be read" in done.stderr
    assert "unrelated" not in done.stdout + done.stderr


def test_names_and_versions_are_read_as_the_standard_library_reads_them(tmp_path: Path) -> None:
    """Of wheels, of old folders and single files, with descriptions that look like fields."""
    texts = {
        "one-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: One_Shop\nVersion: 1.0\n\nName: not\nVersion: 9\n",
        "two.egg-info/PKG-INFO": "Metadata-Version: 1.0\nname:two\nSummary: Version: 3\nVersion: 2.0 \n",
        "three-3.egg-info": "Metadata-Version: 1.0\nName: three\nVersion: 3\n",
        "four-4.dist-info/RECORD": "",
    }
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = list(importlib.metadata.distributions(path=[str(tmp_path)]))
    assert len(found) == len(texts)
    told = {distribution_name(each): distribution_version(each) for each in found}
    assert told == {"One_Shop": "1.0", "two": "2.0", "three": "3", "four": ""}
    for each in found:
        if each.metadata["Name"]:
            assert told[each.metadata["Name"]] == each.metadata["Version"].strip()


def test_the_laws_find_a_connector_whose_entry_point_has_another_name(tmp_path: Path) -> None:
    """They load one connector, not all that are installed: first by its name, then by looking."""
    shop(tmp_path, "good")
    install(tmp_path, "bay-apart", {"hooks.py": HOOKS, "connector.yaml": MANIFEST.format(name="apart")}, point="else")
    lines = [
        "from pullpush_sdk.testing.conformance import LAWS, suite",
        "[suite(LAWS, each) for each in ('good', 'apart')]",
    ]
    done = python(tmp_path, sys.executable, "-c", "\n".join(lines))
    assert done.returncode == 0, done.stderr


def test_one_that_takes_too_long_is_interrupted_even_if_it_minds_not(tmp_path: Path) -> None:
    shop(tmp_path, "good")
    install(tmp_path, "bay-slow", {"hooks.py": "import time\ntime.sleep(50)"})
    install(tmp_path, "bay-busy", {"hooks.py": "while True:\n    pass"})
    stubborn = "import time\ntry:\n    time.sleep(50)\nexcept Exception:\n    pass\n" + HOOKS
    install(tmp_path, "bay-stubborn", {"hooks.py": stubborn, "connector.yaml": MANIFEST.format(name="stubborn")})
    found, done = load(tmp_path, PULLPUSH_IMPORT_LIMIT="1")
    assert found["good"] == ["good"]
    assert {source.partition(" ")[0] for source in found["bad"]} == {"bay-slow", "bay-busy", "bay-stubborn"}
    assert all("longer than 1 s" in error for error in found["bad"].values())
    assert "PULLPUSH_IMPORT_LIMIT" in done.stderr


def test_a_real_ctrl_c_is_no_fault_of_the_plugin(tmp_path: Path) -> None:
    """What the terminal sends while a plugin is imported ends the program, as ever."""
    install(tmp_path, "bay-long", {"hooks.py": "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"})
    done = python(tmp_path, sys.executable, "-c", LOAD)
    assert done.returncode == -signal.SIGINT or "KeyboardInterrupt" in done.stderr
    assert not done.stdout


def test_what_a_plugin_prints_does_not_spoil_the_output(tmp_path: Path) -> None:
    last = "import atexit\natexit.register(print, 'the last words')\n"
    files = {
        "hooks.py": "print('hello from', __name__)\n" + last + HOOKS,
        "connector.yaml": MANIFEST.format(name="chatty"),
    }
    install(tmp_path, "bay-chatty", files, point="chatty")
    done = python(tmp_path, *PULLPUSH, "connectors", "--json", "--timing")
    shown = json.loads(done.stdout)
    assert done.returncode == 0
    assert (
        "bay-chatty 1.0 (entry point 'chatty') printed while it was loaded: hello from bay_chatty.hooks" in done.stderr
    )
    assert "the last words" in done.stderr
    (cost,) = [each for each in shown["timing"] if each["connector"] == "chatty"]
    assert cost["state"] == "loaded"
    assert cost["seconds"] >= cost["importSeconds"] > 0
    assert [each["seconds"] for each in shown["timing"]] == sorted(
        (each["seconds"] for each in shown["timing"]), reverse=True
    )


@pytest.mark.parametrize("impostor", ["aaa-bay", "zzz-bay"])
def test_of_two_with_one_name_the_distribution_of_that_name_stays(tmp_path: Path, impostor: str) -> None:
    """Whatever the order in which they are found: nobody takes a connector's place by its own name in the alphabet."""
    shop(tmp_path, "harbourbay", "pullpush-harbourbay")
    shop(tmp_path, "harbourbay", impostor)
    found, done = load(tmp_path)
    assert found["good"] == ["harbourbay"]
    assert found["owners"] == ["pullpush-harbourbay"]
    ((source, error),) = found["bad"].items()
    assert source.startswith(f"{impostor} 1.0")
    assert "both provide connector 'harbourbay'" in error
    assert "uninstall one of them" in done.stderr


HELP = """
import sys
from click.testing import CliRunner
from pullpush_sdk.cli import cli
from pullpush_sdk.cli._app import COMMANDS
for arguments in [[], *([name] for name in COMMANDS), ["webhook", "send"], ["webhook", "replay"], ["flow", "activate"]]:
    done = CliRunner().invoke(cli, [*arguments, "--help"])
    assert done.exit_code == 0, (arguments, done.output)
for words in ("pullpush ", "pullpush co", "pullpush sync ", "pullpush webhook send ", "pullpush map "):
    environ = {"_PULLPUSH_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()))}
    done = CliRunner(env=environ).invoke(cli, prog_name="pullpush", complete_var="_PULLPUSH_COMPLETE")
    assert done.exit_code == 0, done.output
    assert words != "pullpush webhook send " or "quay" in done.output, done.output
found = [name for name in sys.modules if name.startswith(("bay_", "pullpush_"))]
loaded = [name for name in found if not name.startswith("pullpush_sdk")]
assert not loaded, loaded
"""


def test_no_help_and_no_completion_imports_a_plugin(tmp_path: Path) -> None:
    """A plugin that would end the program is there, and neither is disturbed."""
    install(tmp_path, "bay-exits", {"hooks.py": "import os\nos._exit(9)"})
    (tmp_path / "pullpush.toml").write_text('[connections.quay]\nconnector = "exits"\n')
    done = python(tmp_path, sys.executable, "-c", HELP)
    assert done.returncode == 0, done.stderr
