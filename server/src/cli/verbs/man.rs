//! `kanban man`.

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::cli::Cli;
use crate::cli::output::Output;

/// Print the manual page
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban man | man -l -\n  \
    kanban man > ~/.local/share/man/man1/kanban.1")]
pub(crate) struct Args {}

pub(super) fn run(_: &Args, output: &mut Output) -> anyhow::Result<()> {
    let mut program = Cli::command();
    program.build();
    let mut page = Vec::new();
    let man = Man::new(program.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let verbs = program.get_subcommands().filter(|verb| !verb.is_hide_set());
    for verb in verbs {
        render_verb(verb, &mut page)?;
    }
    output.text(std::str::from_utf8(&page)?);
    Ok(())
}

/// The section of one verb, so that one page has everything.
fn render_verb(verb: &Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    use std::io::Write as _;

    let name = verb.get_name().to_uppercase().replace('-', "\\-");
    writeln!(page, ".SH \"{name}\"")?;
    if let Some(about) = verb.get_about() {
        writeln!(page, "{}", roff(&about.to_string()))?;
    }
    let man = Man::new(verb.clone());
    let mut section = Vec::new();
    man.render_synopsis_section(&mut section)?;
    man.render_options_section(&mut section)?;
    man.render_extra_section(&mut section)?;
    // Sections within a section are sub-sections.
    let section = String::from_utf8_lossy(&section).replace(".SH ", ".SS ");
    page.extend_from_slice(section.as_bytes());
    Ok(())
}

/// Text in which nothing is a request of roff.
fn roff(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('-', "\\-")
        .replace("\n.", "\n\\&.")
}
