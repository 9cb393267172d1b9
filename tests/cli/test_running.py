"""sync, status, flow and dead-letters, over two sandboxes and a real store."""

from __future__ import annotations

import signal
from typing import Any


def test_sync_reports_a_table_and_status_remembers_it(place: Any, as_json: Any) -> None:
    done = place.run("sync", "main")
    assert done.exit_code == 0, done.output
    assert "main (active)" in done.stdout
    row = next(line for line in done.stdout.splitlines() if "stocklevel" in line)
    assert row.split()[1:3] == ["12", "12"]
    (flow,) = as_json(place.run("status", "--json"))["flows"]
    assert flow["counts"]["product"]["delivered"] == 12
    assert flow["lastSync"]["ok"]
    plain = place.run("status")
    assert plain.exit_code == 0
    assert "main: last sync" in plain.stderr


def test_a_full_store_says_so_and_goes_on_when_it_may(place: Any, as_json: Any) -> None:
    text = place.file.read_text()
    place.file.write_text(text + '\n[engine]\nmax_size = "50kB"\n')
    refused = place.run("sync", "main")
    assert refused.exit_code == 1
    assert "its limit is 50.0 kB" in refused.stderr
    assert "raise [engine] max_size" in refused.stderr
    shown = as_json(place.run("status", "--json"))
    assert "limit" in shown["pressure"]["reason"]
    assert shown["store"]["bytes"] > 50_000
    assert "nothing new is taken" in place.run("status").stderr
    place.file.write_text(text)
    assert place.run("sync", "main").exit_code == 0
    shown = as_json(place.run("status", "--json"))
    assert shown["pressure"] is None
    (flow,) = shown["flows"]
    assert (flow["retrying"], flow["lastHour"]["delivered"]) == (0, 24)
    assert flow["lastSuccess"]


def test_sync_all_as_json(place: Any, as_json: Any) -> None:
    (report,) = as_json(place.run("sync", "--all", "--json"))
    assert report["ok"]
    assert report["counts"]["stocklevel"]["read"] == 12


def test_a_shadow_flow_says_so_first_and_how_to_change_it(place: Any, as_json: Any) -> None:
    place.edit('state = "active"', "")
    done = place.run("sync", "main")
    assert done.stderr.splitlines()[0] == (
        "main is in shadow: nothing is written; pullpush flow activate main makes it write"
    )
    assert not place.store(place.right).writes
    assert "everything again" in place.run("flow", "activate", "main").stderr
    assert as_json(place.run("flow", "list", "--json"))[0]["state"] == "active"
    assert place.run("sync", "main").exit_code == 0
    assert len(place.store(place.right).writes) == 24
    assert "was active" in place.run("flow", "pause", "main").stderr
    assert "paused" in place.run("sync", "main").stderr
    assert "was paused" in place.run("flow", "shadow", "main").stderr


def test_dead_letters_are_listed_shown_grouped_retried_and_dropped(place: Any, as_json: Any) -> None:
    place.store(place.right).refuse |= {"S003|", "S005|"}
    done = place.run("sync", "main")
    assert done.exit_code == 1
    assert "pullpush dead-letters list --flow main" in done.stderr
    letters = as_json(place.run("dead-letters", "list", "--json"))
    assert [each["key"] for each in letters] == ["S003", "S005"]
    shown = place.run("dead-letters", "show", str(letters[0]["id"]))
    assert "is not wanted here" in shown.stdout
    assert '"sku": "S003"' in shown.stdout
    assert "S003" in place.run("dead-letters", "list").stdout
    groups = as_json(place.run("dead-letters", "list", "--group", "--json"))
    assert sum(each["count"] for each in groups) == 2
    assert place.run("dead-letters", "list", "--group").exit_code == 0

    place.store(place.right).refuse.clear()
    retried = place.run("dead-letters", "retry", str(letters[0]["id"]))
    assert retried.exit_code == 0, retried.output
    assert ("stocklevel", "S003|") in place.store(place.right).writes
    dropped = as_json(place.run("dead-letters", "drop", "--all", "--json"))
    assert dropped == {"dropped": 1}
    assert as_json(place.run("dead-letters", "list", "--json")) == []
    assert place.run("dead-letters", "list").stderr == "no dead letters\n"


def test_wrong_use_of_dead_letters(place: Any) -> None:
    assert place.run("dead-letters", "retry").exit_code == 2
    assert place.run("dead-letters", "show", "99").exit_code == 2


def test_sync_wants_flows_or_all_and_not_both(place: Any) -> None:
    assert place.run("sync").exit_code == 2
    assert place.run("sync", "main", "--all").exit_code == 2
    wrong = place.run("sync", "mian")
    assert wrong.exit_code == 2
    assert "did you mean 'main'?" in wrong.stderr


def test_ctrl_c_ends_well_and_the_next_sync_goes_on(place: Any) -> None:
    place.right.control.faults.replace([{"fault": "slow", "match": {"method": "POST"}, "seconds": 1}])
    process = place.start("sync", "main")
    while not place.store(place.right).writes:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130, (out, err)
    assert "stopping" in err
    assert "Traceback" not in err
    place.right.control.faults.replace([])
    assert len(place.store(place.right).writes) < 24
    assert place.run("sync", "main").exit_code == 0
    writes = place.store(place.right).writes
    assert len(writes) == len(set(writes)) == 24


def test_a_killed_sync_loses_nothing(place: Any) -> None:
    place.right.control.faults.replace([{"fault": "slow", "match": {"method": "POST"}, "seconds": 30, "skip": 3}])
    process = place.start("sync", "main")
    while len(place.store(place.right).writes) < 3:
        assert process.poll() is None
    process.kill()
    process.communicate(timeout=20)
    place.right.control.faults.replace([])
    assert place.run("sync", "main").exit_code == 0
    held = {record["sku"] for _, record in place.store(place.right).rows["stocklevel"].values()}
    assert held == {f"S{number:03}" for number in range(12)}


def test_a_second_sync_asks_the_one_that_holds_the_store(place: Any) -> None:
    place.right.control.faults.replace([{"fault": "slow", "match": {"method": "POST"}, "seconds": 4, "times": 1}])
    first = place.start("sync", "main")
    while not place.store(place.right).writes:
        assert first.poll() is None
    second = place.call("sync", "main")
    out, err = first.communicate(timeout=30)
    assert first.returncode == 0, (out, err)
    assert second.returncode == 0, second
    assert f"process {first.pid} on" in second.stderr
    writes = place.store(place.right).writes
    assert len(writes) == len(set(writes)) == 24
