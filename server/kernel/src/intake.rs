//! The intake: checks and cleans the texts of a request before any verb sees them.
//!
//! A name that holds a hidden character is refused, because it would be shown as another name.
//! Other texts are cleaned. A body stays as it was written, because a lane may run it.

use std::borrow::Cow;

use domain::actor::{Actor, Authority};
use domain::command::{Command, Failure, NewTask, SHELL};
use domain::error::Error as Refusal;
use domain::notify::{Address, Filter};
use domain::text::{is_hidden, lines, one_line, printed};

/// The maximum number of characters of a title: a card shows all of it.
const LONGEST_TITLE: usize = 1_000;

/// The maximum number of characters of a name.
const LONGEST_NAME: usize = 500;

/// The maximum number of characters of a path, as on Linux.
const LONGEST_PATH: usize = 4_096;

/// The maximum number of characters of a block's reason: a person reads all of it.
const LONGEST_REASON: usize = 20_000;

/// Commands whose texts were checked and cleaned: the only ones that verbs take.
pub(crate) struct Accepted {
    actor: Actor,
    commands: Vec<Command>,
}

impl Accepted {
    /// Checks and cleans the commands of `actor`. Each command is destructured field by field, so
    /// that a new text cannot be missed.
    ///
    /// # Errors
    /// Fails if a name holds a hidden character, or a text one that no program could be given.
    pub(crate) fn new(mut actor: Actor, mut commands: Vec<Command>) -> Result<Self, Refusal> {
        clean(&mut actor.name, one_line);
        let is_worker = matches!(actor.authority, Authority::Run(_));
        commands
            .iter_mut()
            .try_for_each(|command| take_in(command, is_worker))?;
        Ok(Self { actor, commands })
    }

    pub(crate) fn actor(&self) -> &Actor {
        &self.actor
    }

    pub(crate) fn commands(&self) -> &[Command] {
        &self.commands
    }
}

#[expect(clippy::too_many_lines, reason = "one arm a command, and nothing else")]
fn take_in(command: &mut Command, is_worker: bool) -> Result<(), Refusal> {
    match command {
        Command::CreateTask(new) => new_task(new, is_worker),
        Command::EditTask {
            task: _,
            title,
            body,
        } => {
            clean_some(title, one_line);
            bound("title", title.as_deref(), LONGEST_TITLE)?;
            refuse_nul(body.as_deref())
        }
        Command::CommentOnTask { task: _, body } => {
            if is_worker {
                clean(body, printed);
            } else {
                refuse_nul(Some(body))?;
                clean(body, lines);
            }
            Ok(())
        }
        Command::CompleteTask {
            task: _,
            result,
            summary,
            metadata: _,
        } => {
            clean_some(result, printed);
            clean_some(summary, printed);
            Ok(())
        }
        Command::BlockTask { task: _, reason }
        | Command::ReclaimTask {
            task: _,
            run: _,
            reason,
        } => {
            clean_some(reason, printed);
            bound("reason", reason.as_deref(), LONGEST_REASON)
        }
        Command::DeferRun { run: _, reason } => {
            clean(reason, printed);
            Ok(())
        }
        Command::FailRun {
            run: _,
            failure,
            limit: _,
            next: _,
        } => {
            let Failure {
                outcome: _,
                code: _,
                error,
                proposed,
            } = failure;
            clean(error, printed);
            clean_some(proposed, printed);
            Ok(())
        }
        Command::InterruptRun { run: _, error } => {
            clean_some(error, printed);
            Ok(())
        }
        Command::RecordUndelivered {
            deliveries: _,
            error,
            retry: _,
        } => {
            clean(error, printed);
            Ok(())
        }
        Command::AssignTask {
            task: _,
            assignee,
            stop: _,
        } => name("assignee", assignee.as_deref()),
        Command::ClaimTask {
            task: _,
            lock,
            ttl: _,
            lane,
            policy: _,
        } => {
            name("claimer", Some(lock))?;
            name("lane", lane.as_deref())
        }
        Command::Pause { lane } => name("lane", lane.as_deref()),
        Command::Subscribe { task: _, to } | Command::SetQuietHours { to, hours: _ } => address(to),
        Command::SubscribeBoard { to, filter } => {
            let Filter {
                tenant,
                assignee,
                kinds: _,
            } = filter;
            name("tenant", tenant.as_deref())?;
            name("assignee", assignee.as_deref())?;
            address(to)
        }
        // These name what is there already, whoever wrote it, or files, which are called as they are.
        Command::LinkTasks { .. }
        | Command::UnlinkTasks { .. }
        | Command::Unsubscribe { .. }
        | Command::UnsubscribeBoard { .. }
        | Command::Resume { .. }
        | Command::ReleaseCrashed { .. }
        | Command::RecordSpawn { .. }
        | Command::PlaceRun { .. }
        | Command::RecordWorkspace(_)
        | Command::ForgetWorkspace { .. }
        | Command::MoveWorkspaces { .. }
        | Command::DispatchFrom { .. }
        // These carry no text from outside.
        | Command::Heartbeat { .. }
        | Command::RenewLease { .. }
        | Command::UnblockTask { .. }
        | Command::SetPriority { .. }
        | Command::LimitTask { .. }
        | Command::FollowClock { .. }
        | Command::KeepAnswer { .. }
        | Command::ArchiveTask { .. }
        | Command::MoveTask { .. }
        | Command::Undo { .. }
        | Command::PromoteWaiting
        | Command::RecordDelivered { .. }
        | Command::RetryDelivery { .. }
        | Command::DropDelivery { .. }
        | Command::TakeMessage { .. }
        | Command::ForgetEvents { .. }
        | Command::ReleaseStaleClaims
        | Command::CancelRun { .. }
        | Command::AttachSupervisor { .. }
        | Command::RecordExit { .. }
        | Command::AdoptRun { .. }
        | Command::PublishDispatcher(_)
        | Command::IndexTexts
        | Command::Audit { .. } => Ok(()),
    }
}

fn new_task(new: &mut NewTask, is_worker: bool) -> Result<(), Refusal> {
    let NewTask {
        title,
        body,
        assignee,
        tenant,
        priority: _,
        workspace_kind: _,
        workspace_path,
        parents: _,
        triage: _,
        idempotency_key,
        failure_limit: _,
        max_runtime: _,
        skills: _,
    } = new;
    clean(title, one_line);
    bound("title", Some(title), LONGEST_TITLE)?;
    name("assignee", assignee.as_deref())?;
    name("tenant", tenant.as_deref())?;
    visible("workspace path", workspace_path.as_deref())?;
    bound("workspace path", workspace_path.as_deref(), LONGEST_PATH)?;
    name("idempotency key", idempotency_key.as_deref())?;
    // A script is run as it was written.
    if is_worker && assignee.as_deref() != Some(SHELL) {
        clean_some(body, printed);
    }
    refuse_nul(body.as_deref())
}

fn address(to: &Address) -> Result<(), Refusal> {
    let Address {
        platform,
        chat_id,
        thread_id,
        user_id,
    } = to;
    name("platform", Some(platform))?;
    name("chat id", Some(chat_id))?;
    name("thread id", Some(thread_id))?;
    name("user id", user_id.as_deref())
}

/// Refuses a name that is no line of visible characters, or too long for a card.
fn name(field: &'static str, name: Option<&str>) -> Result<(), Refusal> {
    visible(field, name)?;
    bound(field, name, LONGEST_NAME)
}

fn visible(field: &'static str, name: Option<&str>) -> Result<(), Refusal> {
    let mut before = ' ';
    let found = name.unwrap_or_default().chars().find(|character| {
        let before = std::mem::replace(&mut before, *character);
        is_hidden(*character) || is_invisible(before, *character)
    });
    match found {
        Some(found) => Err(Refusal::HiddenInName { field, found }),
        None => Ok(()),
    }
}

/// Returns true for what breaks a line, and for what takes up no room (`Default_Ignorable_Code_Point` of
/// the Unicode Character Database): two names could differ in it alone. Joiners and emoji are let through
/// after what they can join.
fn is_invisible(before: char, character: char) -> bool {
    match character {
        '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' => before.is_ascii(),
        '\n'
        | '\t'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' => true,
        _ => false,
    }
}

fn bound(field: &'static str, text: Option<&str>, most: usize) -> Result<(), Refusal> {
    let text = text.unwrap_or_default();
    // Most texts have fewer bytes than they may have characters.
    let found = if text.len() > most {
        text.chars().count()
    } else {
        0
    };
    if found > most {
        return Err(Refusal::TooLong { field, most, found });
    }
    Ok(())
}

/// Refuses a text that no worker could be given.
fn refuse_nul(text: Option<&str>) -> Result<(), Refusal> {
    match text {
        Some(text) if text.contains('\0') => Err(Refusal::NulInText),
        _ => Ok(()),
    }
}

fn clean(text: &mut String, cleaner: impl Fn(&str) -> Cow<'_, str>) {
    if let Cow::Owned(cleaned) = cleaner(text) {
        *text = cleaned;
    }
}

fn clean_some(text: &mut Option<String>, cleaner: impl Fn(&str) -> Cow<'_, str>) {
    if let Some(text) = text {
        clean(text, cleaner);
    }
}
