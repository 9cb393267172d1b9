"""The far end of the crash test: a process of its own that notes every write in a file of its own.

One line a write: sequence, pid of the writer, key, identity, version, value, start, end (monotonic nanoseconds). It
applies a write as soon as it has read it, whether or not the writer lives to see the answer. The line `quiet` is
answered when every connection that came before it has ended.
"""

from __future__ import annotations

import json
import random
import socketserver
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any


class Destination(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, log: Path, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), Writes)
        self.log = log.open("a", buffering=1)
        self.rng = random.Random(seed)
        self.lock = threading.Lock()
        self.ended = threading.Condition()
        self.connections = 0
        self.sequence = 0

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.ended:
            self.connections += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self.ended:
            self.connections -= 1
            self.ended.notify_all()

    def wait_quiet(self) -> None:
        with self.ended:
            self.ended.wait_for(lambda: self.connections == 1)


class Writes(socketserver.StreamRequestHandler):
    server: Destination

    def handle(self) -> None:
        with suppress(ConnectionError):  # the writer was killed
            self._writes()

    def _writes(self) -> None:
        for line in self.rfile:
            if line == b"quiet\n":
                self.server.wait_quiet()
                self.wfile.write(b"ok\n")
                continue
            batch = json.loads(line)
            start = time.monotonic_ns()
            with self.server.lock:
                work = self.server.rng.random() * 0.002
            time.sleep(work)
            end = time.monotonic_ns()
            with self.server.lock:
                for each in batch["writes"]:
                    self.server.sequence += 1
                    note = {"n": self.server.sequence, "pid": batch["pid"], "start": start, "end": end, **each}
                    self.server.log.write(json.dumps(note) + "\n")
            self.wfile.write(b"ok\n")


def main() -> None:
    server = Destination(Path(sys.argv[1]), int(sys.argv[2]))
    print(server.server_address[1], flush=True)  # noqa: T201 - the parent waits for it
    server.serve_forever()


if __name__ == "__main__":
    main()
