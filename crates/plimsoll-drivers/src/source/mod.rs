//! What a build is made from: the commit and whether the tree is exactly that commit, as `git` tells it.
//!
//! The `git` command is asked rather than a library: it knows the user's configuration, worktrees, filters and
//! submodules. It never runs hooks here (nor the file system monitor that a repository may name), takes no locks,
//! asks for no password, and answers in English.
//!
//! Facts are about the whole repository even if the service is in a folder of it, since a build reads what it
//! likes. Only paths below a folder named `.plimsoll` never count: those are our own.

mod changes;
mod digest;
mod git;

use std::path::Path;

use plimsoll_model::Timestamp;
use plimsoll_model::release::{Source, Tree};

use crate::command::{Commands, Ending, StartError};
use git::{Git, GitError};

/// The source of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFacts {
    /// What goes into the release.
    pub source: Source,
    /// What a person should know: why something is not known, or what the digest of the changes leaves out.
    pub remarks: Vec<String>,
}

/// Why nothing is said about the source. Everything else that goes wrong is a remark beside [`Tree::Unversioned`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SourceError {
    /// Somebody cancelled.
    #[error("cancelled while asking git about {folder}")]
    Cancelled {
        /// The folder.
        folder: String,
    },
    /// There is no such folder.
    #[error("the folder {folder} does not exist")]
    NoFolder {
        /// The folder.
        folder: String,
    },
}

/// What `folder` holds. Where version control does not answer, the tree is [`Tree::Unversioned`] and a remark
/// says why: an unknown is never taken for a clean tree.
pub fn source(commands: &dyn Commands, folder: &Path) -> Result<SourceFacts, SourceError> {
    let git = Git::new(commands, folder);
    let mut facts = SourceFacts { source: unversioned(), remarks: Vec::new() };
    let result = look(&git, &mut facts);
    let Err(error) = result else { return Ok(facts) };
    let folder = || folder.display().to_string();
    match error {
        GitError::Cancelled => Err(SourceError::Cancelled { folder: folder() }),
        GitError::NotStarted(StartError::Folder { .. }) => Err(SourceError::NoFolder { folder: folder() }),
        GitError::NotStarted(why) => {
            facts.remarks.push(format!("the commit is not known: {why}{}", and_hint(why.hint())));
            Ok(facts)
        }
        GitError::Failed { said, ending } => {
            facts.remarks.extend(explain(&said, &ending));
            Ok(facts)
        }
        GitError::Answer { asked } => {
            facts.remarks.push(format!("what `git {asked}` answered is not understood"));
            Ok(facts)
        }
    }
}

fn unversioned() -> Source {
    Source { commit: None, subject: None, committed_at: None, tree: Tree::Unversioned }
}

/// Fills in what is found, so that a commit that is known stays known if the state of the tree is not.
fn look(git: &Git<'_>, facts: &mut SourceFacts) -> Result<(), GitError> {
    let root = git.top()?;
    if git.answers_yes(&["check-ignore", "--quiet", "."])? {
        let root = root.display();
        facts.remarks.push(format!("the folder is ignored by the repository at {root}, so it has no commit"));
        return Ok(());
    }
    if !git.answers_yes(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])? {
        facts.remarks.push("the repository has no commit yet".to_owned());
        return Ok(());
    }
    let (commit, committed_at, subject) = git.head()?;
    facts.source.commit = Some(commit);
    facts.source.committed_at = Some(Timestamp::from_millis(committed_at.saturating_mul(1000)));
    facts.source.subject = Some(subject);
    facts.source.tree = changes::tree(git, &root, &mut facts.remarks)?;
    Ok(())
}

/// What git's refusal means. Outside a repository there is nothing to remark.
fn explain(said: &[String], ending: &Ending) -> Option<String> {
    let text = said.join(" ");
    if text.contains("not a git repository") {
        return None;
    }
    if let Some(at) = text.find("detected dubious ownership") {
        let command = text[at..].find("git config").map(|from| text[at + from..].trim());
        let command = command.unwrap_or("git config --global --add safe.directory FOLDER");
        return Some(format!(
            "the commit is not known: the repository belongs to another user and git refuses to read it; if you \
             trust it: {command}"
        ));
    }
    if text.contains("must be run in a work tree") {
        return Some("the commit is not known: this is a bare repository, without files".to_owned());
    }
    let said = said.first().map_or_else(String::new, |line| format!(": {line}"));
    Some(format!("git did not answer: it {ending}{said}"))
}

fn and_hint(hint: Option<String>) -> String {
    hint.map_or_else(String::new, |hint| format!("; {hint}"))
}

#[cfg(test)]
mod tests;
