"""Serves a folder on loopback for the tests of install.sh, and prints its address.

Below /cut/ each file ends half-way, as when the network breaks off.
"""

import contextlib
import functools
import http.server
import sys


class Handler(http.server.SimpleHTTPRequestHandler):
    cut = False

    def translate_path(self, path: str) -> str:
        self.cut = path.startswith("/cut/")
        return super().translate_path(path.removeprefix("/cut"))

    def copyfile(self, source, outputfile) -> None:
        content = source.read()
        # SHA256SUMS arrives whole, so that the archive is tried.
        whole = not self.cut or "SUMS" in self.path
        with contextlib.suppress(ConnectionError):
            outputfile.write(content if whole else content[: len(content) // 2])

    def log_message(self, *_) -> None:
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=sys.argv[1]))
print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
server.serve_forever()
