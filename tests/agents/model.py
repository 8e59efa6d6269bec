#!/usr/bin/env python3
"""A scripted model on loopback, for running real agent programs without a network.

usage: model.py PORT SCRIPT.json LOG

It speaks as much of the Anthropic Messages API, the OpenAI Responses API and the Gemini API as Claude
Code, OpenCode, Codex and the Gemini CLI need to run commands, to write files and to end.
SCRIPT.json: {"steps": [a shell command, or {"write": file, "text": its text}, ...], "say": the last words,
"status": the HTTP status of each answer instead, "error": its message, "headers": {...}, "body": what it
answers in place of our own error, "events": those of a stream that fails, where one is asked for, "refuse_s":
the seconds after the first request in which it does all this; without it, always}.
LOG gets a line for each request, and what each step came to, as the agent reports it.
"""
import http.server
import json
import sys
import time

SCRIPT, LOG = json.load(open(sys.argv[2])), open(sys.argv[3], "a", buffering=1)
STEPS, SAY = SCRIPT.get("steps", []), SCRIPT.get("say", "All done.")
FIRST_S = None


def call(tools, done):
    """The tool of this program that does a step, and its arguments; None where nothing is left to do.

    `tools` are the names that the request offers. Without any the program asks for something aside, such
    as a title.
    """
    step = STEPS[done] if done < len(STEPS) else None
    if step is None or not tools:
        return None
    if isinstance(step, str):
        for name, arguments in (
            ("Bash", {"command": step, "description": "a step"}),
            ("bash", {"command": step, "description": "a step"}),
            ("run_shell_command", {"command": step}),
            ("exec_command", {"cmd": step}),
            ("shell_command", {"command": step}),
            ("shell", {"command": ["sh", "-c", step]}),
        ):
            if name in tools:
                return name, arguments
        return None
    path, text = step["write"], step["text"]
    for name, arguments in (
        ("Write", {"file_path": path, "content": text}),
        ("write", {"filePath": path, "content": text}),
        ("write_file", {"file_path": path, "content": text}),
    ):
        if name in tools:
            return name, arguments
    # Codex takes this as an edit rather than as a command.
    added = "".join(f"+{line}\n" for line in text.splitlines())
    patch = f"*** Begin Patch\n*** Add File: {path}\n{added}*** End Patch"
    return "exec_command", {"cmd": f"apply_patch <<'EOF'\n{patch}\nEOF\n"}


def since_first_s():
    """The time since the first request."""
    global FIRST_S
    now_s = time.monotonic()
    if FIRST_S is None:
        FIRST_S = now_s
    return now_s - FIRST_S


class Model(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def json(self, body, status=200, headers=()):
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in [("content-type", "application/json"), ("content-length", str(len(data))), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def stream(self, events):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for event in events:
            name = f"event: {event['type']}\n" if "type" in event else ""
            self.wfile.write(f"{name}data: {json.dumps(event)}\n\n".encode())
            self.wfile.flush()
        self.close_connection = True

    def do_HEAD(self):
        self.json({})

    def do_GET(self):
        LOG.write(f"GET {self.path}\n")
        self.json({"data": [], "models": []})

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        body = json.loads(raw or b"{}")
        at_s = since_first_s()
        LOG.write(f"POST {self.path} {len(raw)} bytes {at_s:.0f} s\n")
        if "count_tokens" in self.path:
            return self.json({"input_tokens": 10})
        if at_s < SCRIPT.get("refuse_s", float("inf")):
            if SCRIPT.get("events") and body.get("stream"):
                return self.stream(SCRIPT["events"])
            if SCRIPT.get("status"):
                return self.refuse(SCRIPT["status"], SCRIPT.get("error", "refused"))
        for part, answer in (
            ("/messages", self.anthropic),
            ("/responses", self.openai),
            ("enerateContent", self.gemini),
        ):
            if part in self.path:
                return answer(body)
        self.json({})

    def refuse(self, status, message):
        kinds = {401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}
        error = {"type": kinds.get(status, "api_error"), "code": status, "message": message}
        body = SCRIPT.get("body", {"type": "error", "error": error})
        self.json(body, status, list(SCRIPT.get("headers", {}).items()))

    def next(self, tools, results):
        if results:
            LOG.write("RESULT " + json.dumps(results[-1])[:400] + "\n")
        return call(tools, len(results))

    def anthropic(self, body):
        contents = [message.get("content") for message in body.get("messages", [])]
        parts = [part for content in contents if isinstance(content, list) for part in content]
        results = [part.get("content") for part in parts if part.get("type") == "tool_result"]
        todo = self.next([tool.get("name") for tool in body.get("tools") or []], results)
        if todo:
            name, arguments = todo
            block = {"type": "tool_use", "id": f"toolu_{len(results)}", "name": name, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(arguments)}
        else:
            block, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": SAY}
        message = {
            "id": "msg_1", "type": "message", "role": "assistant", "model": body.get("model"), "content": [],
            "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 1},
        }
        end = {"stop_reason": "tool_use" if todo else "end_turn", "stop_sequence": None}
        self.stream([
            {"type": "message_start", "message": message},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": end, "usage": {"output_tokens": 5}},
            {"type": "message_stop"},
        ])

    def openai(self, body):
        said = [part for part in body.get("input") or [] if isinstance(part, dict)]
        results = [part.get("output") for part in said if str(part.get("type", "")).endswith("call_output")]
        todo = self.next([tool.get("name") for tool in body.get("tools") or []], results)
        if todo:
            name, arguments = todo
            item = {
                "type": "function_call", "call_id": f"call_{len(results)}", "name": name,
                "arguments": json.dumps(arguments),
            }
        else:
            text = {"type": "output_text", "text": SAY}
            item = {"type": "message", "id": "msg_1", "role": "assistant", "content": [text]}
        usage = {
            "input_tokens": 10, "input_tokens_details": None, "output_tokens": 5,
            "output_tokens_details": None, "total_tokens": 15,
        }
        self.stream([
            {"type": "response.created", "response": {"id": "resp_1"}},
            {"type": "response.output_item.done", "item": item},
            {"type": "response.completed", "response": {"id": "resp_1", "usage": usage}},
        ])

    def gemini(self, body):
        parts = [part for content in body.get("contents") or [] for part in content.get("parts", [])]
        results = [part["functionResponse"] for part in parts if "functionResponse" in part]
        groups = [tool.get("functionDeclarations", []) for tool in body.get("tools") or []]
        tools = [function.get("name") for group in groups for function in group]
        todo = self.next(tools, results)
        if todo:
            part = {"functionCall": {"name": todo[0], "args": todo[1]}}
        elif tools:
            part = {"text": SAY}
        else:
            # It asks which of its models to use, and wants JSON.
            part = {"text": json.dumps({
                "reasoning": "simple", "model_choice": "flash", "complexity_reasoning": "simple", "complexity_score": 10,
            })}
        usage = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}
        content = {"role": "model", "parts": [part]}
        answer = {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "usageMetadata": usage}
        self.stream([answer]) if "stream" in self.path else self.json(answer)


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Model).serve_forever()
