//! News: whether those who want to be told are.

use domain::text::one_line;
use notifier::Host;

use super::finding::Finding;
use crate::cli::session::Session;
use crate::cli::verbs::slash::run_slash;

const CHECK: &str = "notifications";

pub(super) async fn look(session: &Session) -> anyhow::Result<Vec<Finding>> {
    let counts = session.kernel.delivery_counts().await?;
    let mut findings = Vec::new();
    if let Some(dead) = &counts.last_dead {
        let error = one_line(dead.error.as_deref().unwrap_or("it is not known why"));
        let message = format!(
            "{} reached nobody; the last, for {}: {error}",
            counts.dead, dead.to
        );
        let remedy = "`kanban inbox` lists them; `--retry` and `--drop` settle one";
        findings.push(Finding::wrong(CHECK, message, remedy));
    }
    if counts.failing > 0 {
        let message = format!("{} did not get through and are tried again", counts.failing);
        findings.push(Finding::note(
            CHECK,
            message,
            "`kanban notify-list` names the places",
        ));
    }
    let host = Host::new(session.kernel.clone(), session.home.clone(), run_slash);
    // A server may have variables that this terminal lacks.
    for mistake in notifier::mistakes(&host)? {
        let remedy = "mend it in kanban.toml, or set the variable where the server is started";
        findings.push(Finding::note(CHECK, mistake.to_string(), remedy));
    }
    if findings.is_empty() {
        let message = format!("{} wait, none in vain", counts.pending);
        findings.push(Finding::ok(CHECK, message));
    }
    Ok(findings)
}
