//! OpenSSL: providers (`legacy.so`), engines, and its configuration.

use std::path::Path;

use plimsoll_model::bundle::RunTimeState;

use super::super::gathering::Gathering;
use super::super::{BundleError, tree};
use super::{Family, mentions};

pub(super) const FAMILY: Family =
    Family { name: "openssl", wanted: |evidence| mentions(evidence, "OPENSSL_MODULES"), add };

fn add(gathering: &mut Gathering, why: &str) -> Result<(), BundleError> {
    let mut added = Vec::new();
    for (end, variable) in [("ossl-modules", "OPENSSL_MODULES"), ("engines-3", "OPENSSL_ENGINES")] {
        let Some(folder) = gathering.evidence.folder_ending(end).map(Path::to_owned) else { continue };
        tree::add(gathering, &folder)?;
        gathering.set(variable, tree::value(&folder));
        added.push(folder.display().to_string());
    }
    let is_folder = |path: &&Path| path.ends_with("ssl") && path.join("openssl.cnf").is_file();
    let folder = gathering.evidence.paths().map(|(path, _)| path).find(is_folder).map(Path::to_owned);
    if let Some(configuration) = folder.map(|folder| folder.join("openssl.cnf")) {
        tree::add(gathering, &configuration)?;
        gathering.set("OPENSSL_CONF", tree::value(&configuration));
        added.push(configuration.display().to_string());
    }
    if added.is_empty() {
        let advice = "name its modules and openssl.cnf by --with, if they are used".to_owned();
        gathering.tell(FAMILY.name, RunTimeState::Asked, why, Some(advice));
    } else {
        let why = format!("{why}; {}", added.join(", "));
        gathering.tell(FAMILY.name, RunTimeState::Added, why, None);
    }
    Ok(())
}
