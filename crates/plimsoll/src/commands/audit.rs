//! `plimsoll audit`: the journal, record by record, and whether its chain holds.

use std::path::Path;

use plimsoll_engine::journal::{JournalError, Query, chain};
use plimsoll_model::ExitCode;
use plimsoll_model::record::Record;
use plimsoll_report::ChainCheck;

use crate::failure::Failure;
use crate::output::Output;
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
    let holds = !matches!(check, ChainCheck::Broken { .. });
    Ok(if holds { ExitCode::Success } else { ExitCode::Internal })
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
