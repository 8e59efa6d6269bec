"""A worker that does what the body of its task says, by the tools or the command line of hermes-agent.

The body is a JSON list of calls: the name of a tool with its arguments, or `hermes` with words after
`hermes kanban`. "SELF" is its own task, "MADE" the one that it made last. It fails at the first call
that is refused, and prints what each answered.
"""

import json
import os
import subprocess
import sys

from tools import kanban_tools  # noqa: F401  (registers them)
from tools.registry import registry

names = {"SELF": os.environ["HERMES_KANBAN_TASK"]}


def ids(value):
    if isinstance(value, list):
        return [ids(each) for each in value]
    return names.get(value, value) if isinstance(value, str) else value


def tool(name, arguments):
    answer = json.loads(registry.dispatch(name, {key: ids(value) for key, value in arguments.items()}))
    if "error" in answer:
        sys.exit(f"{name}: {answer}")
    return answer


def hermes(words):
    program = os.path.join(os.path.dirname(sys.executable), "hermes")
    done = subprocess.run([program, "kanban", *ids(words)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"hermes kanban {words}: {done.stdout}{done.stderr}")
    return done.stdout


task = tool("kanban_show", {})
assert names["SELF"] in task["worker_context"], task
assert task["task"]["current_run_id"] == int(os.environ["HERMES_KANBAN_RUN_ID"]), task
for name, arguments in json.loads(task["task"]["body"]):
    answer = hermes(arguments) if name == "hermes" else tool(name, arguments)
    print(name, answer, flush=True)
    if name == "kanban_create":
        names["MADE"] = answer["task_id"]
    if name == "hermes" and arguments[0] == "create":
        names["MADE"] = json.loads(answer)["id"]
