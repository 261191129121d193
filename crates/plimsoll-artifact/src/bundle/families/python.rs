//! Python's modules: the standard library, what is built for it, and packages beside it.

use std::path::{Path, PathBuf};

use plimsoll_model::bundle::RunTimeState;

use super::super::gathering::{Content, Gathering};
use super::super::{BundleError, tree};
use super::{Family, mentions};

pub(super) const FAMILY: Family =
    Family { name: "python", wanted: |evidence| mentions(evidence, "PYTHONHOME"), add };

fn add(gathering: &mut Gathering, why: &str) -> Result<(), BundleError> {
    let Some((prefix, name)) = find(gathering) else {
        let advice = "name the folder of its standard library: --with /usr/lib/pythonX.Y, and set PYTHONHOME";
        gathering.tell(FAMILY.name, RunTimeState::Asked, why, Some(advice.to_owned()));
        return Ok(());
    };
    // Debian keeps packages beside the standard library; both belong to the same prefix.
    let folders = [format!("lib/{name}"), "lib/python3".to_owned(), format!("local/lib/{name}")];
    let folders: Vec<PathBuf> =
        folders.iter().map(|folder| prefix.join(folder)).filter(|folder| folder.is_dir()).collect();
    for folder in &folders {
        tree::add(gathering, folder)?;
    }
    gathering.set("PYTHONHOME", tree::value(&prefix));
    let folders: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    gathering.tell(FAMILY.name, RunTimeState::Added, format!("{why}; {}", folders.join(", ")), None);
    Ok(())
}

/// The prefix and name (`python3.11`) whose standard library is beside one of the bundle's files.
fn find(gathering: &Gathering) -> Option<(PathBuf, String)> {
    gathering.contents.values().find_map(|content| {
        let Content::Copy { from, .. } = content else { return None };
        let name = version(from.file_name()?.to_str()?)?;
        let has_library = |prefix: &&Path| prefix.join("lib").join(&name).join("os.py").is_file();
        let prefix = from.ancestors().skip(1).find(has_library)?;
        Some((prefix.to_owned(), name.clone()))
    })
}

/// `python3.11` of `python3.11`, `libpython3.11.so.1.0`, `python3.11d`.
fn version(file: &str) -> Option<String> {
    let rest = file.strip_prefix("lib").unwrap_or(file).strip_prefix("python3.")?;
    let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (!minor.is_empty()).then(|| format!("python3.{minor}"))
}
