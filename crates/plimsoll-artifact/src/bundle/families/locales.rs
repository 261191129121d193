//! Locales: what characters are letters, how dates are written.

use std::path::{Path, PathBuf};

use plimsoll_model::bundle::RunTimeState;

use super::super::gathering::Gathering;
use super::super::{BundleError, tree};
use super::{Family, calls};

pub(super) const FAMILY: Family =
    Family { name: "locales", wanted: |evidence| calls(evidence, &["setlocale", "newlocale"]), add };

const FOLDER: &str = "/usr/lib/locale";

fn add(gathering: &mut Gathering, why: &str) -> Result<(), BundleError> {
    let entries = std::fs::read_dir(FOLDER).into_iter().flatten().take(4096).flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    for folder in &folders {
        tree::add(gathering, folder)?;
    }
    if Path::new(FOLDER).join("locale-archive").is_file() {
        let why = "glibc does not read it where LOCPATH names another folder";
        let advice = "localedef --no-archive NAME    makes a locale a folder, which is bundled".to_owned();
        gathering.tell("/usr/lib/locale/locale-archive", RunTimeState::LeftOut, why, Some(advice));
    }
    if folders.is_empty() {
        let why = format!("{why}; only C and POSIX, which need no file");
        gathering.tell(FAMILY.name, RunTimeState::Asked, why, Some("localedef makes more".to_owned()));
        return Ok(());
    }
    gathering.set("LOCPATH", tree::value(Path::new(FOLDER)));
    let names: Vec<_> = folders.iter().filter_map(|path| path.file_name()?.to_str()).collect();
    gathering.tell(FAMILY.name, RunTimeState::Added, format!("{why}; {}", names.join(", ")), None);
    Ok(())
}
