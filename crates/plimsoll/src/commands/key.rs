//! `plimsoll key`: the pair of keys that signs releases.

use std::path::Path;

use plimsoll_model::ExitCode;

use crate::cli::Key;
use crate::failure::Failure;
use crate::output::Output;
use crate::project::Project;

pub(crate) fn run(config: &Path, output: Output, what: &Key) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    let path = project.folder.join(&project.service.signing.secret_key);
    if matches!(what, Key::Show) && !path.exists() {
        return Err(Failure::usage(format!("there is no key at {}", path.display()))
            .help("plimsoll key generate    makes one"));
    }
    let was_there = path.exists();
    let public = project.signing_key()?.public_key();
    let value =
        serde_json::json!({ "public-key": public.to_base64(), "secret-key": path, "new": !was_there });
    output.print(&value, |_| match (what, was_there) {
        (Key::Show, _) => format!("{}\n", public.to_base64()),
        (Key::Generate, true) => {
            format!("there is a key already: {}\n{}\n", path.display(), public.to_base64())
        }
        (Key::Generate, false) => {
            format!("wrote {}; keep it out of version control\n{}\n", path.display(), public.to_base64())
        }
    })?;
    Ok(ExitCode::Success)
}
