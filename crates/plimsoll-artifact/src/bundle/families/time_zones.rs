//! Time zones. They change several times a year and weigh more than most programs, so they are the target's unless asked for.

use std::path::Path;

use plimsoll_model::bundle::RunTimeState;

use super::super::gathering::Gathering;
use super::super::{BundleError, tree};
use super::{Family, calls};

pub(super) const FAMILY: Family = Family {
    name: "time-zones",
    wanted: |evidence| calls(evidence, &["localtime", "localtime_r", "tzset"]),
    add,
};

const FOLDER: &str = "/usr/share/zoneinfo";

#[expect(clippy::unnecessary_wraps, reason = "every family has this shape")]
fn add(gathering: &mut Gathering, why: &str) -> Result<(), BundleError> {
    let folder = Path::new(FOLDER);
    if gathering.given.contains(folder) {
        gathering.set("TZDIR", tree::value(folder));
        return Ok(());
    }
    let advice = format!("the target's are read; without any all times are UTC: --with {FOLDER}");
    gathering.tell(FAMILY.name, RunTimeState::Asked, why, Some(advice));
    Ok(())
}
