//! `plimsoll deploy RELEASE`: a sealed release into an environment; with `--converge` the one that serves there, to
//! hosts that were set aside or differ.

use std::path::Path;

use plimsoll_engine::Order;
use plimsoll_engine::history::KnownRelease;
use plimsoll_engine::journal::Query;
use plimsoll_model::evidence::{Gate, GateDecision};
use plimsoll_model::record::Entry;
use plimsoll_model::service::Environment;
use plimsoll_model::{ExitCode, ReleaseId};

use super::work::{on_environment, show_warnings};
use crate::cli::Deploy;
use crate::failure::Failure;
use crate::output::{Output, remark};
use crate::project::Project;

pub(crate) fn run(config: &Path, output: Output, arguments: &Deploy) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environment = project.environment(arguments.chosen.environment.as_ref())?;
    let release = match &arguments.release {
        Some(name) => named(&project, name)?.release,
        None => serving(&project, environment)?,
    };
    if let Some(refused) = refused_by_test(&project, &release)? {
        remark(&format!("warning: the test refused this release: {refused}"));
    }
    let trusted_keys = project.trusted_keys_for(&release)?;
    let order = Order { environment, release, trusted_keys: &trusted_keys, rollback: false, canary: false };
    on_environment(&project, environment, output, Some(&arguments.waiting), |d| {
        if arguments.force_past_block {
            d.force_past_block();
        }
        // What was left is not taken back for the sake of the release before it.
        let left = if arguments.converge { d.resume()? } else { None };
        if let Some(left) = left {
            return Ok(left);
        }
        d.preflight(&order)?;
        d.deploy(&order)
    })
}

/// Why the release's last test refused it, if it did. Who deploys it all the same is told.
fn refused_by_test(project: &Project, release: &ReleaseId) -> Result<Option<String>, Failure> {
    let records = project.records(&Query::default())?;
    let last = records.into_iter().rev().find_map(|record| match record.entry {
        Entry::Gate { evidence }
            if evidence.gate == Gate::Test && evidence.release.as_ref() == Some(release) =>
        {
            Some(evidence)
        }
        _ => None,
    });
    Ok(last.filter(|test| test.decision == GateDecision::Refused).map(|test| test.summary))
}

/// The release that serves the environment, as far as the journal knows.
fn serving(project: &Project, environment: &Environment) -> Result<ReleaseId, Failure> {
    project.history()?.serving(&environment.name).ok_or_else(|| {
        Failure::usage(format!("nothing has been brought into `{}` yet", environment.name))
            .help("plimsoll ship    builds a release and brings it in")
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
