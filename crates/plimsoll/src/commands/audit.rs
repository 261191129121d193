//! `plimsoll audit`: the journal, record by record, and whether its chain holds; and the hosts' own trails.

use std::path::Path;

use plimsoll_engine::History;
use plimsoll_engine::fleet;
use plimsoll_engine::journal::{JournalError, Query, chain};
use plimsoll_model::agent::{Request, Response};
use plimsoll_model::record::{Entry, Record};
use plimsoll_model::{ExitCode, RolloutId, trail};
use plimsoll_report::{ChainCheck, Names, TrailView};

use crate::cli::Audit;
use crate::failure::Failure;
use crate::output::{Output, remark};
use crate::project::Project;

pub(crate) fn run(config: &Path, output: Output, arguments: &Audit) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    if arguments.hosts {
        return of_hosts(&project, output, arguments);
    }
    let (records, check) = match project.read_records(&Query::default()) {
        Ok(records) => {
            let check = verify(&records);
            (records, check)
        }
        Err(JournalError::Damaged { sequence, why }) => (Vec::new(), ChainCheck::Broken { sequence, why }),
        Err(other) => return Err(other.into()),
    };
    let value = serde_json::json!({ "chain": check, "records": records });
    output.print(&value, |style| plimsoll_report::audit(&records, &check, style))?;
    let mut holds = !matches!(check, ChainCheck::Broken { .. });
    // An end that was cut off cannot be seen in the chain itself.
    for missing in unknown_commits(&project, &records) {
        remark(&missing);
        holds = false;
    }
    Ok(if holds { ExitCode::Success } else { ExitCode::Internal })
}

/// What the hosts wrote down themselves, beside what the journal knows.
fn of_hosts(project: &Project, output: Output, arguments: &Audit) -> Result<ExitCode, Failure> {
    let environment = project.environment(arguments.chosen.environment.as_ref())?;
    let records = project.records(&Query::default())?;
    let known = History::fold(&records).tokens(&environment.name);
    let mut hosts = project.running_hosts(environment, &[])?;
    let service = &project.service.name;
    let mut exit = if verify(&records).holds() { ExitCode::Success } else { ExitCode::Internal };
    let answers = fleet::on_all(&mut hosts, environment.target.parallel(), |host| {
        host.call(service, None, Request::Trail, &[])
    });
    let mut views = Vec::new();
    for (host, answer) in answers {
        match answer {
            Ok(Response::Trail { lines }) => {
                let trail = trail::read(&lines);
                let unknown = trail::unknown_to(&trail, &known).into_iter().cloned().collect();
                views.push(TrailView { host, trail, unknown });
            }
            Ok(_) => return Err(Failure::new(ExitCode::Internal, "the agent gave another answer")),
            Err(error) => {
                remark(&format!("{host}: not reached: {error}"));
                exit = ExitCode::Unreachable;
            }
        }
    }
    if views.iter().any(|view| view.trail.broken.is_some() || !view.unknown.is_empty()) {
        exit = ExitCode::Internal;
    }
    let names = Names::from_records(&records);
    output.print(&views, |style| plimsoll_report::trails(&views, &names, style))?;
    Ok(exit)
}

/// What hosts of this machine hold and no record of an intact journal explains.
fn unknown_commits(project: &Project, records: &[Record]) -> Vec<String> {
    let planned = |rollout: &RolloutId| {
        let is_plan = |r: &Record| matches!(r.entry, Entry::Planned { .. });
        records.iter().any(|r| is_plan(r) && r.rollout.as_ref() == Some(rollout))
    };
    let committed = project.service.environments.values();
    let committed = committed.filter_map(|e| Some((&e.name, project.committed_here(e)?)));
    let unknown = committed.filter(|(_, rollout)| !planned(rollout));
    let told = |(environment, rollout)| {
        format!(
            "{environment}: its host has committed {rollout}, of which this journal knows nothing: records are missing"
        )
    };
    unknown.map(told).collect()
}

fn verify(records: &[Record]) -> ChainCheck {
    match chain::verify(records) {
        Ok(()) => ChainCheck::Intact {
            records: records.len() as u64,
            head: records.last().map_or_else(chain::origin, |r| r.hash),
        },
        Err(JournalError::Damaged { sequence, why }) => ChainCheck::Broken { sequence, why },
        Err(other) => ChainCheck::Unverified { why: other.to_string() },
    }
}
