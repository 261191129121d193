//! Character sets: `iconv` loads a module of glibc's `gconv` folder for each but a few.

use std::path::Path;

use plimsoll_model::bundle::RunTimeState;

use super::super::gathering::Gathering;
use super::super::{BundleError, tree};
use super::{Family, calls};

pub(super) const FAMILY: Family =
    Family { name: "character-sets", wanted: |evidence| calls(evidence, &["iconv_open"]), add };

fn add(gathering: &mut Gathering, why: &str) -> Result<(), BundleError> {
    let in_texts = gathering.evidence.folder_ending("gconv").map(Path::to_owned);
    // glibc's own text has it; where that is not among the files, where distributions keep it.
    let candidates =
        ["/usr/lib/x86_64-linux-gnu/gconv", "/usr/lib/aarch64-linux-gnu/gconv", "/usr/lib64/gconv"];
    let known = candidates.iter().map(Path::new).find(|path| path.is_dir()).map(Path::to_owned);
    let Some(folder) = in_texts.or(known) else {
        let advice = "install glibc's character sets (`libc6`, `glibc-gconv-extra`) here, or use UTF-8 only"
            .to_owned();
        gathering.tell(FAMILY.name, RunTimeState::Asked, why, Some(advice));
        return Ok(());
    };
    tree::add(gathering, &folder)?;
    gathering.set("GCONV_PATH", tree::value(&folder));
    gathering.tell(FAMILY.name, RunTimeState::Added, format!("{why}; {}", folder.display()), None);
    Ok(())
}
