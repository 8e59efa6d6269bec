//! The folder of one run: the files that the dispatcher and the run's supervisor leave for each
//! other, so that either may die and the next one knows.

mod exit;
mod files;
mod landing;
mod session;
mod spec;

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use domain::id::RunId;
use domain::run::ProcessIdentity;

use self::files::{read, read_json, replace, reserve, to_json};
use crate::error::Error;
use crate::run::logs;

pub(crate) use exit::{Checked, End, Exit};
pub(crate) use landing::LandingSpec;
pub(crate) use session::Session;
pub(crate) use spec::{CheckSpec, Owner, Place, ReviewSpec, Spec};

/// The longest part of the supervisor's log that is repeated in the dispatcher's, in bytes.
const COMPLAINTS_BYTES: usize = 2_000;

/// The space reserved for the end of a run: 4 KiB of output and 4 KiB of answer, both clean, of which JSON
/// may make twice as much, and its other fields: an error of 1,000 bytes may become six times as long.
const EXIT_BYTES: u64 = 28 * 1024;

/// The space reserved for the end of its check: 16 KiB of output as it was printed, of which JSON makes six
/// times as much at worst, a script of up to 64 KiB, and 300 files with 32 KiB of paths.
const CHECK_BYTES: u64 = 304 * 1024;

/// The folder of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunFolder(PathBuf);

impl RunFolder {
    /// The folder at `path`, whether it exists or not.
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The runs that have a folder in `runs`.
    pub(crate) fn runs_in(runs: &Path) -> Result<BTreeSet<RunId>, Error> {
        let entries = match fs::read_dir(runs) {
            Ok(entries) => entries,
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(cause) => return Err(Error::file("read", runs)(cause)),
        };
        Ok(entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok().map(RunId))
            .collect())
    }

    /// The folders of landings in `landings`.
    pub(crate) fn landings_in(landings: &Path) -> Result<Vec<Self>, Error> {
        let entries = fs::read_dir(landings).map_err(Error::file("read", landings))?;
        let folders = entries.flatten().map(|entry| entry.path());
        Ok(folders.filter(|path| path.is_dir()).map(Self).collect())
    }

    /// Makes the folder, readable for nobody else.
    pub(crate) fn make(&self) -> Result<(), Error> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .map_err(Error::file("make", &self.0))
    }

    /// Returns false once the folder is gone for certain: the run is settled.
    pub(crate) fn exists(&self) -> bool {
        self.0.try_exists().unwrap_or(true)
    }

    /// Removes the folder: the run is settled. It holds only files of ours.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        match fs::remove_dir_all(&self.0) {
            Err(cause) if cause.kind() != ErrorKind::NotFound => {
                Err(Error::file("remove", &self.0)(cause))
            }
            _ => Ok(()),
        }
    }

    /// The file that the supervisor is started with.
    pub(crate) fn spec_file(&self) -> PathBuf {
        self.0.join("spec.json")
    }

    /// The file that holds the task's text.
    pub(crate) fn script_file(&self) -> PathBuf {
        self.0.join("script")
    }

    /// The worker's prompt.
    pub(crate) fn prompt_file(&self) -> PathBuf {
        self.0.join("prompt.md")
    }

    /// The folder that comes first on the worker's PATH.
    pub(crate) fn programs(&self) -> PathBuf {
        self.0.join("bin")
    }

    /// The supervisor's own log.
    pub(crate) fn complaints_file(&self) -> PathBuf {
        self.0.join("shim.log")
    }

    /// The end of the supervisor's log; empty, as a rule.
    pub(crate) fn complaints(&self) -> String {
        let complaints = read(&self.complaints_file()).ok().flatten();
        logs::tail(&complaints.unwrap_or_default(), COMPLAINTS_BYTES).0
    }

    pub(crate) fn write_spec(&self, spec: &Spec) -> Result<(), Error> {
        let path = self.spec_file();
        replace(&path, &to_json(&path, spec)?)
    }

    /// The spec of the run; `None` when none has been written.
    ///
    /// # Errors
    /// [`Error::Nonsense`] when a version wrote it that differs too much from this one.
    pub(crate) fn spec(&self) -> Result<Option<Spec>, Error> {
        let path = self.spec_file();
        let Some(bytes) = read(&path)? else {
            return Ok(None);
        };
        let nonsense = |cause| Error::Nonsense { path, cause };
        serde_json::from_slice(&bytes).map(Some).map_err(nonsense)
    }

    /// The file that a lander is started with.
    pub(crate) fn landing_file(&self) -> PathBuf {
        self.0.join("landing.json")
    }

    pub(crate) fn write_landing(&self, spec: &LandingSpec) -> Result<(), Error> {
        let path = self.landing_file();
        replace(&path, &to_json(&path, spec)?)
    }

    pub(crate) fn landing(&self) -> Result<Option<LandingSpec>, Error> {
        read_json(&self.landing_file())
    }

    /// The worktree in which a landing is made.
    pub(crate) fn tree(&self) -> PathBuf {
        self.0.join("tree")
    }

    pub(crate) fn owner(&self) -> Result<Option<Owner>, Error> {
        read_json(&self.spec_file())
    }

    pub(crate) fn write_script(&self, text: &str) -> Result<(), Error> {
        replace(&self.script_file(), text.as_bytes())
    }

    /// The result that the worker named, for the check.
    pub(crate) fn result_file(&self) -> PathBuf {
        self.0.join("result.txt")
    }

    pub(crate) fn write_result(&self, text: &str) -> Result<(), Error> {
        replace(&self.result_file(), text.as_bytes())
    }

    /// Notes the files that the run is to judge, as a digest.
    pub(crate) fn write_judged(&self, digest: u64) -> Result<(), Error> {
        let path = self.0.join("judged.json");
        replace(&path, &to_json(&path, &digest)?)
    }

    /// Returns what [`Self::write_judged`] has noted.
    pub(crate) fn judged(&self) -> Result<Option<u64>, Error> {
        read_json(&self.0.join("judged.json"))
    }

    pub(crate) fn write_prompt(&self, text: &str) -> Result<(), Error> {
        replace(&self.prompt_file(), text.as_bytes())
    }

    /// Lets the worker find this program as `kanban`, whatever its file is called.
    pub(crate) fn link_program(&self, program: &Path) -> Result<(), Error> {
        let link = self.programs().join("kanban");
        fs::create_dir(self.programs())
            .and_then(|()| std::os::unix::fs::symlink(program, &link))
            .map_err(Error::file("make", &link))
    }

    pub(crate) fn write_supervisor(&self, identity: &ProcessIdentity) -> Result<(), Error> {
        let path = self.0.join("supervisor.json");
        replace(&path, &to_json(&path, identity)?)
    }

    pub(crate) fn supervisor(&self) -> Result<Option<ProcessIdentity>, Error> {
        read_json(&self.0.join("supervisor.json"))
    }

    /// Notes the sessions that processes of the run have opened and are in now.
    pub(crate) fn write_sessions(&self, sessions: &BTreeSet<Session>) -> Result<(), Error> {
        let path = self.0.join("sessions.json");
        replace(&path, &to_json(&path, sessions)?)
    }

    /// The sessions of the run: that of its supervisor, and those that its supervisor has noted.
    pub(crate) fn sessions(&self) -> Result<BTreeSet<Session>, Error> {
        let supervisor = self.supervisor()?;
        let noted: Option<BTreeSet<Session>> = read_json(&self.0.join("sessions.json"))?;
        let all = noted.into_iter().flatten();
        Ok(all.chain(supervisor.and_then(Session::led_by)).collect())
    }

    /// Reserves the room for [`Self::write_exit`].
    pub(crate) fn reserve_exit(&self, has_check: bool) -> Result<(), Error> {
        let of_check = if has_check { CHECK_BYTES } else { 0 };
        reserve(&self.exit_file(), EXIT_BYTES + of_check)
    }

    /// Does not wait for the disk: what the board then says of the end waits for it only where its
    /// durability is full.
    pub(crate) fn write_exit(&self, exit: &Exit) -> Result<(), Error> {
        let path = self.exit_file();
        replace(&path, &to_json(&path, exit)?)
    }

    pub(crate) fn exit(&self) -> Result<Option<Exit>, Error> {
        read_json(&self.exit_file())
    }

    fn exit_file(&self) -> PathBuf {
        self.0.join("exit.json")
    }
}

#[cfg(test)]
pub(crate) mod fixture {
    use domain::id::{RunToken, TaskId};

    use super::*;
    use crate::lanes::OutputFormat;
    use crate::lanes::fixture::lane;
    use crate::lanes::rules::{Rules, Success};

    /// The particulars of a run of lane `shell` that does nothing.
    pub(crate) fn spec() -> Spec {
        Spec {
            run: RunId(7),
            task: TaskId::from_bits(1),
            assignee: "shell".to_owned(),
            token: RunToken::from_bits(42),
            db: "/home/kanban.db".into(),
            argv: vec!["true".into()],
            env: [("HERMES_TENANT".to_owned(), None)].into(),
            workspace: "/".into(),
            worktree: None,
            tracked: None,
            log: "/home/kanban/logs/t_00000001.log".into(),
            umask: Some(0o022),
            limits: lane("shell", None).limits,
            rules: Rules::new(Success::Exit),
            output: OutputFormat::Text,
            check: None,
            review: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::fixture::spec;
    use super::*;
    use crate::lanes::ends::Fit;
    use crate::lanes::rules::Rules;

    #[test]
    fn the_token_of_a_run_is_readable_for_its_owner_only() {
        let home = tempfile::tempdir().unwrap();
        let folder = RunFolder::at(home.path().join("kanban/runs/7"));
        folder.make().unwrap();
        folder.write_spec(&spec()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.0), 0o700);
        assert_eq!(mode(&folder.spec_file()), 0o600);
        assert_eq!(folder.spec().unwrap(), Some(spec()));
    }

    #[test]
    fn an_exit_that_was_being_written_when_the_power_failed_is_no_exit() {
        let home = tempfile::tempdir().unwrap();
        let folder = RunFolder::at(home.path());
        fs::write(home.path().join("exit.part"), "{\"end\":{\"co").unwrap();
        assert_eq!(folder.exit().unwrap(), None);
        // The disk has its name and its size, and none of its content.
        fs::write(home.path().join("exit.json"), [0; 100]).unwrap();
        assert_eq!(folder.exit().unwrap(), None);
    }

    #[test]
    fn room_that_is_reserved_for_an_exit_is_no_exit_and_holds_the_largest() {
        let home = tempfile::tempdir().unwrap();
        let folder = RunFolder::at(home.path());
        folder.reserve_exit(false).unwrap();
        assert_eq!(folder.exit().unwrap(), None);
        let reserved = home.path().join("exit.part").metadata().unwrap();
        assert_eq!(reserved.blocks() * 512, EXIT_BYTES);

        let exit = Exit {
            output: "\\".repeat(4 * 1024),
            answer: Some("\\".repeat(4 * 1024)),
            fit: Some(Fit {
                met: None,
                line: Some("\u{1}".repeat(200)),
            }),
            log_end: Some(u64::MAX),
            ..Exit::without_output(End::NotStarted("\u{1}".repeat(1_000)))
        };
        folder.write_exit(&exit).unwrap();
        assert_eq!(folder.exit().unwrap(), Some(exit));
        assert!(folder.exit_file().metadata().unwrap().len() <= EXIT_BYTES);
    }

    #[test]
    fn what_an_older_version_did_not_write_has_its_default() {
        let home = tempfile::tempdir().unwrap();
        let folder = RunFolder::at(home.path());
        let mut written = serde_json::to_value(spec()).unwrap();
        let fields = written.as_object_mut().unwrap();
        fields.retain(|name, _| !["worktree", "umask", "limits", "rules"].contains(&name.as_str()));
        fs::write(folder.spec_file(), written.to_string()).unwrap();
        let older = Spec {
            umask: None,
            rules: Rules::default(),
            ..spec()
        };
        assert_eq!(folder.spec().unwrap(), Some(older));
        written["limits"] = serde_json::json!({});
        written["rules"] = serde_json::json!({ "success": "exit" });
        fs::write(folder.spec_file(), written.to_string()).unwrap();
        let read = folder.spec().unwrap().unwrap();
        assert_eq!((read.limits, read.rules), (spec().limits, spec().rules));
    }

    #[test]
    fn what_a_version_too_far_away_wrote_still_says_whose_run_it_is() {
        let home = tempfile::tempdir().unwrap();
        let folder = RunFolder::at(home.path());
        let Spec { task, token, .. } = spec();
        let text = format!(
            r#"{{"task":"{task}","token":"{}","argv":7}}"#,
            token.as_str()
        );
        fs::write(folder.spec_file(), text).unwrap();
        assert_eq!(folder.owner().unwrap(), Some(Owner { task, token }));
        let error = folder.spec().unwrap_err().to_string();
        assert!(error.contains("spec.json makes no sense"), "{error}");
    }

    #[test]
    fn a_file_that_lost_its_content_with_the_machine_is_not_there() {
        let home = tempfile::tempdir().unwrap();
        let folder = RunFolder::at(home.path());
        fs::write(folder.spec_file(), "").unwrap();
        assert_eq!(folder.spec().unwrap(), None);
    }

    #[test]
    fn removing_a_folder_twice_is_no_error() {
        let home = tempfile::tempdir().unwrap();
        let folder = RunFolder::at(home.path().join("7"));
        folder.make().unwrap();
        folder.remove().unwrap();
        folder.remove().unwrap();
    }
}
