"""All benchmarks in one run: `make bench`, or `python -m benchmarks --quick` for the small sizes.

Every figure comes from a process of its own. Machines differ and drift: read the ratios, which are taken within one
run, before the absolute figures.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

PYTHON = sys.executable
ROOT = Path(__file__).parents[1]
SIZES = (5_000, 50_000, 200_000)
ROUNDS = 3


@contextmanager
def serving(records):
    """A product server on loopback; yields its port."""
    command = [PYTHON, "-m", "benchmarks.server", str(records)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield int(server.stdout.readline())
        server.stdin.close()


def measured(way, port):
    """One run of one way, as its process reports it."""
    command = [PYTHON, "-m", "benchmarks.extract", way, str(port)]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def extraction(sizes):
    """Extract, map, JSON lines: by hand, by the SDK, and with the durable log in between; ways take turns."""
    print("\nextract -> map -> JSON lines (1.5 kB products, ten fields, 200 a page; medians of interleaved runs)")
    print(f"{'records':>9}  {'way':<22}{'records/s':>11}{'CPU s/100k':>12}{'peak MB':>9}{'CPU vs hand':>13}")
    for size in sizes:
        with serving(size) as port:
            runs = {"hand": [], "sdk": [], "log": []}
            for _ in range(ROUNDS if size < 200_000 else 1):
                for way, found in runs.items():
                    found.append(measured(way, port))
        by_hand = statistics.median(run["cpu"] for run in runs["hand"])
        for way, found in runs.items():
            cpu = statistics.median(run["cpu"] for run in found)
            rate = size / statistics.median(run["seconds"] for run in found)
            peak = max(run["rss_mb"] for run in found)
            name = {"hand": "hand-written loop", "sdk": "SDK", "log": "SDK, log in between"}[way]
            print(
                f"{size:>9,}  {name:<22}{rate:>11,.0f}{cpu / size * 100_000:>12.2f}{peak:>9.0f}{cpu / by_hand:>13.2f}"
            )


def scripts(*names):
    """The benchmarks that print their own tables."""
    for name, *arguments in names:
        print(f"\n{name} {' '.join(arguments)}", flush=True)
        subprocess.run([PYTHON, f"benchmarks/{name}", *arguments], cwd=ROOT, check=True)


def start_up():
    """`pullpush --help` beside a click program of the same commands and nothing else."""
    bare = (
        "import click\n@click.group()\ndef main(): pass\n"
        + "".join(f"@main.command()\ndef command{n}(): pass\n" for n in range(12))
        + "main(['--help'])"
    )
    ways = {"bare click": [PYTHON, "-c", bare], "pullpush --help": [str(Path(PYTHON).with_name("pullpush")), "--help"]}
    taken = {name: [] for name in ways}
    for _ in range(7):
        for name, command in ways.items():
            started = time.perf_counter()
            subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={**os.environ, "NO_COLOR": "1"})
            taken[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    print("\nstart-up (wall seconds, median of 7)")
    for name, seconds in medians.items():
        print(f"  {name:<18}{seconds:.3f}   x {seconds / medians['bare click']:.2f}")


def main():
    """Everything, smallest first."""
    quick = "--quick" in sys.argv[1:]
    start_up()
    extraction(SIZES[:1] if quick else SIZES)
    webhooks = ("bench_webhooks.py", *(("--seconds", "2", "--rounds", "1") if quick else ()))
    scripts(("bench_mapping.py",), ("bench_log.py",), ("bench_dispatch.py",), webhooks)


if __name__ == "__main__":
    main()
