//! The programs that are deployed: a Go service of the usual size of one that has a few large libraries, in two versions
//! that differ in one line.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::workspace;

const SOURCE: &str = include_str!("service/main.go");
const MODULE: &str = include_str!("service/go.mod");
const SUMS: &str = include_str!("service/go.sum");
/// The line that changes; the second version's is longer code, so that what follows moves in the program.
const LINE: [&str; 2] = [r#"fmt.Fprint(w, "version 1")"#, r#"fmt.Fprintf(w, "version %d", 2)"#];

/// A git repository with the service, and the programs that were built from its two commits.
pub(super) struct Service {
    pub(super) project: PathBuf,
    programs: [PathBuf; 2],
}

impl Service {
    /// Writes the source below a folder and builds both versions with the flags that plimsoll builds with.
    pub(super) fn make(folder: &Path) -> Result<Self> {
        let project = folder.join("service");
        if project.exists() {
            fs::remove_dir_all(&project)?;
        }
        fs::create_dir_all(&project)?;
        fs::write(project.join("go.mod"), MODULE)?;
        fs::write(project.join("go.sum"), SUMS)?;
        fs::write(project.join(".gitignore"), ".plimsoll/\n")?;
        let programs = [1, 2].map(|version| folder.join(format!("programs/{version}/bench")));
        let service = Self { project, programs };
        service.git(&["init", "--quiet"])?;
        for version in 1..=2 {
            service.change_to(version)?;
            let mut go = workspace::command("go");
            go.current_dir(&service.project).env("CGO_ENABLED", "0");
            go.args(["build", "-trimpath", "-buildvcs=auto", "-ldflags=-s", "-o"])
                .arg(service.program(version))
                .arg(".");
            workspace::run(&mut go)?;
        }
        Ok(service)
    }

    /// The built program of a version.
    pub(super) fn program(&self, version: u32) -> &Path {
        &self.programs[usize::from(version != 1)]
    }

    /// Puts a version's source into the tree, as a commit.
    pub(super) fn change_to(&self, version: u32) -> Result<()> {
        let text = SOURCE.replace(LINE[0], LINE[usize::from(version != 1)]);
        ensure!(version == 1 || text != SOURCE, "the line that changes is not in the source");
        fs::write(self.project.join("main.go"), text)?;
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", &format!("version {version}")])
    }

    fn git(&self, words: &[&str]) -> Result<()> {
        let mut git = workspace::command("git");
        git.current_dir(&self.project).args(["-c", "user.name=bench", "-c", "user.email=bench@localhost"]);
        workspace::run(git.args(["-c", "commit.gpgsign=false"]).args(words))
    }
}
