//! `plimsoll deploy RELEASE`: a sealed release into an environment.

use std::path::Path;

use plimsoll_engine::Order;
use plimsoll_engine::history::KnownRelease;
use plimsoll_model::ExitCode;

use super::work::{on_environment, show_warnings};
use crate::cli::Target;
use crate::failure::Failure;
use crate::output::Output;
use crate::project::Project;

pub(crate) fn run(config: &Path, output: Output, arguments: &Target) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environment = project.environment(arguments.chosen.environment.as_ref())?;
    let release = named(&project, &arguments.release)?.release;
    let key = project.signing_key()?;
    let trusted_keys = project.trusted_keys(&key);
    let order = Order { environment, release, trusted_keys: &trusted_keys, rollback: false, canary: false };
    on_environment(&project, environment, output, Some(&arguments.waiting), |d| {
        d.preflight(&order)?;
        d.deploy(&order)
    })
}

/// The sealed release that a person names.
pub(super) fn named(project: &Project, name: &str) -> Result<KnownRelease, Failure> {
    let history = project.history()?;
    history.named(name).cloned().ok_or_else(|| {
        let newest =
            history.releases.last().map_or_else(|| "none yet".to_owned(), |r| format!("r{}", r.number));
        Failure::usage(format!("there is no release `{name}`"))
            .help(format!("the newest is: {newest}"))
            .help("plimsoll history    all releases")
    })
}
