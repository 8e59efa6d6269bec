//! What a worker is handed: its arguments, its prompt and its environment.

use std::collections::BTreeSet;
use std::fs;

use super::{assert_harmless, hostile, seed, sources_in};
use crate::harness::golden::golden;
use crate::harness::{Board, Gate};

/// Arguments that say by themselves what they are; of these a program is handed the text as it is.
const HANDED: [&str; 4] = ["assignee", "tenant", "skills", "environment"];

/// The text of a column, for SQL.
fn without_nul(column: &str) -> String {
    hostile(column).replace('\0', "").replace('\'', "''")
}

#[tokio::test]
async fn a_worker_is_prompted_with_nothing_that_nobody_sees() -> anyhow::Result<()> {
    let mut board = Board::without_server()?;
    let tasks = seed::seed(&board).await?;
    // This one has a dispatcher of its own.
    tasks.dispatch_lock.unlock()?;
    let gate = Gate::of(&board).await?;
    let ready = &tasks.ready;
    // A program cannot be handed a text with a NUL, and no worker has yet asked where to work.
    board.write_past_us(&format!(
        "UPDATE tasks SET assignee = '{}', tenant = '{}', \
             status = CASE WHEN id = '{ready}' THEN 'ready' ELSE 'triage' END, \
             workspace_kind = 'scratch', workspace_path = NULL; \
         DELETE FROM workspaces; \
         DELETE FROM runs WHERE ended_at IS NULL; \
         INSERT INTO task_links (parent_id, child_id) VALUES ('{}', '{ready}') ON CONFLICT DO NOTHING; \
         UPDATE tasks SET status = 'done' WHERE id = '{}'",
        without_nul("tasks.assignee"),
        without_nul("tasks.tenant"),
        tasks.done,
        tasks.done
    ))?;
    let spied = board.home().join("spied");
    fs::create_dir_all(&spied)?;
    let script = board.home().join("spy.sh");
    fs::write(
        &script,
        format!(
            "cd '{spied}' && printf %s \"$1\" > prompt && cat \"$2\" > prompt_file && \
             printf %s \"$3\" > assignee && printf %s \"$4\" > tenant && printf %s \"$5\" > skills && \
             env > environment && echo done > '{gate}'\n",
            spied = spied.display(),
            gate = gate.path().display()
        ),
    )?;
    board.configure(&format!(
        "[dispatcher]\ndefault_lane = \"spy\"\n[lanes.spy]\nsuccess = \"exit\"\n\
         command = [\"sh\", \"{}\", \"{{prompt}}\", \"{{prompt_file}}\", \"{{assignee}}\", \
         \"{{tenant}}\", \"{{skills}}\"]\n",
        script.display()
    ))?;
    board.serve(&["--listen", "127.0.0.1:0"]).await?;
    gate.heard().await?;
    let mut handed = BTreeSet::new();
    for name in ["prompt", "prompt_file"].iter().chain(&HANDED) {
        let text = String::from_utf8_lossy(&fs::read(spied.join(name))?).into_owned();
        let is_raw = HANDED.contains(name);
        if !is_raw {
            assert_harmless(name, &text);
        }
        let raw = if is_raw { " raw" } else { "" };
        let sources = sources_in(&text).into_iter();
        handed.extend(sources.map(|source| format!("{name}: {source}{raw}\n")));
    }
    golden(
        "hostile/worker.txt",
        &handed.into_iter().collect::<String>(),
    )
}
