//! Against the real git.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use super::*;
use crate::command::{Reply, ScriptedCommands, SystemCommands};

/// A repository in a folder that is not below any other.
struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    /// Nothing where git is absent.
    fn new(test: &str) -> Option<Self> {
        if Command::new("git").arg("--version").output().is_err() {
            eprintln!("skipped: {test}: git is not here");
            return None;
        }
        let repository = Self { folder: tempfile::tempdir().unwrap() };
        repository.git(&["init", "--quiet"]);
        Some(repository)
    }

    fn with_commit(test: &str) -> Option<Self> {
        let repository = Self::new(test)?;
        repository.write("main.go", "package main");
        repository.write(".gitignore", "ignored/\n");
        repository.commit("Say hello\n\nAnd more.");
        Some(repository)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn git(&self, args: &[&str]) {
        let who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"];
        let mut git = Command::new("git");
        git.args(who).args(args).current_dir(self.folder.path());
        let output = git.env("GIT_COMMITTER_DATE", "1700000000 +0100").output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    fn facts(&self) -> SourceFacts {
        source(&SystemCommands::default(), self.folder.path()).unwrap()
    }

    fn tree(&self) -> Tree {
        let facts = self.facts();
        assert_eq!(facts.remarks, Vec::<String>::new());
        facts.source.tree
    }

    fn dirty(&self, expected: u32) -> plimsoll_model::Digest {
        match self.tree() {
            Tree::Dirty { files, changes } if files == expected => changes,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_clean_tree_is_its_commit() {
    let Some(repository) = Repository::with_commit("a_clean_tree") else { return };
    repository.write("ignored/x", "x");
    repository.write("service/.plimsoll/out/greeter", "x");
    let SourceFacts { source, remarks } = repository.facts();
    assert_eq!(source.tree, Tree::Clean);
    assert_eq!(source.commit.unwrap().len(), 40);
    assert_eq!(source.subject.unwrap(), "Say hello");
    assert_eq!(source.committed_at, Some(Timestamp::from_millis(1_700_000_000_000)));
    assert!(remarks.is_empty());
    repository.git(&["checkout", "--quiet", "--detach"]);
    assert_eq!(repository.tree(), Tree::Clean, "a detached head is an ordinary one");
}

#[test]
fn dirty_trees_are_counted_and_told_apart() {
    let Some(repository) = Repository::with_commit("dirty_trees") else { return };
    repository.write("main.go", "package main // changed");
    let changed = repository.dirty(1);
    assert_eq!(repository.dirty(1), changed, "and the same when nothing happens");
    repository.git(&["add", "main.go"]);
    assert_eq!(repository.dirty(1), changed, "staged or not is the same source");
    repository.write("new\nfile", "x");
    let with_new = repository.dirty(2);
    fs::set_permissions(repository.path("new\nfile"), fs::Permissions::from_mode(0o755)).unwrap();
    let with_program = repository.dirty(2);
    fs::remove_file(repository.path("new\nfile")).unwrap();
    symlink("main.go", repository.path("new\nfile")).unwrap();
    let with_link = repository.dirty(2);
    fs::remove_file(repository.path("main.go")).unwrap();
    let gone = repository.dirty(2);
    let mut all = vec![changed, with_new, with_program, with_link, gone];
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 5);
}

#[test]
fn a_folder_of_a_repository_sees_all_of_it_unless_it_is_ignored() {
    let Some(repository) = Repository::with_commit("a_folder") else { return };
    repository.write("service/main.go", "package main");
    repository.write("ignored/service/main.go", "package main");
    let at = |folder: &str| source(&SystemCommands::default(), &repository.path(folder)).unwrap();
    assert!(matches!(at("service").source.tree, Tree::Dirty { files: 1, .. }));
    let ignored = at("ignored/service");
    assert_eq!(ignored.source, unversioned());
    assert!(ignored.remarks[0].starts_with("the folder is ignored by the repository at "));
}

#[test]
fn a_submodule_counts_once_and_by_its_content() {
    let Some(repository) = Repository::with_commit("a_submodule") else { return };
    let Some(library) = Repository::with_commit("a_submodule") else { return };
    let url = library.folder.path().to_str().unwrap();
    repository.git(&["submodule", "--quiet", "add", url, "lib"]);
    repository.commit("Add a library");
    assert_eq!(repository.tree(), Tree::Clean);
    repository.write("lib/main.go", "package main // one");
    let one = repository.dirty(1);
    repository.write("lib/main.go", "package main // two");
    repository.write("lib/more.go", "package main");
    assert_ne!(repository.dirty(1), one);
}

#[test]
fn hooks_and_monitors_of_the_repository_are_not_run() {
    let Some(repository) = Repository::with_commit("hooks") else { return };
    let trap = repository.path(".git/trap");
    fs::write(&trap, "#!/bin/sh\ntouch \"$(dirname \"$0\")/sprung\"\n").unwrap();
    fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).unwrap();
    fs::copy(&trap, repository.path(".git/hooks/post-index-change")).unwrap();
    repository.git(&["config", "core.fsmonitor", trap.to_str().unwrap()]);
    repository.git(&["config", "diff.external", trap.to_str().unwrap()]);
    repository.write("main.go", "changed");
    repository.dirty(1);
    assert!(!repository.path(".git/sprung").exists());
}

#[test]
fn what_is_not_known_is_said() {
    let Some(repository) = Repository::new("what_is_not_known") else { return };
    assert_eq!(repository.facts().source, unversioned());
    assert_eq!(repository.facts().remarks, ["the repository has no commit yet"]);
    let bare = source(&SystemCommands::default(), &repository.path(".git")).unwrap();
    assert_eq!(bare.remarks, ["the commit is not known: this is a bare repository, without files"]);
    let outside = tempfile::tempdir().unwrap();
    let facts = source(&SystemCommands::default(), outside.path()).unwrap();
    assert_eq!((facts.source, facts.remarks), (unversioned(), Vec::new()));
    let missing = source(&SystemCommands::default(), Path::new("/no/such")).unwrap_err();
    assert_eq!(missing.to_string(), "the folder /no/such does not exist");
}

#[test]
fn a_git_that_is_absent_or_refuses_is_a_remark() {
    let absent = source(&ScriptedCommands::new(), Path::new("/")).unwrap();
    assert_eq!(absent.source, unversioned());
    assert!(
        absent.remarks[0].starts_with("the commit is not known: `git` is not in PATH; install it: https")
    );
    let refusal = "fatal: detected dubious ownership in repository at '/srv/x'\nTo add an exception for this \
                   directory, call:\n\n\tgit config --global --add safe.directory /srv/x";
    let refusing = ScriptedCommands::new().reply("git", Reply::fails(128, refusal));
    let facts = source(&refusing, Path::new("/")).unwrap();
    assert_eq!(facts.source, unversioned());
    assert!(facts.remarks[0].ends_with("if you trust it: git config --global --add safe.directory /srv/x"));
    let crash = ScriptedCommands::new().reply("git", Reply::fails(139, "BUG: oh"));
    let facts = source(&crash, Path::new("/")).unwrap();
    assert_eq!(facts.remarks, ["git did not answer: it exited with 139: BUG: oh"]);
}

#[test]
fn files_hidden_from_git_are_told() {
    let Some(repository) = Repository::with_commit("files_hidden_from_git") else { return };
    repository.git(&["update-index", "--assume-unchanged", "main.go"]);
    repository.write("main.go", "package main // hidden");
    let remarks = repository.facts().remarks;
    assert!(remarks[0].starts_with("git does not look at 1 of the files") && remarks[0].contains("main.go"));
    repository.git(&["update-index", "--no-assume-unchanged", "main.go"]);
    repository.git(&["update-index", "--skip-worktree", "main.go"]);
    assert_eq!(repository.facts().remarks, remarks);
    fs::remove_file(repository.path("main.go")).unwrap();
    assert!(repository.facts().remarks.is_empty());
}

#[test]
fn a_repository_can_be_scripted() {
    let commit = "7c1f9e2".repeat(6);
    let commands = ScriptedCommands::new().clean_repository("/", &commit, "Say hello");
    let SourceFacts { source, remarks } = source(&commands, Path::new("/")).unwrap();
    assert_eq!((source.commit, source.tree), (Some(commit), Tree::Clean));
    assert!(remarks.is_empty());
}

#[test]
fn a_repository_of_another_user_says_how_to_trust_it() {
    let Some(repository) = Repository::with_commit("a_repository_of_another_user") else { return };
    if std::os::unix::fs::chown(repository.folder.path(), Some(12345), None).is_err() {
        eprintln!("skipped: a_repository_of_another_user: only root can give a folder away");
        return;
    }
    let facts = repository.facts();
    assert_eq!(facts.source, unversioned());
    assert!(
        facts.remarks[0].contains("if you trust it: git config --global --add safe.directory /"),
        "{facts:?}"
    );
}
