//! `kanban token`.

use anyhow::Context as _;
use clap::Subcommand;
use dispatcher::Home;
use serde_json::json;

use crate::auth::Token;
use crate::cli::output::Output;
use crate::file_system::make_private_folder;

/// Show or rotate the token of the board, with which programs log in
#[derive(Debug, clap::Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "Examples:\n  \
    curl -H \"Authorization: Bearer $(kanban token show)\" http://127.0.0.1:8420/api/plugins/kanban/board\n  \
    kanban token rotate"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print the token
    Show {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a new token; whoever has the old one is shut out
    Rotate {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(args: &Args, home: &Home, output: &mut Output) -> anyhow::Result<()> {
    let path = home.token();
    make_private_folder(home.root())
        .with_context(|| format!("cannot make the home folder {}", home.root().display()))?;
    let (token, json) = match args.what {
        What::Show { json } => (Token::load_or_create(&path), json),
        What::Rotate { json } => (Token::rotate(&path), json),
    };
    let token = token.with_context(|| format!("cannot use {}", path.display()))?;
    let token = std::str::from_utf8(token.as_bytes())?;
    if json {
        return output.json(&json!({ "token": token }));
    }
    output.line(token);
    Ok(())
}
