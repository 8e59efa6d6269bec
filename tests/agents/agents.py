#!/usr/bin/env python3
"""Runs the shipped lanes with the real programs against a scripted model, without a network.

usage: agents.py KANBAN TOOLS FOLDER [--waits] [LANE ...]

KANBAN is the program, TOOLS the folder with the npm packages, FOLDER one that may be emptied; it must not
be below /tmp, where Codex makes no helpers. It has to run in a namespace that has only loopback. For each
lane a task is done, one is asked about, one is worked on in a worktree, one is stopped, and the model
answers 401, 429 and 500. Prints the table of the guide, and exits with 1 where an expectation failed.
With --waits it runs instead the two scenes of lanes that wait: they take minutes, and nothing else is in them.
"""
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from refusals import CASES

HERE = Path(__file__).resolve().parent
KANBAN, TOOLS, FOLDER = sys.argv[1], Path(sys.argv[2]).resolve(), Path(sys.argv[3]).resolve()
WAITS = "--waits" in sys.argv
LANES = [word for word in sys.argv[4:] if word != "--waits"] or ["claude", "codex", "gemini", "opencode"]
# The longest that a program was seen to try is under six minutes, where it is not told for how long.
LIMIT_S = 450
# What a sandboxed program can do nothing about.
CANNOT_REPORT = {"codex"}
KEYS = ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY")


def configure(home, port, has_key):
    """Makes each program speak to the model, and to nobody else."""
    key = {"apiKey": "x"} if has_key else {}
    base = f"http://127.0.0.1:{port}"
    files = {
        ".codex/config.toml": f"""
            model = "gpt-5"
            model_provider = "local"
            check_for_update_on_startup = false
            [analytics]
            enabled = false
            [model_providers.local]
            name = "local"
            base_url = "{base}/v1"
            wire_api = "responses"
            env_key = "OPENAI_API_KEY"
        """,
        ".gemini/settings.json": json.dumps({
            "security": {"auth": {"selectedType": "gemini-api-key"}},
            "privacy": {"usageStatisticsEnabled": False},
            "general": {"enableAutoUpdate": False},
        }),
        ".config/opencode/opencode.json": json.dumps({
            "autoupdate": False,
            "share": "disabled",
            "model": "anthropic/claude-sonnet-4-5",
            "small_model": "anthropic/claude-sonnet-4-5",
            "provider": {"anthropic": {"options": {"baseURL": f"{base}/v1"} | key}},
        }),
    }
    for name, text in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {
        "HOME": str(home),
        "PATH": f"{TOOLS}/node_modules/.bin:{os.environ['PATH']}",
        "ANTHROPIC_BASE_URL": base,
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "GOOGLE_GEMINI_BASE_URL": base,
    } | (dict.fromkeys(KEYS, "x") if has_key else {})


class TimedOut(Exception):
    pass


class Board:
    """A board with one shipped lane, a dispatcher, and a model with a script."""

    def __init__(self, lane, name, script, has_key=True):
        self.lane, self.folder = lane, FOLDER / lane / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        (self.folder / "script.json").write_text(json.dumps(script))
        self.model = subprocess.Popen(
            [sys.executable, HERE / "model.py", str(port), "script.json", "model.log"],
            cwd=self.folder, stderr=subprocess.DEVNULL,
        )
        ours = configure(self.folder / "user", port, has_key) | {
            "KANBAN_HOME": str(self.folder / "home"), "PWD": str(self.folder),
        }
        kept = {name: value for name, value in os.environ.items() if "KANBAN" not in name and name not in KEYS}
        self.env = kept | ours
        self.kanban("init")
        self.kanban("lanes", "add", lane)
        if lane == "opencode":
            # Two that start first make its database at once, and one of them fails.
            subprocess.run(["opencode", "session", "list"], env=self.env, cwd=self.folder, capture_output=True)
        self.daemon = None

    def kanban(self, *words):
        ran = subprocess.run([KANBAN, *words], env=self.env, capture_output=True, text=True)
        assert ran.returncode == 0, f"kanban {' '.join(words)}: {ran.stderr}{ran.stdout}"
        return ran.stdout

    def create(self, *flags):
        if not self.daemon:
            log = open(self.folder / "daemon.log", "w")
            self.daemon = subprocess.Popen(
                [KANBAN, "daemon"], env=self.env, cwd=self.folder, stdout=log, stderr=log
            )
        created = self.kanban(
            "create", "Say hello", "--assignee", self.lane, "--failure-limit", "1", "--json", *flags
        )
        return json.loads(created)["id"]

    def until(self, what, is_it):
        end = time.monotonic() + LIMIT_S
        while not (found := is_it()):
            if time.monotonic() > end:
                raise TimedOut(f"not {what} within {LIMIT_S} s")
            time.sleep(0.2)
        return found

    def ended(self, task):
        def run():
            shown = json.loads(self.kanban("show", task, "--json"))
            is_over = shown["task"]["status"] not in ("ready", "running")
            return shown if is_over else None
        return self.until("ended", run)

    def failures(self, ids):
        """The events of these tasks that tell of attempts which count."""
        counted = ("attempt_failed", "spawn_failed", "gave_up", "spawn_auto_blocked", "crashed")
        shown = [json.loads(self.kanban("show", task, "--json")) for task in ids]
        return [event for task in shown for event in task["events"] if event["kind"] in counted]

    def tasks(self, ids):
        return [json.loads(self.kanban("show", task, "--json"))["task"] for task in ids]

    def log(self, task):
        return self.kanban("log", task)

    def processes(self):
        """Those that have our home in their environment, but for the dispatcher."""
        mark, found = f"KANBAN_HOME={self.folder}/home".encode(), []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                is_ours = mark in (process / "environ").read_bytes()
            except OSError:
                continue
            if is_ours and int(process.name) != self.daemon.pid:
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (self.daemon, self.model):
            if process:
                process.terminate()
                process.wait()


def check(is_so, what):
    assert is_so, what


def done(lane):
    steps = ["kanban context", "kanban comment half way", "kanban complete --result 'hello is written'"]
    with Board(lane, "done", {"steps": [{"write": "hello.txt", "text": "hello\n"}, *steps]}) as board:
        task = board.create("--workspace", f"dir:{board.folder}/work")
        shown, log = board.ended(task), board.log(task)
        result = "All done." if lane in CANNOT_REPORT else "hello is written"
        check(shown["task"]["status"] == "done", shown)
        check(shown["task"]["result"] == result, shown["task"]["result"])
        check((board.folder / "work/hello.txt").read_text() == "hello\n", "no file")
        check("hello.txt" in log and "kanban context" in log, log)
    return "by its exit" if lane in CANNOT_REPORT else "by `kanban complete`"


def question(lane):
    script = {"steps": ["kanban block 'which port?'"], "say": "Which port?"}
    with Board(lane, "question", script) as board:
        shown = board.ended(board.create())
        if lane in CANNOT_REPORT:
            check(shown["task"]["status"] == "done" and shown["task"]["result"] == "Which port?", shown)
            return "cannot ask: its question is the result"
        check(shown["task"]["status"] == "blocked", shown)
        check("which port?" in json.dumps(shown), shown)
    return "asks by `kanban block`"


def worktree(lane):
    steps = [{"write": "hello.txt", "text": "hello\n"}, "git status --short"]
    finish = [] if lane in CANNOT_REPORT else ["git add hello.txt && git commit -m hello && kanban complete --result ok"]
    with Board(lane, "worktree", {"steps": steps + finish}) as board:
        source = board.folder / "source"
        for words in (
            ["init", "-q"], ["config", "user.name", "Agent"], ["config", "user.email", "agent@localhost"],
            ["commit", "-q", "--allow-empty", "-m", "first"],
        ):
            source.mkdir(exist_ok=True)
            subprocess.run(["git", *words], cwd=source, env=board.env, check=True)
        with open(board.folder / "home/kanban.toml", "a") as config:
            # The lane stands last.
            config.write(f'repository = "{source}"\n')
        task = board.create("--workspace", "worktree")
        shown = board.ended(task)
        check(shown["task"]["status"] == "done", shown)
        place = Path(shown["task"]["workspace_path"])
        check((place / "hello.txt").read_text() == "hello\n", place)
        if finish:
            words = ["git", "log", "--oneline", f"kanban/{task}"]
            log = subprocess.run(words, cwd=source, env=board.env, capture_output=True, text=True)
            check("hello" in log.stdout, log)
    return "edits and commits" if finish else "edits; cannot commit"


def stop(lane):
    with Board(lane, "stop", {"steps": ["touch started; sleep 1000"]}) as board:
        task = board.create("--workspace", f"dir:{board.folder}/work")
        board.until("started", lambda: (board.folder / "work/started").exists())
        check(any("sleep 1000" in line for line in board.processes()), "no worker")
        board.kanban("cancel", task)
        begun = time.monotonic()
        board.until("gone", lambda: not board.processes())
        took = time.monotonic() - begun
    return f"gone after {took:.0f} s"


def refused(case, headers=None):
    """The service refuses, in its own words."""
    def run(lane):
        script = CASES[lane][case][0]
        script = script | {"headers": headers or script.get("headers", {})}
        with Board(lane, f"status-{case}{'-until' if headers else ''}", script) as board:
            task = board.create()

            def first():
                runs = json.loads(board.kanban("runs", task, "--json"))
                return runs[0] if runs and runs[0]["ended_at"] else None
            try:
                attempt = board.until("ended", first)
            except TimedOut:
                board.kanban("cancel", task)
                board.until("gone", lambda: not board.processes())
                return f"waits for longer than {LIMIT_S} s"
            took = attempt["ended_at"] - attempt["started_at"]
            what, _, words = attempt["error"].partition(": ")
            check(attempt["outcome"] in ("exit", "deferred"), attempt)
            effect = "holds the lane" if attempt["outcome"] == "deferred" else "a failure"
        return f"{what} after {took} s, {effect}: {words.replace('|', '/')[:160]}"
    return run


# A limit that ends in an hour, as the services say it.
UNTIL = {
    "retry-after": "3600",
    "anthropic-ratelimit-unified-status": "rejected",
    "anthropic-ratelimit-unified-reset": str(int(time.time()) + 3600),
}

# A refusal without a moment at which the program ends at once. OpenCode knows none, and tries for 100 s.
LIMITED = {
    "claude": ("429-retry-after-90", 90), "codex": ("429", 90), "gemini": ("429-day-no-delay", 90),
    "opencode": ("429", 150),
}


def limited(lane):
    """The model refuses for a while: ten tasks wait for it, and lose no attempt."""
    case, refuse_s = LIMITED[lane]
    steps = [] if lane in CANNOT_REPORT else ["kanban complete --result ok"]
    script = CASES[lane][case][0] | {"refuse_s": refuse_s, "steps": steps}
    with Board(lane, "limited", script) as board:
        ids = [board.create() for _ in range(10)]

        def over():
            tasks = board.tasks(ids)
            return tasks if all(task["status"] not in ("ready", "running") for task in tasks) else None
        tasks = board.until("ended", over)
        check(all(task["status"] == "done" for task in tasks) and not board.failures(ids), tasks)
        runs = [run for task in ids for run in json.loads(board.kanban("runs", task, "--json"))]
        refused = sorted((run["started_at"], run["ended_at"]) for run in runs if run["outcome"] != "completed")
        check(refused, runs)
        # Those that had started before the first refusal were refused as well; then it is one after the other.
        held = min(end for _, end in refused)
        probes = [run for run in refused if run[0] > held]
        for (_, end), (start, _) in zip(probes, probes[1:]):
            check(start >= end, f"two probes at once: {probes}")
        took = max(run["ended_at"] for run in runs) - min(run["started_at"] for run in runs)
    return f"all done after {took} s, {len(refused) - len(probes)} refused, {len(probes)} probes refused"


def never(lane):
    """Nobody is logged in: one entry in the inbox, and all tasks are where they were."""
    with Board(lane, "never", {}, has_key=False) as board:
        ids = [board.create() for _ in range(3)]

        def told():
            entries = json.loads(board.kanban("inbox", "--json"))
            is_idle = all(task["status"] != "running" for task in board.tasks(ids))
            return entries if is_idle else None
        entries = board.until("in the inbox", told)
        check(len(entries) == 1 and lane in json.dumps(entries), entries)
        tasks = board.tasks(ids)
        check(all(task["status"] == "ready" for task in tasks) and not board.failures(ids), tasks)
    return "one entry in the inbox, no task blocked"


SCENES = {"limited": limited, "never logged in": never} if WAITS else {
    "done": done, "question": question, "worktree": worktree, "stop": stop,
    "401": refused("401"), "429": refused("429"), "500": refused("500"),
    "429 for an hour": refused("429", UNTIL),
}


def main():
    cells, failed, lock = {}, [], threading.Lock()

    def run(lane, name):
        try:
            cell = SCENES[name](lane)
        except Exception as error:  # Each cell is told of, whatever went wrong in it.
            cell = "FAILED"
            with lock:
                failed.append(f"{lane}, {name}: {str(error)[:2000]}")
        with lock:
            cells[lane, name] = cell
            print(f"• {lane}, {name}: {cell}", file=sys.stderr, flush=True)

    # Those that wait for a model, or for a login, take minutes and no processor.
    waiting = ThreadPoolExecutor(4 * len(LANES))
    working = ThreadPoolExecutor(2)
    for name in SCENES:
        for lane in LANES:
            (waiting if WAITS or name[0].isdigit() else working).submit(run, lane, name)
    for pool in (working, waiting):
        pool.shutdown(wait=True)
    print("| |", " | ".join(f"`{lane}`" for lane in LANES), "|")
    print("|---" * (len(LANES) + 1) + "|")
    for name in SCENES:
        print(f"| {name} |", " | ".join(cells[lane, name] for lane in LANES), "|")
    for line in failed:
        print(line, file=sys.stderr)
    sys.exit(1 if failed else 0)


main()
