//! The first line: which service, which commit, whether the tree is clean.

use plimsoll_model::ServiceName;
use plimsoll_model::event::ReleaseLabel;
use plimsoll_model::release::{Source, Tree};

use crate::line::Line;
use crate::number::counted;
use crate::palette::Role;

/// Digits of a commit's hash that are shown, as git does.
const SHORT: usize = 7;

/// `greeter 7c1f9e2 "Answer in the caller's language" (clean)`.
pub(crate) fn line(service: &ServiceName, source: &Source) -> Line {
    let mut line = Line::new().with(Role::Strong, service.as_str());
    if let Some(commit) = &source.commit {
        line = line.plain(" ").plain(short(commit));
    }
    if let Some(subject) = &source.subject {
        line = line.plain(format!(" \"{subject}\""));
    }
    let (role, text) = tree(&source.tree);
    line.plain(" (").with(role, text).plain(")")
}

/// ` -> release r42, replacing r41`.
pub(crate) fn sealed(release: &ReleaseLabel, replaces: Option<&ReleaseLabel>) -> Line {
    let line = Line::text("release ").with(Role::Strong, release.to_string());
    match replaces {
        Some(old) if old.release == release.release => line.plain(", which serves already"),
        Some(old) => line.plain(format!(", replacing {old}")),
        None => line.plain(", the first one here"),
    }
}

/// The state of the tree. Anything but clean stands out.
pub(crate) fn tree(tree: &Tree) -> (Role, String) {
    match tree {
        Tree::Clean => (Role::Plain, "clean".to_owned()),
        Tree::Dirty { files, changes } => {
            let files = counted(u64::from(*files), "file");
            let changes = changes.short();
            (Role::Warning, format!("DIRTY: {files} not in the commit, {}", &changes[..SHORT]))
        }
        Tree::Unversioned => (Role::Warning, "no version control".to_owned()),
    }
}

/// A commit's short hash.
pub(crate) fn short(commit: &str) -> String {
    commit.chars().take(SHORT).collect()
}
