#!/usr/bin/env python3
"""Makes the boards that `tests/kernel/foreign.rs` opens, with the program that they are of.

    python3 -m venv v && v/bin/pip install hermes-agent==0.13.0
    v/bin/python make_foreign_boards.py hermes-0.13.db
    (and again with 0.19.0)

The seed's schema, and the one before it, were never published as a package; they are in `foreign.rs` as SQL.
"""

import os
import pathlib
import sys
import tempfile

target = pathlib.Path(sys.argv[1]).resolve()
os.environ["HERMES_HOME"] = tempfile.mkdtemp()

from hermes_cli import kanban_db as board  # noqa: E402  (reads HERMES_HOME when imported)

db = board.connect()
parent = board.create_task(db, title="collect the figures", assignee="analyst", tenant="acme", priority=2)
child = board.create_task(db, title="write it up — naïve draft", body="Two pages.\n", assignee="writer", parents=[parent])
idea = board.create_task(db, title="an idea", triage=True)
keyed = board.create_task(db, title="nightly import", idempotency_key="nightly", max_retries=3)
stuck = board.create_task(db, title="needs an answer", assignee="writer")
running = board.create_task(db, title="under way", assignee="analyst")
old = board.create_task(db, title="put away", idempotency_key="old")

board.claim_task(db, parent, claimer="elsewhere:1")
board.complete_task(db, parent, result="42", summary="counted twice", metadata={"rows": 42})
board.claim_task(db, stuck, claimer="elsewhere:2")
board.block_task(db, stuck, reason="which region?")
board.claim_task(db, running, claimer="elsewhere:3")
board.archive_task(db, old)
board.add_comment(db, child, "ada", "keep it short")
board.add_notify_sub(db, task_id=child, platform="telegram", chat_id="7", user_id="ada")
board._record_task_failure(db, keyed, "no such profile", outcome="spawn_failed")
if hasattr(board, "schedule_task"):
    board.schedule_task(db, board.create_task(db, title="for tonight"), reason="later")
if hasattr(board, "add_attachment"):
    board.add_attachment(db, child, filename="a.pdf", stored_path="/nowhere/a.pdf", size=3)

target.unlink(missing_ok=True)
db.execute("VACUUM INTO ?", (str(target),))
for status, count in db.execute("SELECT status, count(*) FROM tasks GROUP BY status"):
    print(status, count)
