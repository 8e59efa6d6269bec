"""Serves a folder on loopback for the tests of install.sh, and prints its address.

Below /cut/ each file ends half-way, as when the network breaks off, and below /stuck/ no more comes then.
"""

import contextlib
import functools
import http.server
import sys
import threading


class Handler(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path: str) -> str:
        return super().translate_path(path.removeprefix("/cut").removeprefix("/stuck"))

    def copyfile(self, source, outputfile) -> None:
        content = source.read()
        # SHA256SUMS arrives whole, so that the archive is tried.
        whole = not self.path.startswith(("/cut/", "/stuck/")) or "SUMS" in self.path
        with contextlib.suppress(ConnectionError):
            outputfile.write(content if whole else content[: len(content) // 2])
            if not whole and self.path.startswith("/stuck/"):
                threading.Event().wait()

    def log_message(self, *_) -> None:
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=sys.argv[1]))
print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
server.serve_forever()
