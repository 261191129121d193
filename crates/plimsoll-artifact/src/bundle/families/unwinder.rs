//! The unwinder: glibc opens `libgcc_s.so.1` when a thread is cancelled or ends itself, and for backtraces. A program that lacks
//! it dies at that moment, and not before.

use plimsoll_model::bundle::{FileKind, RunTimeState};

use super::super::BundleError;
use super::super::gathering::Gathering;
use super::{Family, calls};

pub(super) const FAMILY: Family = Family {
    name: "unwinder",
    wanted: |evidence| calls(evidence, &["pthread_create", "pthread_cancel", "pthread_exit", "backtrace"]),
    add,
};

const NAME: &str = "libgcc_s.so.1";

fn add(gathering: &mut Gathering, why: &str) -> Result<(), BundleError> {
    if gathering.contents.contains_key(&format!("lib/{NAME}")) {
        return Ok(());
    }
    if let Some(path) = gathering.find_library(NAME) {
        gathering.put_elf(&path, &format!("lib/{NAME}"), FileKind::Library)?;
        gathering.tell(FAMILY.name, RunTimeState::Added, format!("{why}; {}", path.display()), None);
    } else {
        let advice = format!("install {NAME} here: threads that are cancelled need it");
        gathering.tell(FAMILY.name, RunTimeState::Asked, why, Some(advice));
    }
    Ok(())
}
