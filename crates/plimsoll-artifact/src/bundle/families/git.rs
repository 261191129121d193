//! git: the programs that its commands are, and the templates of repositories.

use std::path::{Path, PathBuf};

use plimsoll_model::bundle::RunTimeState;

use super::super::gathering::Gathering;
use super::super::{BundleError, tree};
use super::{Family, mentions};

pub(super) const FAMILY: Family =
    Family { name: "git", wanted: |evidence| mentions(evidence, "GIT_EXEC_PATH"), add };

fn add(gathering: &mut Gathering, why: &str) -> Result<(), BundleError> {
    let programs = gathering.evidence.folder_ending("git-core").map(Path::to_owned);
    let subjects = [
        ("git-core", "GIT_EXEC_PATH", programs.clone()),
        ("templates", "GIT_TEMPLATE_DIR", programs.and_then(|programs| templates(&programs))),
    ];
    let mut added = Vec::new();
    for (what, variable, folder) in subjects {
        let Some(folder) = folder else {
            let advice = format!("--with the folder, and set {variable}");
            gathering.tell(&format!("git's {what}"), RunTimeState::Asked, why, Some(advice));
            continue;
        };
        tree::add(gathering, &folder)?;
        gathering.set(variable, tree::value(&folder));
        added.push(folder.display().to_string());
    }
    if !added.is_empty() {
        gathering.tell(FAMILY.name, RunTimeState::Added, format!("{why}; {}", added.join(", ")), None);
    }
    let has_shell = gathering.given.iter().any(|path| path.ends_with("sh") || path.ends_with("bash"));
    let advice = if has_shell {
        "link /bin/sh of the target to it: git asks for that path"
    } else {
        "a target without /bin/sh: --with /bin/sh, and link its /bin/sh to the bundle's bin/sh"
    };
    let why = "git runs hooks, aliases, clones of local paths and commands that are scripts by /bin/sh";
    gathering.tell("/bin/sh", RunTimeState::Asked, why, Some(advice.to_owned()));
    let why = "git opens them by name: one for what runs in the background, one for names of temporary files";
    let advice = "a target without devices: mknod, or a bind mount, as containers have them".to_owned();
    gathering.tell("/dev/null, /dev/urandom", RunTimeState::Asked, why, Some(advice));
    Ok(())
}

/// git knows them relative to the prefix that its programs are below.
fn templates(programs: &Path) -> Option<PathBuf> {
    let folders = programs.ancestors().map(|folder| folder.join("share/git-core/templates"));
    folders.into_iter().find(|folder| folder.is_dir())
}
