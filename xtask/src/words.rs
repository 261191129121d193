//! Words that no tracked file may hold: paths of somebody's machine.

use anyhow::Result;

use crate::workspace;

/// Folders that exist on one machine only. Written in pieces, so that this file may be tracked.
const FOLDERS: [&str; 4] =
    [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/"), concat!("/Use", "rs/")];

/// Places in tracked files that name somebody's folder.
pub(crate) fn problems() -> Result<Vec<String>> {
    let files = workspace::read(workspace::command("git").args(["ls-files", "-z"]))?;
    let mut problems = Vec::new();
    for file in files.split('\0').filter(|file| !file.is_empty()) {
        // What is no text, or was removed and not yet committed, has no lines to look at.
        let Ok(text) = std::fs::read_to_string(workspace::root().join(file)) else { continue };
        problems.extend(lines(file, &text));
    }
    Ok(problems)
}

fn lines(file: &str, text: &str) -> Vec<String> {
    let lines = text.lines().enumerate();
    let found =
        lines.filter_map(|(n, line)| Some((n + 1, FOLDERS.iter().find(|folder| names(line, folder))?)));
    found.map(|(line, folder)| format!("{file}:{line} names {folder}, a folder of one machine")).collect()
}

/// Whether a line names a folder at the root, and not `some/home/` below another one.
fn names(line: &str, folder: &str) -> bool {
    let inside = |before: &str| before.ends_with(|c: char| c.is_alphanumeric() || "._-}>*/~".contains(c));
    line.match_indices(folder).any(|(at, _)| !inside(&line[..at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_one_machine_is_found() {
        let home = FOLDERS[0];
        assert_eq!(lines("a.md", &format!("fine\nsee {home}me/x\n")).len(), 1);
        assert_eq!(lines("a.md", &format!("target{home}me\n")).len(), 0);
    }
}
