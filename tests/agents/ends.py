#!/usr/bin/env python3
"""Writes down how the agent programs end when their model refuses.

usage: ends.py TOOLS FOLDER OUT [PROGRAM[-CASE] ...]

TOOLS is the folder with the npm packages, FOLDER one that may be emptied and is not below /tmp, OUT that of
the fixtures. It has to run in a namespace that has only loopback, as agents.py does. Each program runs with
the command of its lane, without a board. A fixture has the exit code and the time in its first line, then
the end of standard output and, after a line of its own, of standard error.
"""
import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from refusals import CASES, DAY_S

HERE = Path(__file__).resolve().parent
TOOLS, FOLDER, OUT = (Path(word).resolve() for word in sys.argv[1:4])
CHOSEN = sys.argv[4:]
LIMIT_S = 450
# The lines and bytes that are kept of each stream.
KEPT = {"stdout": (12, 4 * 1024), "stderr": (6, 2 * 1024)}
# They take a processor while they start, some for ten seconds, and none while they wait.
AT_ONCE, BETWEEN_S = 8, 3
PROMPT = "Say hello."
COMMANDS = {
    "claude": [
        "claude", "--print", PROMPT, "--output-format", "stream-json", "--verbose",
        "--permission-mode", "acceptEdits", "--allowedTools", "Bash",
    ],
    "codex": ["codex", "exec", "--json", "--sandbox", "workspace-write", "--skip-git-repo-check", PROMPT],
    "gemini": [
        "gemini", "--prompt", PROMPT, "--approval-mode", "yolo", "--skip-trust", "--output-format", "stream-json",
    ],
    "opencode": ["opencode", "run", "--auto", PROMPT],
}


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else json.dumps(text))


def claude(home, base, key="key"):
    env = {
        "ANTHROPIC_BASE_URL": base, "DISABLE_TELEMETRY": "1", "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }
    token = "sk-ant-oat01-" + "0" * 80
    if key == "key":
        env["ANTHROPIC_API_KEY"] = "x"
    elif key == "oauth":
        env["CLAUDE_CODE_OAUTH_TOKEN"] = token
    elif key:
        until_s = time.time() + (DAY_S if key == "login" else -DAY_S)
        write(home / ".claude/.credentials.json", {"claudeAiOauth": {
            "accessToken": token, "refreshToken": "sk-ant-ort01-" + "0" * 80, "expiresAt": int(until_s * 1000),
            "scopes": ["user:inference", "user:profile"], "subscriptionType": "max",
            "rateLimitTier": "default_claude_max_5x",
        }})
    return env


def jwt(claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    return f"{part({'alg': 'none'})}.{part(claims)}.{part('signature')}"


def codex(home, base, key="key"):
    by_key = key in ("key", None)
    write(home / ".codex/config.toml", f"""
        model = "gpt-5"
        model_provider = "local"
        check_for_update_on_startup = false
        chatgpt_base_url = "{base}/backend-api"
        [analytics]
        enabled = false
        [model_providers.local]
        name = "local"
        base_url = "{base}/v1"
        wire_api = "responses"
        {'env_key = "OPENAI_API_KEY"' if by_key else 'requires_openai_auth = true'}
    """)
    if key not in ("key", None, "never"):
        account = {"chatgpt_plan_type": key, "chatgpt_account_id": "account", "chatgpt_user_id": "user"}
        claims = {
            "email": "ada@example.org", "exp": int(time.time()) + DAY_S, "https://api.openai.com/auth": account,
        }
        write(home / ".codex/auth.json", {
            "auth_mode": "chatgpt", "OPENAI_API_KEY": None, "last_refresh": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "tokens": {
                "id_token": jwt(claims), "access_token": jwt(claims), "refresh_token": "refresh", "account_id": "account",
            },
        })
    env = {"CODEX_REFRESH_TOKEN_URL_OVERRIDE": f"{base}/oauth/token"}
    return env | ({"OPENAI_API_KEY": "x"} if key == "key" else {})


def gemini(home, base, key="key", type="gemini-api-key"):
    security = {"security": {"auth": {"selectedType": type}}} if type else {}
    write(home / ".gemini/settings.json", security | {
        "privacy": {"usageStatisticsEnabled": False}, "general": {"enableAutoUpdate": False},
    })
    return ({"GOOGLE_GEMINI_BASE_URL": base} if base else {}) | ({"GEMINI_API_KEY": "x"} if key else {})


def opencode(home, base, key="key", provider="anthropic"):
    models = {"anthropic": "claude-sonnet-4-5", "openai": "gpt-5", "google": "gemini-2.5-pro"}
    path = {"google": "/v1beta"}.get(provider, "/v1")
    settings = {"autoupdate": False, "share": "disabled"}
    if key != "never":
        options = {"baseURL": base + path} | ({"apiKey": "x"} if key else {})
        settings |= {
            "model": f"{provider}/{models[provider]}", "small_model": f"{provider}/{models[provider]}",
            "provider": {provider: {"options": options}},
        }
    write(home / ".config/opencode/opencode.json", settings)
    return {}


def run(program, case):
    script, settings = CASES[program][case]
    settings = dict(settings)
    folder = FOLDER / program / case
    shutil.rmtree(folder, ignore_errors=True)
    # A repository of its own, or they take the one around it for theirs.
    subprocess.run(["git", "init", "--quiet", folder / "work"], check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    write(folder / "script.json", script)
    base, model = settings.pop("base", f"http://127.0.0.1:{port}"), None
    if not settings.pop("down", False):
        model = subprocess.Popen(
            [sys.executable, HERE / "model.py", str(port), "script.json", "model.log"],
            cwd=folder, stderr=subprocess.DEVNULL,
        )
        time.sleep(0.5)
    home = folder / "home"
    ours = globals()[program](home, base, **settings)
    kept = {name: os.environ[name] for name in ("LANG", "USER") if name in os.environ}
    env = kept | ours | {
        "HOME": str(home), "TZ": "Europe/Berlin", "PATH": f"{TOOLS}/node_modules/.bin:{os.environ['PATH']}",
    }
    begun = time.monotonic()
    with open(folder / "stdout", "w") as out, open(folder / "stderr", "w") as err:
        agent = subprocess.Popen(
            COMMANDS[program], env=env, cwd=folder / "work", stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            start_new_session=True,
        )
        try:
            code = agent.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(agent.pid, signal.SIGTERM)
            code = agent.wait()
    took_s = time.monotonic() - begun
    if model:
        model.terminate()
        model.wait()
    code = 128 - code if code < 0 else code
    text = f"# exit {code} after {took_s:.0f} s\n" + tail(folder, "stdout", port)
    if errors := tail(folder, "stderr", port):
        text += "--- stderr\n" + errors
    write(OUT / f"{program}-{case}.txt", text)
    return f"exit {code} after {took_s:.0f} s"


def tail(folder, name, port):
    """The end of a stream, without anything that names this machine."""
    text = (folder / name).read_text(errors="replace")
    for pattern, instead in (
        (re.sub("[^0-9A-Za-z]", "-", str(folder / "work")), "-home-ada-app"),
        (re.escape(str(folder / "home")), "/home/ada"),
        (re.escape(str(folder / "work")), "/home/ada/app"),
        (re.escape(str(TOOLS)), "/usr/local/lib"),
        (str(port), "8080"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "00000000-0000-0000-0000-000000000000"),
        (r"\b(ses|msg|prt|err)_[0-9A-Za-z]{8,}", r"\1_0"),
        (r"\b(pid[= ])\d+", r"\g<1>1"),
    ):
        text = re.sub(pattern, instead, text)
    most, size = KEPT[name]
    lines = text.splitlines()[-most:]
    while len(lines) > 1 and sum(len(line.encode()) + 1 for line in lines) > size:
        lines.pop(0)
    return "".join(f"{line.encode()[:size].decode(errors='ignore')}\n" for line in lines)


def main():
    names = [(program, case) for case in dict.fromkeys(case for cases in CASES.values() for case in cases)
             for program in CASES if case in CASES[program]]
    chosen = [(program, case) for program, case in names
              if not CHOSEN or program in CHOSEN or f"{program}-{case}" in CHOSEN]
    lock = threading.Lock()

    def tell(program, case):
        try:
            end = run(program, case)
        except Exception as error:  # Each case is told of, whatever went wrong in it.
            end = f"FAILED: {error!r}"
        with lock:
            print(f"• {program}-{case}: {end}", flush=True)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name in chosen:
            pool.submit(tell, *name)
            time.sleep(BETWEEN_S)


main()
