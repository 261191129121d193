//! Names of files and folders: what is plain, and what is hidden while work goes on.

use plimsoll_model::release::{MANIFEST_FILE, SIGNATURE_FILE};

use super::ReleaseError;

/// Folders that are being written.
pub(super) const SEALING: &str = ".sealing-";
/// Folders that are being removed.
pub(super) const REMOVING: &str = ".removing-";

/// Refuses names that could lead out of the folder, hide, or stand for the manifest.
pub(super) fn check_plain(name: &str) -> Result<(), ReleaseError> {
    let bad = |c: char| c == '/' || c == '\\' || c.is_control();
    let taken = [MANIFEST_FILE, SIGNATURE_FILE].contains(&name);
    if (1..=255).contains(&name.len()) && !name.starts_with('.') && !name.contains(bad) && !taken {
        Ok(())
    } else {
        Err(ReleaseError::ArtifactName { name: name.to_owned() })
    }
}

/// A name that no other process uses.
pub(super) fn unique(prefix: &str, name: &str) -> Result<String, ReleaseError> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| ReleaseError::NoRandomness)?;
    Ok(format!("{prefix}{name}-{:016x}", u64::from_le_bytes(random)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_pass() {
        for good in ["greeter", "a.b", "my app", "größe"] {
            assert!(check_plain(good).is_ok(), "{good}");
        }
        let long = "a".repeat(256);
        for bad in ["", ".", "..", ".hidden", "a/b", "/a", "a\\b", "a\nb", "a\0", MANIFEST_FILE, &long] {
            assert!(matches!(check_plain(bad), Err(ReleaseError::ArtifactName { .. })), "{bad}");
        }
    }
}
