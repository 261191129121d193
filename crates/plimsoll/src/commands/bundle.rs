//! `plimsoll bundle`: a program with all that it needs in one folder.

use std::path::{Path, PathBuf};

use plimsoll_artifact::bundle::{self, BundleError, Request};
use plimsoll_model::ExitCode;

use crate::cli::Bundle;
use crate::failure::{Failure, with_causes};
use crate::output::Output;

pub(crate) fn run(output: Output, arguments: &Bundle) -> Result<ExitCode, Failure> {
    let request = Request {
        program: there(&arguments.program)?,
        with: arguments.with.iter().map(|path| there(path)).collect::<Result<_, _>>()?,
        without: arguments.without.iter().map(|what| left_out(what)).collect::<Result<_, _>>()?,
    };
    let into = absolute(&arguments.output)?;
    let made = bundle::plan(&request).and_then(|plan| bundle::write(&plan, &into));
    let made = made.map_err(|error| failure(&error, arguments))?;
    output.print(&made, |style| plimsoll_report::bundle(&made, &arguments.output, style))?;
    Ok(ExitCode::Success)
}

fn there(path: &Path) -> Result<PathBuf, Failure> {
    match path.metadata() {
        Ok(_) => absolute(path),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => {
            Err(Failure::usage(format!("there is no {}", path.display())))
        }
        Err(why) => Err(Failure::usage(format!("cannot read {}: {why}", path.display()))),
    }
}

/// A path as the bundle knows it, or a word as it is.
fn left_out(what: &str) -> Result<String, Failure> {
    if what.contains('/') {
        Ok(absolute(Path::new(what))?.display().to_string())
    } else {
        Ok(what.to_owned())
    }
}

/// An absolute path without `.` and `..`. Its last part stays as it is named: a link's own name is the program's.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    let path = std::path::absolute(path)
        .map_err(|why| Failure::usage(format!("{} is no path: {why}", path.display())))?;
    let real = path
        .parent()
        .zip(path.file_name())
        .and_then(|(folder, name)| Some(folder.canonicalize().ok()?.join(name)));
    Ok(real.unwrap_or(path))
}

fn failure(error: &BundleError, arguments: &Bundle) -> Failure {
    let text = with_causes(error);
    match error {
        BundleError::NotEmpty { .. } | BundleError::NotAFolder { .. } => {
            Failure::usage(text).help("name another folder, or remove that one first")
        }
        BundleError::Script { interpreter, .. } => {
            let interpreter = match interpreter.as_deref() {
                Some(name) if !name.contains('/') => format!("$(command -v {name})"),
                name => name.unwrap_or("INTERPRETER").to_owned(),
            };
            Failure::usage(text).help(format!(
                "plimsoll bundle {interpreter} -o {} --with {}    and start it as bin/NAME SCRIPT",
                arguments.output.display(),
                arguments.program.display()
            ))
        }
        BundleError::NotAProgram { why, .. } => Failure::usage(text).help(why.advice()),
        BundleError::NotStartable { .. } => {
            Failure::usage(text).help("bundle the program that loads it; --with takes further files")
        }
        BundleError::TooManyVariables
        | BundleError::TooMany { .. }
        | BundleError::NothingToLeaveOut { .. } => Failure::usage(text),
        BundleError::Missing { .. } => Failure::new(ExitCode::Refused, text)
            .help("plimsoll inspect FILE    where each library was searched")
            .help("bundle on the machine that builds the program: there it can be started"),
        BundleError::NoLoader { .. } | BundleError::NoLauncher { .. } => {
            Failure::new(ExitCode::Refused, text)
        }
        BundleError::Io { source, .. } => {
            let failure = Failure::new(ExitCode::Internal, text);
            if source.kind() == std::io::ErrorKind::StorageFull {
                let folder = arguments.output.parent().filter(|folder| !folder.as_os_str().is_empty());
                let folder = folder.unwrap_or(Path::new(".")).display();
                return failure.help(format!("df -h {folder}    make room; nothing was left there"));
            }
            failure
        }
    }
}
