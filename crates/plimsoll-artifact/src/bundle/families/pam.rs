//! PAM: the modules that its configuration names.

use std::path::Path;

use plimsoll_model::bundle::RunTimeState;

use super::super::gathering::Gathering;
use super::super::{BundleError, tree};
use super::{Family, calls};

pub(super) const FAMILY: Family =
    Family { name: "pam", wanted: |evidence| calls(evidence, &["pam_start", "pam_start_confdir"]), add };

const FOLDERS: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/security",
    "/usr/lib/aarch64-linux-gnu/security",
    "/usr/lib64/security",
    "/lib/security",
];

fn add(gathering: &mut Gathering, why: &str) -> Result<(), BundleError> {
    let folder = FOLDERS.iter().map(Path::new).find(|folder| folder.is_dir());
    if let Some(folder) = folder {
        tree::add(gathering, folder)?;
        gathering.tell(FAMILY.name, RunTimeState::Added, format!("{why}; {}", folder.display()), None);
    }
    let place = folder.map_or("its modules".to_owned(), tree::place);
    let why = "libpam has no variable for where its modules and configuration are";
    let advice = format!(
        "the target's /etc/pam.d names modules; those of the bundle by their full path, BUNDLE/{place}"
    );
    gathering.tell("/etc/pam.d", RunTimeState::Asked, why, Some(advice));
    Ok(())
}
