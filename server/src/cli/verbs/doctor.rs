//! `kanban doctor`.

mod board;
mod finding;
mod machine;
mod news;
mod runs;

use dispatcher::Home;
use domain::text::lines;
use serde_json::json;

use crate::cli::output::Output;
use crate::cli::progress;
use crate::cli::session::Session;
use crate::other_boards;
use finding::{Finding, State};

/// Check the board, its configuration and the machine, and print remedies
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban doctor\n  \
    kanban doctor --json | jq '.findings[] | select(.state != \"ok\")'\n\n\
    It exits with 1 when something is wrong, and changes nothing.")]
pub(crate) struct Args {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, home: &Home, output: &mut Output) -> anyhow::Result<()> {
    let findings = progress::blocking("looking", || examine(home))?;
    let is_well = findings.iter().all(|found| found.state != State::Wrong);
    if args.json {
        output.json(&json!({ "ok": is_well, "findings": findings }))?;
    } else {
        for finding in &findings {
            print(finding, output);
        }
    }
    if !is_well {
        output.complain("kanban: something is wrong; see the remedies above");
    }
    Ok(())
}

fn examine(home: &Home) -> anyhow::Result<Vec<Finding>> {
    let mut findings = vec![machine::sqlite()];
    findings.extend(machine::home(home));
    let others = other_boards::told(home);
    findings.extend(others.map(|(told, remedy)| Finding::note("boards", told, remedy)));
    findings.push(machine::config(home)?);
    let (found, is_usable) = machine::database(home);
    findings.extend(found);
    if is_usable {
        let session = Session::open(home.clone())?;
        let look = async {
            let mut found = board::look(&session).await?;
            found.extend(runs::look(&session).await?);
            found.extend(news::look(&session).await?);
            anyhow::Ok(found)
        };
        findings.extend(
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?
                .block_on(look)?,
        );
    }
    Ok(findings)
}

fn print(finding: &Finding, output: &mut Output) {
    let Finding {
        check,
        state,
        message,
        remedy,
    } = finding;
    let paint = output.paint;
    let mark = match state {
        State::Ok => paint.good("✓"),
        State::Note => paint.dim("·"),
        State::Wrong => paint.bad("✗"),
    };
    let message = indented(message);
    output.painted_line(format_args!("{mark} {check:14}  {message}"));
    if let Some(remedy) = remedy {
        let remedy = indented(remedy);
        output.painted_line(format_args!(
            "  {:14}  {}",
            "",
            paint.bold(format_args!("→ {remedy}"))
        ));
    }
}

/// A text in its lines, none of which looks like a finding of its own.
fn indented(text: &str) -> String {
    lines(text).replace('\n', &format!("\n{:18}", ""))
}
