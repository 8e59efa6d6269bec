#!/usr/bin/env python3
"""Measures a program: from its start on an empty home to the first byte of the page, and its memory then."""

import http.client
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

TIMES = 15


def start(program):
    """Starts it once; returns milliseconds and megabytes."""
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder, "home")
        begun = time.perf_counter()
        serve = [program, "serve", "--home", home, "--listen", "127.0.0.1:0"]
        with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
            port = int(server.stdout.readline().rsplit(":", 1)[1])
            token = pathlib.Path(home, "token").read_text().strip()
            page = http.client.HTTPConnection("127.0.0.1", port)
            page.request("GET", "/", headers={"authorization": f"Bearer {token}", "accept": "text/html"})
            answer = page.getresponse()
            answer.read(1)
            took = (time.perf_counter() - begun) * 1000
            assert answer.status == 200, answer.status
            answer.read()
            status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
            server.terminate()
        return took, int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


took, held = zip(*(start(sys.argv[1]) for _ in range(TIMES)))
print(f"{statistics.median(took):.0f} ms to the first byte, {statistics.median(held):.0f} MB (medians of {TIMES})")
