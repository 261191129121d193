//! `plimsoll doctor`: what the hosts are, held against what is needed of them. Changes nothing.

use std::path::Path;

use plimsoll_drivers::SystemClock;
use plimsoll_engine::history::KnownRelease;
use plimsoll_engine::preflight::{Examination, examine, release_needs};
use plimsoll_engine::world::ReleaseContent as _;
use plimsoll_model::preflight::{CheckId, Finding, HostReport, ReleaseNeeds};
use plimsoll_model::service::Environment;
use plimsoll_model::{ExitCode, Manifest};
use plimsoll_report::DoctorView;

use super::deploy::named;
use super::work::show_warnings;
use crate::cli::Doctor;
use crate::failure::Failure;
use crate::output::Output;
use crate::project::Project;

pub(crate) fn run(config: &Path, output: Output, arguments: &Doctor) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let environment = project.environment(arguments.chosen.environment.as_ref())?;
    let history = project.history()?;
    let release = match &arguments.release {
        Some(name) => Some(named(&project, name)?),
        None => history.releases.last().cloned(),
    };
    let needs = release.as_ref().and_then(|release| needs(&project, environment, release));
    let about = Examination { service: &project.service.name, environment, release: needs.as_ref() };
    let hosts = examine(&mut project.hosts_to_look_at(environment)?, &SystemClock, &about);
    let exit = exit_of(&hosts);
    let view = DoctorView {
        service: project.service.name.clone(),
        environment: environment.name.clone(),
        release: needs.as_ref().map(|needs| history.label(&needs.release)),
        hosts,
    };
    output.print(&view, |style| plimsoll_report::doctor(&view, style))?;
    Ok(exit)
}

/// What a release needs; nothing where its content is not here any more.
fn needs(project: &Project, environment: &Environment, release: &KnownRelease) -> Option<ReleaseNeeds> {
    let content = project.content();
    let signed = content.manifest(&release.release).ok()?;
    let manifest: Manifest = serde_json::from_str(&signed.manifest).ok()?;
    let artifact = content.artifact_file(&release.release);
    Some(release_needs(&release.release, &manifest, &environment.run, artifact.as_deref()))
}

fn exit_of(hosts: &[HostReport]) -> ExitCode {
    let findings = || hosts.iter().flat_map(|host| &host.findings);
    let is_silent = |finding: &&Finding| finding.id == CheckId::Reachable;
    if findings().any(|finding| finding.refuses() && !is_silent(&finding)) {
        ExitCode::Refused
    } else if findings().any(|finding| is_silent(&finding)) {
        ExitCode::Unreachable
    } else if findings().any(Finding::is_open) {
        ExitCode::Inconclusive
    } else {
        ExitCode::Success
    }
}
