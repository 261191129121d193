//! Why there is no bundle.

use std::io;
use std::path::{Path, PathBuf};

use crate::elf::InspectError;

/// Why a program could not be bundled. Nothing of it is left behind.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The folder is there and holds something.
    #[error("{} is not empty; a bundle is only written into a folder of its own", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// Something else is where the folder shall be.
    #[error("{} is there already, and is not a folder", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// It is a script.
    #[error("{} is a script (`{line}`): its interpreter is the program", path.display())]
    Script {
        /// The file.
        path: PathBuf,
        /// Its first line.
        line: String,
        /// The program that runs it, where the line names one.
        interpreter: Option<String>,
    },
    /// It is no program that can be read.
    #[error("{} cannot be bundled: {}", path.display(), why.what())]
    NotAProgram {
        /// The file.
        path: PathBuf,
        /// Why.
        why: InspectError,
    },
    /// It is an ELF file that cannot be started.
    #[error("{} is {what}, not a program", path.display())]
    NotStartable {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        what: &'static str,
    },
    /// Libraries that it needs are not on this machine.
    #[error("{}", missing(.libraries))]
    Missing {
        /// The library, who needs it, and why the file that has the name is none.
        libraries: Vec<MissingLibrary>,
    },
    /// Its loader is not on this machine.
    #[error("the loader {loader}, which {} needs, is not here", path.display())]
    NoLoader {
        /// The loader.
        loader: String,
        /// The program.
        path: PathBuf,
    },
    /// There is no launcher for its machine.
    #[error(
        "programs for this processor (ELF machine {machine}) cannot be bundled: only for x86-64 and arm64"
    )]
    NoLauncher {
        /// ELF's number of the machine.
        machine: u16,
    },
    /// The launcher's table is full.
    #[error("more variables are to be set than a launcher holds (64, in 16 kB)")]
    TooManyVariables,
    /// More files than are ever meant.
    #[error("more than {most} files would be bundled; the last was {}", path.display())]
    TooMany {
        /// The bound.
        most: usize,
        /// The file that was one too many.
        path: PathBuf,
    },
    /// A word after `--without` that means nothing.
    #[error("`{what}` is neither one of {known}, nor a library of this program, nor a path of the bundle")]
    NothingToLeaveOut {
        /// The word.
        what: String,
        /// The words that are known.
        known: String,
    },
    /// The operating system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// A library that is needed and not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingLibrary {
    /// Its name.
    pub name: String,
    /// The program or library that needs it.
    pub needed_by: String,
    /// What is the matter with the file that was found, if one was.
    pub problem: Option<String>,
}

fn missing(libraries: &[MissingLibrary]) -> String {
    let texts = libraries.iter().map(|library| match &library.problem {
        None => format!("{} (needed by {}) is not on this machine", library.name, library.needed_by),
        Some(why) => format!("{} (needed by {}) cannot be used: {why}", library.name, library.needed_by),
    });
    texts.collect::<Vec<_>>().join("; ")
}

/// Puts what was tried before an error of the operating system.
pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BundleError {
    move |source| BundleError::Io { action, path: path.to_owned(), source }
}
