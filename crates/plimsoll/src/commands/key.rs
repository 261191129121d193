//! `plimsoll key`: the pair of keys that signs releases.

use std::path::Path;

use plimsoll_model::ExitCode;

use crate::cli::Key;
use crate::failure::Failure;
use crate::output::{Output, remark};
use crate::project::{PASSWORD, Project};

pub(crate) fn run(config: &Path, output: Output, what: &Key) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    let path = project.key_path();
    if matches!(what, Key::Show) && !path.exists() {
        return Err(Failure::usage(format!("there is no key at {}", path.display()))
            .help("plimsoll key generate    makes one"));
    }
    let was_there = path.exists();
    let public =
        if was_there { public_key(&project)? } else { project.signing_key()?.public_key().to_base64() };
    let value = serde_json::json!({ "public-key": public, "secret-key": path, "new": !was_there });
    output.print(&value, |_| match (what, was_there) {
        (Key::Show, _) => format!("{public}\n"),
        (Key::Generate, true) => {
            format!("there is a key already: {}\n{public}\n", path.display())
        }
        (Key::Generate, false) => {
            format!("wrote {}; keep it out of version control\n{public}\n", path.display())
        }
    })?;
    Ok(ExitCode::Success)
}

/// The public half of the key that is there: the file beside it, what opening it gives, or, where it is encrypted and no
/// password is set, the key that signed last.
fn public_key(project: &Project) -> Result<String, Failure> {
    if let Some(beside) = project.public_key_beside() {
        return Ok(beside);
    }
    let failure = match project.signing_key() {
        Ok(key) => return Ok(key.public_key().to_base64()),
        Err(failure) => failure,
    };
    let history = project.history()?;
    let last = history.releases.iter().rev().find_map(|known| {
        let signer = history.signers(&known.release).into_iter().next()?;
        Some((known.number, signer))
    });
    match last.filter(|_| std::env::var_os(PASSWORD).is_none()) {
        Some((number, signer)) => {
            remark(&format!(
                "note: this key signed r{number}; the key file is not opened without {PASSWORD}"
            ));
            Ok(signer)
        }
        None => Err(failure),
    }
}
