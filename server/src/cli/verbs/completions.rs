//! `kanban completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::cli::output::Output;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban completions bash > ~/.local/share/bash-completion/completions/kanban\n  \
    kanban completions zsh > ~/.zfunc/_kanban\n  \
    kanban completions fish > ~/.config/fish/completions/kanban.fish")]
pub(crate) struct Args {
    /// The shell
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(["bash", "zsh", "fish"]))]
    shell: String,
}

pub(super) fn run(args: &Args, output: &mut Output) -> anyhow::Result<()> {
    let shell: Shell = args.shell.parse().map_err(anyhow::Error::msg)?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "kanban", &mut script);
    output.text(std::str::from_utf8(&script)?);
    Ok(())
}
