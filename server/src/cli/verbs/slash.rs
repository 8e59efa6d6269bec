//! A line from a chat, such as `/kanban create "fix the door" --assignee ops`: the verbs of the
//! command line, with their answer as text.

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches};
use dispatcher::Home;
use domain::actor::Actor;
use domain::text::lines;
use futures::future::BoxFuture;
use kernel::Kernel;
use notifier::Answer;

use super::{Verb, guide};
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::{Cli, help, usage};

/// Run a command line from a chat, and print the answer
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban slash '/kanban create \"fix the door\" --assignee ops'\n  \
    kanban slash '/kanban list --status blocked'")]
pub(crate) struct Args {
    /// The whole line
    line: String,
}

pub(super) async fn run(args: &Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let Session {
        kernel,
        home,
        author,
        ..
    } = session;
    // Whoever hands a line over has let its author in, but does not say that kanban.toml trusts them.
    let actor = Actor::in_chat(author, false);
    let (kernel, home, line) = (kernel.clone(), home.clone(), args.line.clone());
    output.painted_line(run_slash(kernel, home, actor, line).await.text);
    Ok(())
}

/// The longest answer: the bound of the original, which fits into a message everywhere.
const LONGEST_ANSWER: usize = 3_800;

/// The text in place of the rest of a longer one.
const CUT: &str = "\n… (cut; the board or a terminal has the rest)";

/// Runs a line in the name of `actor`: what the notifier is handed for its chats.
pub(super) fn run_slash(
    kernel: Kernel,
    home: Home,
    actor: Actor,
    line: String,
) -> BoxFuture<'static, Answer> {
    let answering = async move {
        let mut output = Output::default();
        match understand(&line) {
            Ok(verb) => carry_out(verb, kernel, home, &actor, &mut output).await,
            Err(sentence) => output.text(&sentence),
        }
        let created = output.created.take();
        // A chat obeys what a terminal does, and direction overrides too.
        let text = match lines(output.into_text().trim_end()).as_ref() {
            "" => "(no output)".to_owned(),
            text => cut(text),
        };
        Answer { text, created }
    };
    Box::pin(answering)
}

/// The verb that a line asks for, or the answer where it asks for none.
fn understand(line: &str) -> Result<Verb, String> {
    let line = line.trim();
    let rest = ["/kanban", "kanban"].into_iter().find_map(|name| {
        let rest = line.strip_prefix(name)?;
        let is_whole_word = rest.is_empty() || rest.starts_with(char::is_whitespace);
        is_whole_word.then_some(rest)
    });
    let words = shlex::split(rest.unwrap_or(line)).ok_or(
        "(usage error: a quotation mark or a backslash has no end; close it and send the line again)",
    )?;
    let words = match words.split_first() {
        Some((first, verb)) if first == "help" || first == "?" => {
            verb.iter().cloned().chain(["--help".to_owned()]).collect()
        }
        _ => words,
    };
    let parsed = help::with_groups(Cli::command())
        .try_get_matches_from(std::iter::once("kanban").chain(words.iter().map(String::as_str)))
        .and_then(|matches| {
            let is_elsewhere = matches.value_source("home") == Some(ValueSource::CommandLine);
            Ok((Cli::from_arg_matches(&matches)?, is_elsewhere))
        });
    match parsed {
        Ok((_, true)) => {
            Err("(usage error: this chat belongs to one board; leave out --home)".to_owned())
        }
        Ok((Cli { verb: None, .. }, _)) => Err(help::of_program().to_string()),
        Ok((
            Cli {
                verb: Some(verb), ..
            },
            _,
        )) => Ok(verb),
        Err(error) if usage::is_answer(&error) => Err(error.render().to_string()),
        Err(error) => Err(format!(
            "(usage error: {})",
            usage::sentence(&error, &words)
        )),
    }
}

async fn carry_out(verb: Verb, kernel: Kernel, home: Home, actor: &Actor, output: &mut Output) {
    if let Some(refusal) = verb.refused_to(&actor.authority) {
        return output.complain(format_args!("kanban: {refusal}"));
    }
    let done = match verb {
        Verb::OnBoard(verb) => {
            let session = Session::in_chat(kernel, home, actor);
            verb.carry_out(&session, output).await
        }
        Verb::Declared(verb) => {
            let session = Session::in_chat(kernel, home, actor);
            verb.carry_out(&session, output).await
        }
        Verb::Guide(args) => guide::run(&args, output),
        Verb::Init(_)
        | Verb::Following(_)
        | Verb::Serve(_)
        | Verb::Daemon(_)
        | Verb::Dispatch(_)
        | Verb::OnMachine(_)
        | Verb::Slash(_)
        | Verb::ChannelProgram(_) => Err(anyhow::anyhow!(
            "this verb is about the board's machine, so it answers only in a terminal there"
        )),
    };
    if let Err(error) = done {
        output.complain(format_args!("kanban: {error:#}"));
    }
}

/// At most [`LONGEST_ANSWER`] characters, with a word about the rest.
fn cut(answer: &str) -> String {
    if answer.chars().count() <= LONGEST_ANSWER {
        return answer.to_owned();
    }
    let kept = LONGEST_ANSWER - CUT.chars().count();
    answer.chars().take(kept).chain(CUT.chars()).collect()
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::seq::IndexedRandom;
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// The parts of generated lines: verbs, flags, ids and everything that a shell or a terminal
    /// could stumble over.
    const PARTS: [&str; 40] = [
        "/kanban",
        "kanban",
        "create",
        "list",
        "ls",
        "show",
        "edit",
        "move",
        "block",
        "complete",
        "tail",
        "watch",
        "serve",
        "open",
        "gc",
        "--json",
        "--help",
        "-h",
        "--version",
        "--home",
        "--body",
        "--ids",
        "--",
        "-",
        "=",
        "\"",
        "'",
        "\\",
        "$(id)",
        "`id`",
        ";",
        "|",
        "\0",
        "\u{1b}[2J",
        "ünd",
        "💥",
        "t_00",
        "../../x",
        "99999999999999999999",
        "\n",
    ];

    #[tokio::test]
    async fn whatever_a_line_holds_the_answer_says_something() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path()).unwrap();
        let kernel = Kernel::open(&home.db()).unwrap();
        let mut rng = StdRng::seed_from_u64(7);
        for _ in 0..2_000 {
            let count = rng.random_range(0..7);
            let parts = (0..count).filter_map(|_| PARTS.choose(&mut rng).copied());
            let line = parts.collect::<Vec<_>>().join(" ");
            let (kernel, home) = (kernel.clone(), home.clone());
            let answer = run_slash(kernel, home, Actor::full("ada"), line.clone())
                .await
                .text;
            assert!(!answer.trim().is_empty(), "{line:?}");
            assert!(answer.chars().count() <= LONGEST_ANSWER, "{line:?}");
        }
    }

    #[test]
    fn help_is_asked_for_in_the_words_of_chats() {
        let said = |line| understand(line).err().unwrap_or_default();
        let of_program = said("--help");
        assert!(of_program.contains("Tasks:"), "{of_program}");
        for line in ["/kanban help", "/kanban ?", "help", "?", "/kanban --help"] {
            assert_eq!(said(line), of_program, "{line}");
        }
        let of_verb = said("create --help");
        assert!(of_verb.contains("--assignee"), "{of_verb}");
        assert_eq!(said("/kanban help create"), of_verb);
        assert_eq!(said("/kanban ? create"), of_verb);
    }

    #[test]
    fn an_answer_is_cut_between_characters() {
        let long = "ü".repeat(LONGEST_ANSWER + 1);
        let short = cut(&long);
        assert_eq!(short.chars().count(), LONGEST_ANSWER);
        assert!(short.ends_with(CUT));
        assert_eq!(cut(&"ü".repeat(LONGEST_ANSWER)).len(), 2 * LONGEST_ANSWER);
    }
}
