"""The child process: what a connector does in there is bounded, told, and never reaches beyond this machine."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pullpush_sdk.validate import Effort, Example, Options, validate, write_example

HOOKS = """
from pullpush_sdk import connector_from, hookimpl
{at_import}

@hookimpl
def pullpush_connector():
    return connector_from(__package__)
"""
DEATHS = {
    "loops for ever": "while True: pass",
    "exits": "import os; os._exit(7)",
    "takes all memory": "x = [bytearray(100_000_000) for _ in range(1000)]",
    "prints for ever": "while True: print('x' * 10_000)",
    "tells the end itself": (
        "import os\n"
        "for number in range(3, 64):\n"
        "    try:\n"
        '        os.write(number, b\'{"kind": "end"}\\n\')\n'
        "    except OSError:\n"
        "        pass\n"
        "os._exit(0)"
    ),
    "kills itself": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
}
REACHES = {
    "a host by its address": "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)",
    "a host by its name": "import socket; socket.getaddrinfo('example.com', 80)",
    "a datagram": "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))",
    "a program": "import subprocess; subprocess.run(['true'])",
    "another program by the name of a pattern's trial": (
        "import subprocess\n"
        "from pullpush_sdk.manifest.patterns import TRIAL\n"
        "subprocess.run(TRIAL, executable='/bin/true')"
    ),
    "a fork": "import os; os.fork()",
    "a file elsewhere": "open('/var/tmp/pullpush-elsewhere', 'w')",
    "a folder elsewhere": "import os; os.mkdir('/var/tmp/pullpush-elsewhere')",
}


def found(folder: Path, at_import: str, seconds: float = 20.0):
    hooks = HOOKS.format(at_import=at_import)
    target = write_example(
        Example(on="package", wrong={"file:pullpush_acme/hooks.py": hooks}, right={}), folder, wrong=True
    )
    options = Options(effort=Effort(seconds=seconds))
    return {each.code: each for each in validate(str(target), options).report.findings}


@pytest.mark.parametrize("way", DEATHS)
def test_a_connector_that_does_not_come_back_is_a_finding(way, tmp_path):
    started = time.monotonic()
    codes = found(tmp_path, DEATHS[way], seconds=6.0)
    assert codes.keys() & {"behaviour-died", "behaviour-load"}
    assert time.monotonic() - started < 40


def test_its_last_lines_are_shown(tmp_path):
    codes = found(tmp_path, "import os, sys; print('the end is near', file=sys.stderr, flush=True); os._exit(3)")
    assert "exit code 3" in codes["behaviour-died"].message
    assert "the end is near" in codes["behaviour-died"].hint


@pytest.mark.parametrize("way", REACHES)
def test_it_reaches_this_machine_only(way, tmp_path):
    assert "behaviour-refused" in found(tmp_path, REACHES[way])


def test_a_pattern_of_a_setting_may_be_tried_in_there(tmp_path):
    """It has a process of its own there too: two repeats, and a default that it must fit."""
    setting = {"type": "string", "pattern": "^[a-z]+(-[a-z]+)*$", "default": "main-shop"}
    changed = {"$.settings": {"type": "object", "properties": {"branch": setting}}}
    target = write_example(Example(on="package", wrong=changed, right={}), tmp_path, wrong=True)
    report = validate(str(target), Options(effort=Effort(seconds=20))).report
    assert not {each.code for each in report.findings} & {"behaviour-refused", "behaviour-load"}
    assert report.trials


def test_it_sees_nothing_of_our_environment(tmp_path):
    os.environ["PULLPUSH_TEST_TOKEN"] = "seen"
    try:
        codes = found(
            tmp_path, "import os; assert 'PULLPUSH_TEST_TOKEN' not in os.environ; assert 'PATH' not in os.environ"
        )
    finally:
        del os.environ["PULLPUSH_TEST_TOKEN"]
    assert "behaviour-load" not in codes


def test_static_families_import_nothing_of_it(tmp_path):
    mark = tmp_path / "imported"
    hooks = HOOKS.format(at_import=f"open({str(mark)!r}, 'w').close()")
    target = write_example(
        Example(on="package", wrong={"file:pullpush_acme/hooks.py": hooks}, right={}), tmp_path / "acme", wrong=True
    )
    validate(str(target), Options(behaviour=False))
    assert not mark.exists()


def test_a_hook_that_is_misspelt_is_found_by_reading_and_by_loading(tmp_path):
    target = write_example(
        Example(
            on="package",
            wrong={
                "file:pullpush_acme/hooks.py": HOOKS.format(at_import="").replace(
                    "pullpush_connector", "pullpush_conector"
                )
            },
            right={},
        ),
        tmp_path,
        wrong=True,
    )
    codes = {each.code for each in validate(str(target), Options()).report.findings}
    assert {"package-hook-name", "behaviour-load"} <= codes
