//! `plimsoll maintenance on|off`: clients get a page instead of the service, which goes on behind it.

use std::path::Path;

use plimsoll_engine::fleet;
use plimsoll_model::agent::Request;
use plimsoll_model::record::Operation;
use plimsoll_model::service::Environment;
use plimsoll_model::traffic::{LARGEST_PAGE, Maintenance};
use plimsoll_model::{ExitCode, HostName};

use super::work::show_warnings;
use crate::cli;
use crate::failure::Failure;
use crate::operation;
use crate::output::{Output, remark};
use crate::project::Project;

/// What clients read where nobody says anything else.
const MESSAGE: &str = "Down for maintenance. Please try again in a moment.";

pub(crate) fn run(config: &Path, output: Output, what: &cli::Maintenance) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    show_warnings(&project);
    let (chosen, page) = match what {
        cli::Maintenance::On(on) => (&on.chosen, true),
        cli::Maintenance::Off(chosen) => (chosen, false),
    };
    let environment = project.environment(chosen.environment.as_ref())?;
    let page = match what {
        cli::Maintenance::On(on) if page => Some(page_of(environment, on)?),
        _ => None,
    };
    let failed = tell(&project, environment, page.clone())?;
    let listen = environment.listen;
    match &page {
        Some(page) => output.sentence(&format!(
            "maintenance is on: clients of {listen} get 503 and \"{}\"; instances go on",
            page.first_line()
        ))?,
        None => output.sentence(&format!("maintenance is off: {listen} serves again"))?,
    }
    Ok(if failed { ExitCode::Unreachable } else { ExitCode::Success })
}

/// Tells every host, and answers whether some could not be told.
fn tell(project: &Project, environment: &Environment, page: Option<Maintenance>) -> Result<bool, Failure> {
    let mut hosts = project.running_hosts(environment, &[])?;
    let seen = fleet::observe(&mut hosts, environment.target.parallel(), &project.service.name);
    let there = operation::answering(&seen);
    for lost in &seen.unreachable {
        remark(&format!("{}: not reached, and not told: {}", lost.host, lost.reason));
    }
    if there.is_empty() {
        return Err(Failure::new(
            ExitCode::Unreachable,
            format!("no host of `{}` answers", environment.name),
        )
        .help("plimsoll status    what runs where"));
    }
    let fence = operation::newest_token(&seen);
    let done = match &page {
        Some(page) => {
            Operation::MaintenanceOn { hosts: there.clone(), message: page.first_line().to_owned() }
        }
        None => Operation::MaintenanceOff { hosts: there.clone() },
    };
    operation::record(project, Some(environment), done, Some(fence))?;
    let request = Request::Maintain { page };
    let answers: Vec<(HostName, Result<(), String>)> =
        fleet::on_all(&mut hosts, environment.target.parallel(), |host| {
            if !there.contains(host.name()) {
                return Ok(());
            }
            let answer = host.call(&project.service.name, Some(fence), request.clone(), &[]);
            answer.map(drop).map_err(|error| error.to_string())
        });
    let mut failed = !seen.unreachable.is_empty();
    for (host, answer) in answers {
        if let Err(why) = answer {
            remark(&format!("{host}: {why}"));
            failed = true;
        }
    }
    Ok(failed)
}

fn page_of(environment: &Environment, on: &cli::MaintenanceOn) -> Result<Maintenance, Failure> {
    let page = match &on.message {
        None => MESSAGE.to_owned(),
        Some(given) if Path::new(given).is_file() => std::fs::read_to_string(given)
            .map_err(|error| Failure::usage(format!("cannot read the page {given}: {error}")))?,
        Some(given) => given.clone(),
    };
    if page.len() > LARGEST_PAGE {
        return Err(Failure::usage(format!("a page has at most {} kB", LARGEST_PAGE / 1024)));
    }
    let mut page = page;
    if !page.ends_with('\n') {
        page.push('\n');
    }
    let mut except = vec![environment.run.health.path.clone()];
    except.extend(on.except.iter().cloned());
    Ok(Maintenance { page, retry_after: on.retry_after, except })
}
