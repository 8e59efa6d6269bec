//! The prompt of a worker that can read.

use std::path::Path;

use domain::id::TaskId;

use crate::lanes::rules::Success;

/// The prompt's variables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prompt<'a> {
    pub(crate) task: &'a TaskId,
    pub(crate) workspace: &'a Path,
    pub(crate) success: Success,
    /// True for a run that judges the work of another.
    pub(crate) is_review: bool,
}

impl Prompt<'_> {
    /// A text that is short enough for a command line: where the task can be read, and what to do.
    pub(crate) fn short(self) -> String {
        let task = self.task;
        format!(
            "Work on task {task} of the kanban board. Run `kanban context {task}` and read what it \
             prints: the task, what the tasks before it came to, and the comments.\n\n{}",
            self.instructions()
        )
    }

    /// The board's text of the task, and the instructions.
    pub(crate) fn with_context(self, context: &str) -> String {
        format!("{context}\n## How to work on it\n\n{}", self.instructions())
    }

    fn instructions(self) -> String {
        if self.is_review {
            return self.of_review();
        }
        let (task, workspace) = (self.task, self.workspace.display());
        let done = match self.success {
            Success::Reports => format!(
                "- Done: `kanban complete {task} --result \"<what came out of it, in one to three \
                 sentences>\"`. To exit without this, or without a question, counts as a failure."
            ),
            Success::Exit => "- Done: exit with code 0. Your last lines of output are kept as the \
                 result."
                .to_owned(),
        };
        format!(
            "You are its worker, nobody else is working on it, and nobody is watching who could \
             answer. Work in `{workspace}`, your current folder. The program `kanban` is on your \
             PATH and knows the board.\n\
             \n\
             {done}\n\
             - A question that only a person can answer: `kanban block {task} \"<the question>\"`, \
             then exit.\n\
             - A note for whoever comes next: `kanban comment {task} \"<the note>\"`.\n\
             - A task that follows from this one: `kanban create \"<title>\" --assignee <name> \
             --parent {task}`.\n\
             - A long silence ahead: `kanban heartbeat {task}` now and then.\n"
        )
    }

    fn of_review(self) -> String {
        let (task, workspace) = (self.task, self.workspace.display());
        let verdict = match self.success {
            Success::Reports => format!(
                "- It is as it should be: `kanban approve {task}`.\n\
                 - It is not: `kanban request-changes {task} \"<what is to be changed>\"`. To exit \
                 without either counts as a failure."
            ),
            Success::Exit => format!(
                "- It is as it should be: exit with code 0.\n\
                 - It is not: `kanban request-changes {task} \"<what is to be changed>\"`."
            ),
        };
        format!(
            "You judge the work of somebody else, which is done and lies in `{workspace}`, your \
             current folder. `kanban diff {task}` shows what was changed where that is a git \
             worktree. Change nothing there, and make no commit. The program `kanban` is on your \
             PATH and knows the board.\n\
             \n\
             {verdict}\n\
             - A question that only a person can answer: `kanban block {task} \"<the question>\"`, \
             then exit.\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(task: &TaskId, success: Success) -> Prompt<'_> {
        let workspace = Path::new("/w");
        Prompt {
            task,
            workspace,
            success,
            is_review: false,
        }
    }

    #[test]
    fn a_worker_is_told_how_to_report_as_its_lane_wants_it() {
        let task = TaskId::from_bits(1);
        let reports = prompt(&task, Success::Reports).short();
        assert!(
            reports.contains("`kanban complete t_00000001 --result"),
            "{reports}"
        );
        let exits = prompt(&task, Success::Exit).short();
        assert!(!exits.contains("kanban complete"), "{exits}");
        assert!(exits.contains("`kanban block t_00000001"), "{exits}");
    }

    #[test]
    fn whoever_reviews_is_told_how_to_give_a_verdict_and_not_how_to_complete() {
        let task = TaskId::from_bits(1);
        for success in [Success::Reports, Success::Exit] {
            let review = Prompt {
                is_review: true,
                ..prompt(&task, success)
            };
            let text = review.short();
            assert!(
                text.contains("`kanban request-changes t_00000001"),
                "{text}"
            );
            assert!(!text.contains("kanban complete"), "{text}");
        }
    }

    #[test]
    fn a_worker_reads_its_task_itself_or_is_given_it() {
        let task = TaskId::from_bits(1);
        let prompt = prompt(&task, Success::Reports);
        assert!(prompt.short().contains("`kanban context t_00000001`"));
        let whole = prompt.with_context("# Kanban task t_00000001: x\n");
        assert!(
            whole.starts_with("# Kanban task t_00000001: x\n\n## How"),
            "{whole}"
        );
    }
}
