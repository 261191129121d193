//! `plimsoll pin` and `unpin`: releases that are kept whatever `prune` is told.

use std::path::Path;

use plimsoll_model::ExitCode;
use plimsoll_model::record::Operation;

use crate::cli;
use crate::failure::Failure;
use crate::operation;
use crate::output::Output;
use crate::project::Project;

pub(crate) fn pin(config: &Path, output: Output, arguments: &cli::Pin) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    let known = super::deploy::named(&project, &arguments.release)?;
    let (release, why) = (known.release.clone(), arguments.message.clone());
    operation::record(&project, None, Operation::Pin { release, why }, None)?;
    output.sentence(&format!("r{} is kept until `plimsoll unpin r{}`", known.number, known.number))?;
    Ok(ExitCode::Success)
}

pub(crate) fn unpin(config: &Path, output: Output, arguments: &cli::Unpin) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    let known = super::deploy::named(&project, &arguments.release)?;
    if !project.history()?.pins.contains_key(&known.release) {
        output.sentence(&format!("r{} is not pinned", known.number))?;
        return Ok(ExitCode::Success);
    }
    let release = known.release.clone();
    operation::record(&project, None, Operation::Unpin { release }, None)?;
    output.sentence(&format!("r{} may be removed by `plimsoll prune` again", known.number))?;
    Ok(ExitCode::Success)
}
