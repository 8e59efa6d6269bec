//! Command lines with gaps that each run fills in its own way.

use std::path::Path;

use domain::task::Task;
use serde::Deserialize;

/// A program and its arguments, where `{task_id}` and the like stand for what differs from run to
/// run.
///
/// A value stays within its word: no shell reads the words, and a path with spaces or quotes is
/// still one argument. `{{` and `}}` are braces.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<Word>")]
pub(crate) struct Template(Vec<Word>);

/// The values of the placeholders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filling<'a> {
    pub(crate) task: &'a Task,
    pub(crate) workspace: &'a Path,
    pub(crate) prompt: &'a str,
    pub(crate) prompt_file: &'a Path,
    pub(crate) script: &'a Path,
}

impl Template {
    /// The template whose words are these.
    ///
    /// # Errors
    /// Fails when there is no word, or a word has an unknown placeholder.
    pub(crate) fn of_words(words: &[&str]) -> Result<Self, String> {
        let words: Result<Vec<Word>, _> = words.iter().map(|word| Word::parse(word)).collect();
        words?.try_into()
    }

    /// The program, as it is written.
    pub(crate) fn program(&self) -> String {
        self.0.first().map(Word::to_text).unwrap_or_default()
    }

    /// Returns true when the worker reads its prompt from a file.
    pub(crate) fn needs_prompt_file(&self) -> bool {
        self.has(Gap::PromptFile)
    }

    /// Returns true when the body of a task is handed over as it is, to be run.
    pub(crate) fn runs_task_text(&self) -> bool {
        self.has(Gap::Script)
    }

    /// The command line of one run.
    pub(crate) fn fill(&self, filling: Filling<'_>) -> Vec<String> {
        let fill = |word: &Word| match word.0.as_slice() {
            [Piece::Gap(Gap::Skills)] => {
                let skills = filling.task.skills().into_iter();
                skills
                    .flat_map(|name| ["--skills".to_owned(), name])
                    .collect()
            }
            _ => vec![word.fill(filling)],
        };
        self.0.iter().flat_map(fill).collect()
    }

    fn has(&self, gap: Gap) -> bool {
        self.0.iter().any(|word| word.0.contains(&Piece::Gap(gap)))
    }
}

impl TryFrom<Vec<Word>> for Template {
    type Error = String;

    fn try_from(words: Vec<Word>) -> Result<Self, String> {
        let program = words.first();
        let program = program.ok_or("no word, expected a program's name or its whole path")?;
        match program.0.as_slice() {
            [Piece::Text(name)] if !name.contains('/') || name.starts_with('/') => Ok(Self(words)),
            _ => Err(
                "the first word is neither, expected a program's name or its whole path".to_owned(),
            ),
        }
    }
}

/// One argument.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Word(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Gap(Gap),
}

/// A placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    TaskId,
    Assignee,
    Tenant,
    Workspace,
    /// The skills that a task asks for, separated by commas; as a whole word, `--skills NAME` for each
    /// of them, and nothing for none.
    Skills,
    /// A short prompt: where a worker reads its task, and how to report.
    Prompt,
    /// A file with the whole prompt: the task, and how to report.
    PromptFile,
    /// A file with the body of the task and nothing else.
    Script,
}

impl Gap {
    const ALL: [Self; 8] = [
        Self::TaskId,
        Self::Assignee,
        Self::Tenant,
        Self::Workspace,
        Self::Skills,
        Self::Prompt,
        Self::PromptFile,
        Self::Script,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::TaskId => "task_id",
            Self::Assignee => "assignee",
            Self::Tenant => "tenant",
            Self::Workspace => "workspace",
            Self::Skills => "skills",
            Self::Prompt => "prompt",
            Self::PromptFile => "prompt_file",
            Self::Script => "script",
        }
    }

    fn of_name(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|gap| gap.name() == name);
        found.ok_or_else(|| {
            let known = Self::ALL.map(|gap| format!("{{{}}}", gap.name()));
            format!(
                "unknown placeholder {{{name}}}, expected one of {}",
                known.join(", ")
            )
        })
    }

    fn fill(self, filling: Filling<'_>) -> String {
        let task = filling.task;
        match self {
            Self::TaskId => task.id.to_string(),
            Self::Assignee => name(task.assignee.as_deref()),
            Self::Tenant => name(task.tenant.as_deref()),
            Self::Workspace => filling.workspace.display().to_string(),
            Self::Skills => task.skills().join(","),
            Self::Prompt => filling.prompt.to_owned(),
            Self::PromptFile => filling.prompt_file.display().to_string(),
            Self::Script => filling.script.display().to_string(),
        }
    }
}

/// A name that others chose, which must not look like an option of the program.
fn name(name: Option<&str>) -> String {
    name.unwrap_or_default().trim_start_matches('-').to_owned()
}

impl Word {
    fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, brace, after)) = split_at_brace(rest) {
            plain.push_str(before);
            rest = if let Some(after) = after.strip_prefix(brace) {
                plain.push(brace);
                after
            } else if brace == '{'
                && let Some((name, after)) = after.split_once('}')
            {
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(Piece::Gap(Gap::of_name(name)?));
                after
            } else {
                return Err(format!(
                    "a single `{brace}`, expected `{brace}{brace}` for the character itself"
                ));
            };
        }
        plain.push_str(rest);
        if !plain.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    fn to_text(&self) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Gap(gap) => format!("{{{}}}", gap.name()),
        };
        self.0.iter().map(text).collect()
    }

    fn fill(&self, filling: Filling<'_>) -> String {
        let fill = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Gap(gap) => gap.fill(filling),
        };
        self.0.iter().map(fill).collect()
    }
}

impl TryFrom<String> for Word {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

/// The text before the first brace, that brace, and the text after it.
fn split_at_brace(text: &str) -> Option<(&str, char, &str)> {
    let (at, brace) = text
        .char_indices()
        .find(|(_, char)| matches!(char, '{' | '}'))?;
    let (before, rest) = text.split_at(at);
    Some((before, brace, rest.get(1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use domain::task::WorkspaceKind;
    use proptest::prelude::*;

    use super::*;
    use crate::workspaces::fixture::task;

    fn filled(words: &[&str], tenant: &str) -> Vec<String> {
        let mut task = task(WorkspaceKind::Scratch, None);
        task.assignee = Some("ada".to_owned());
        task.tenant = Some(tenant.to_owned());
        let filling = Filling {
            task: &task,
            workspace: Path::new("/w"),
            prompt: "do it",
            prompt_file: Path::new("/p"),
            script: Path::new("/s"),
        };
        Template::of_words(words).unwrap().fill(filling)
    }

    #[test]
    fn no_name_becomes_an_option() {
        let words = ["ls", "{tenant}", "--of={tenant}"];
        assert_eq!(
            filled(&words, "--version"),
            ["ls", "version", "--of=version"]
        );
    }

    #[test]
    fn a_gap_is_filled_wherever_it_stands_in_a_word() {
        let words = [
            "run",
            "--task={task_id}",
            "{prompt} for {tenant}, {assignee}",
            "{workspace}/x",
            "",
        ];
        assert_eq!(
            filled(&words, "it's \"here\""),
            [
                "run",
                "--task=t_00000001",
                "do it for it's \"here\", ada",
                "/w/x",
                ""
            ]
        );
    }

    #[test]
    fn each_skill_is_an_argument_of_its_own_and_none_is_no_argument() {
        let mut task = task(WorkspaceKind::Scratch, None);
        let words = ["run", "{skills}", "--with={skills}", "end"];
        let filled = |task: &Task| {
            let filling = Filling {
                task,
                workspace: Path::new("/w"),
                prompt: "do it",
                prompt_file: Path::new("/p"),
                script: Path::new("/s"),
            };
            Template::of_words(&words).unwrap().fill(filling)
        };
        assert_eq!(filled(&task), ["run", "--with=", "end"]);
        task.skills = Some(r#"["a","b"]"#.to_owned());
        assert_eq!(
            filled(&task),
            ["run", "--skills", "a", "--skills", "b", "--with=a,b", "end"]
        );
    }

    #[test]
    fn what_fills_a_gap_is_not_read_again() {
        assert_eq!(
            filled(&["run", "{tenant}"], "{script} }{"),
            ["run", "{script} }{"]
        );
    }

    #[test]
    fn a_brace_that_is_meant_is_written_twice() {
        assert_eq!(filled(&["run", "{{\"a\":{{}}}}"], "")[1], "{\"a\":{}}");
    }

    #[test]
    fn a_mistake_says_what_is_expected() {
        let mistake = |words: &[&str]| Template::of_words(words).unwrap_err();
        assert_eq!(
            mistake(&["run", "{id}"]),
            "unknown placeholder {id}, expected one of {task_id}, {assignee}, {tenant}, \
             {workspace}, {skills}, {prompt}, {prompt_file}, {script}"
        );
        assert!(mistake(&["run", "{\"a\": 1"]).starts_with("a single `{`, expected `{{`"));
        assert!(mistake(&["run", "a}"]).starts_with("a single `}`, expected `}}`"));
        assert!(mistake(&[]).starts_with("no word, expected"));
        for program in ["{tenant}", "./run", "tools/run"] {
            assert!(
                mistake(&[program]).contains("expected a program's name"),
                "{program}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_stays_one_argument(tenant in "([^-].*)?") {
            prop_assert_eq!(filled(&["run", "{tenant}"], &tenant), ["run".to_owned(), tenant]);
        }

        #[test]
        fn any_text_can_be_written_with_its_braces_doubled(text in ".*") {
            let doubled = text.replace('{', "{{").replace('}', "}}");
            prop_assert_eq!(filled(&["run", &doubled], ""), ["run".to_owned(), text]);
        }
    }
}
