//! Descriptions of terminals, which ncurses reads.

use std::path::Path;

use plimsoll_model::bundle::RunTimeState;

use super::super::gathering::Gathering;
use super::super::{BundleError, tree};
use super::{Family, mentions};

pub(super) const FAMILY: Family =
    Family { name: "terminals", wanted: |evidence| mentions(evidence, "TERMINFO_DIRS"), add };

/// Debian keeps the common ones apart, so that they are there without the package of all others.
const FOLDERS: [&str; 3] = ["/lib/terminfo", "/etc/terminfo", "/usr/share/terminfo"];

fn add(gathering: &mut Gathering, why: &str) -> Result<(), BundleError> {
    let mut added = Vec::new();
    for folder in FOLDERS.iter().map(Path::new).filter(|folder| folder.is_dir()) {
        tree::add(gathering, folder)?;
        added.push(folder);
    }
    if added.is_empty() {
        let advice = "name a folder of them by --with and set TERMINFO, if it draws on terminals".to_owned();
        gathering.tell(FAMILY.name, RunTimeState::Asked, why, Some(advice));
        return Ok(());
    }
    let values: Vec<String> = added.iter().map(|folder| tree::value(folder)).collect();
    gathering.set("TERMINFO_DIRS", values.join(":"));
    let names: Vec<String> = added.iter().map(|folder| folder.display().to_string()).collect();
    gathering.tell(FAMILY.name, RunTimeState::Added, format!("{why}; {}", names.join(", ")), None);
    Ok(())
}
