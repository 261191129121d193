//! nginx: its modules and configuration, whose places are built in.

use std::path::{Path, PathBuf};

use plimsoll_model::bundle::RunTimeState;

use super::super::gathering::Gathering;
use super::super::{BundleError, tree};
use super::Family;

pub(super) const FAMILY: Family = Family {
    name: "nginx",
    wanted: |evidence| {
        let (_, file) = evidence.text_with("--modules-path=")?;
        Some(format!("{file} was built with --modules-path"))
    },
    add,
};

fn add(gathering: &mut Gathering, why: &str) -> Result<(), BundleError> {
    let options = gathering.evidence.text_with("--modules-path=").map(|(text, _)| text.to_owned());
    let options = options.unwrap_or_default();
    let option = |name: &str| {
        let value = options.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        value.map(|value| PathBuf::from(value.trim_matches('\'')))
    };
    let configuration = option("--conf-path");
    let prefix = option("--prefix");
    let folders = [
        prefix.clone(),
        option("--modules-path"),
        configuration.as_deref().and_then(Path::parent).map(Path::to_owned),
    ];
    let mut added = Vec::new();
    for folder in folders.into_iter().flatten().filter(|folder| folder.is_dir()) {
        tree::add(gathering, &folder)?;
        added.push(folder.display().to_string());
    }
    if added.is_empty() {
        let advice = "name its configuration and modules by --with".to_owned();
        gathering.tell(FAMILY.name, RunTimeState::Asked, why, Some(advice));
        return Ok(());
    }
    gathering.tell(FAMILY.name, RunTimeState::Added, format!("{why}; {}", added.join(", ")), None);
    let at = |path: Option<PathBuf>| path.map_or("PATH".to_owned(), |path| tree::place(&path));
    let advice = format!("bin/nginx -p BUNDLE/{}/ -c BUNDLE/{}", at(prefix), at(configuration));
    let why = "the places of its prefix and configuration are built in, and its folders for logs and process ids are the target's";
    gathering.tell("nginx.conf", RunTimeState::Asked, why, Some(advice));
    Ok(())
}
