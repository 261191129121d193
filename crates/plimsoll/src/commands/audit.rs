//! `plimsoll audit`: the journal, record by record, and whether its chain holds.

use std::path::Path;

use plimsoll_engine::journal::{JournalError, Query, chain};
use plimsoll_model::record::{Entry, Record};
use plimsoll_model::{ExitCode, RolloutId};
use plimsoll_report::ChainCheck;

use crate::failure::Failure;
use crate::output::{Output, remark};
use crate::project::Project;

pub(crate) fn run(config: &Path, output: Output) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
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
