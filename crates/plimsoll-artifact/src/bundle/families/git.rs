//! git: the programs that its commands are, and the templates of repositories.

use std::path::Path;

use plimsoll_model::bundle::RunTimeState;

use super::super::gathering::Gathering;
use super::super::{BundleError, tree};
use super::{Family, mentions};

pub(super) const FAMILY: Family =
    Family { name: "git", wanted: |evidence| mentions(evidence, "GIT_EXEC_PATH"), add };

fn add(gathering: &mut Gathering, why: &str) -> Result<(), BundleError> {
    let subjects = [("git-core", "GIT_EXEC_PATH"), ("git-core/templates", "GIT_TEMPLATE_DIR")];
    let mut added = Vec::new();
    for (end, variable) in subjects {
        let Some(folder) = gathering.evidence.folder_ending(end).map(Path::to_owned) else {
            let advice = format!("--with its folder, and set {variable}");
            gathering.tell(end, RunTimeState::Asked, why, Some(advice));
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
    Ok(())
}
