"""Takes a release and its files as a forge does, and prints its address and then each of them: for publish.sh."""

import http.server
import json


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/releases"):
            print("release", json.loads(body)["tag_name"], json.loads(body)["draft"], self.headers["Authorization"], flush=True)
        else:
            print(self.path, self.headers.get_content_type(), b"the sums" in body, flush=True)
        self.answer()

    def do_PATCH(self) -> None:
        print(self.path, self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self.answer()

    def answer(self) -> None:
        upload = f"http://127.0.0.1:{self.server.server_address[1]}/uploads/7/assets{{?name,label}}"
        answer = json.dumps({"id": 7, "upload_url": upload}).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_) -> None:
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
server.serve_forever()
