//! Asking git.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::command::{self, CommandOrder, Commands, Ending, StartError};

/// The longest that one question may take; a cold `git status` of a very large tree takes tens of seconds.
const TIMEOUT: Duration = Duration::from_secs(120);
/// The longest answer that is read: some hundred thousand changed files.
const LONGEST_ANSWER: usize = 64 * 1024 * 1024;
/// Variables by which a hook that we are called from would redirect git to another repository.
const REDIRECTIONS: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_EXTERNAL_DIFF",
];

/// A question that was not answered.
#[derive(Debug)]
pub(super) enum GitError {
    Cancelled,
    NotStarted(StartError),
    Failed { said: Vec<String>, ending: Ending },
    Answer { asked: String },
}

/// Git in one folder.
pub(super) struct Git<'a> {
    commands: &'a dyn Commands,
    folder: PathBuf,
}

impl<'a> Git<'a> {
    pub(super) fn new(commands: &'a dyn Commands, folder: &Path) -> Self {
        Self { commands, folder: folder.to_owned() }
    }

    /// The same in another folder.
    pub(super) fn at(&self, folder: PathBuf) -> Self {
        Self { commands: self.commands, folder }
    }

    pub(super) fn ask(&self, args: &[&str]) -> Result<Vec<u8>, GitError> {
        let (ending, said, answer) = self.run(args)?;
        match ending {
            Ending::Exited(0) => Ok(answer),
            ending => Err(GitError::Failed { said, ending }),
        }
    }

    /// For questions that git answers with its exit code: 0 is yes, 1 is no.
    pub(super) fn answers_yes(&self, args: &[&str]) -> Result<bool, GitError> {
        let (ending, said, _) = self.run(args)?;
        match ending {
            Ending::Exited(0) => Ok(true),
            Ending::Exited(1) => Ok(false),
            ending => Err(GitError::Failed { said, ending }),
        }
    }

    /// The folder that the repository's paths start from.
    pub(super) fn top(&self) -> Result<PathBuf, GitError> {
        let mut path = self.ask(&["rev-parse", "--show-toplevel"])?;
        // One line break is git's; any others belong to the name.
        if path.pop() != Some(b'\n') || path.is_empty() {
            return Err(GitError::Answer { asked: "rev-parse --show-toplevel".to_owned() });
        }
        Ok(PathBuf::from(OsString::from_vec(path)))
    }

    /// Full hash, time in seconds and first line of the message of the commit that is checked out.
    pub(super) fn head(&self) -> Result<(String, u64, String), GitError> {
        let answer = self.ask(&["log", "-1", "--no-show-signature", "--format=%H%x00%ct%x00%s", "HEAD"])?;
        let text = String::from_utf8_lossy(&answer);
        let wrong = || GitError::Answer { asked: "log -1".to_owned() };
        let mut parts = text.trim_end_matches('\n').splitn(3, '\0');
        let mut part = || parts.next().ok_or_else(wrong);
        let (hash, seconds, subject) = (part()?, part()?, part()?);
        if hash.len() < 40 || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let subject = command::readable(subject.as_bytes());
        // A commit from before 1970 has a negative time.
        Ok((hash.to_owned(), seconds.parse().unwrap_or(0), subject))
    }

    fn run(&self, args: &[&str]) -> Result<(Ending, Vec<String>, Vec<u8>), GitError> {
        let order = self.order(args);
        let mut said = Vec::new();
        let (outcome, answer, more) = command::read(self.commands, order, LONGEST_ANSWER, &mut |line| {
            if said.len() < 20 {
                said.push(line.to_owned());
            }
        });
        match outcome.ending {
            Ending::Cancelled => Err(GitError::Cancelled),
            Ending::NotStarted(why) => Err(GitError::NotStarted(why)),
            _ if more => Err(GitError::Answer { asked: args.join(" ") }),
            ending => Ok((ending, said, answer)),
        }
    }

    fn order(&self, args: &[&str]) -> CommandOrder {
        let mut order = CommandOrder::new("git", &self.folder)
            .args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"])
            .args(["-c", "i18n.logOutputEncoding=UTF-8", "-c", "core.quotePath=false", "--no-pager"])
            .args(args.iter().copied())
            .variable("GIT_OPTIONAL_LOCKS", "0")
            .variable("GIT_TERMINAL_PROMPT", "0")
            .variable("LC_ALL", "C")
            .timeout(TIMEOUT);
        order.removed.extend(REDIRECTIONS.map(str::to_owned));
        order
    }
}
