//! Perl's modules: the folders of `@INC`, which are texts of the interpreter.

use std::path::PathBuf;

use plimsoll_model::bundle::RunTimeState;

use super::super::gathering::Gathering;
use super::super::{BundleError, tree};
use super::{Family, mentions};

pub(super) const FAMILY: Family =
    Family { name: "perl", wanted: |evidence| mentions(evidence, "PERL5LIB"), add };

const MOST_FOLDERS: usize = 32;

fn add(gathering: &mut Gathering, why: &str) -> Result<(), BundleError> {
    let has_perl = |part: &std::ffi::OsStr| part.to_string_lossy().contains("perl");
    let paths = gathering.evidence.paths().map(|(path, _)| path);
    let mut folders: Vec<PathBuf> = paths
        .filter(|path| path.components().count() > 2 && path.iter().any(has_perl) && path.is_dir())
        .map(PathBuf::from)
        .collect();
    folders.truncate(MOST_FOLDERS);
    if folders.is_empty() {
        let advice = "perl -V    tells @INC; name its folders by --with and set PERL5LIB".to_owned();
        gathering.tell(FAMILY.name, RunTimeState::Asked, why, Some(advice));
        return Ok(());
    }
    for folder in &folders {
        tree::add(gathering, folder)?;
    }
    let values: Vec<String> = folders.iter().map(|folder| tree::value(folder)).collect();
    gathering.set("PERL5LIB", values.join(":"));
    let names: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    gathering.tell(FAMILY.name, RunTimeState::Added, format!("{why}; {}", names.join(", ")), None);
    Ok(())
}
