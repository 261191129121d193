//! Running processes, as `/proc` shows them.

use std::path::{Path, PathBuf};

/// A process of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: i32,
    pub(crate) parent: i32,
    /// Its program's file; absent where it is not ours to see.
    pub(crate) program: Option<PathBuf>,
    /// Its arguments, separated by spaces.
    pub(crate) arguments: String,
    folder: Option<PathBuf>,
}

impl Process {
    fn read(pid: i32) -> Option<Self> {
        let proc = PathBuf::from(format!("/proc/{pid}"));
        let stat = std::fs::read_to_string(proc.join("stat")).ok()?;
        // `pid (name) state parent ...`; the name may hold anything, so the last parenthesis counts.
        let mut rest = stat.rsplit_once(") ")?.1.split(' ');
        let (state, parent) = (rest.next()?, rest.next()?.parse().ok()?);
        if state == "Z" {
            return None;
        }
        let arguments = std::fs::read(proc.join("cmdline")).ok()?;
        Some(Self {
            pid,
            parent,
            program: std::fs::read_link(proc.join("exe")).ok(),
            arguments: String::from_utf8_lossy(&arguments).trim_end_matches('\0').replace('\0', " "),
            folder: std::fs::read_link(proc.join("cwd")).ok(),
        })
    }

    /// Whether its program, its arguments or its working folder lie below a folder.
    fn belongs_to(&self, folder: &Path) -> bool {
        let below = |path: &Option<PathBuf>| path.as_ref().is_some_and(|path| path.starts_with(folder));
        below(&self.program) || below(&self.folder) || self.arguments.contains(&*folder.to_string_lossy())
    }

    /// Ends it, without asking it.
    pub(crate) fn kill(&self) {
        if let Some(pid) = rustix::process::Pid::from_raw(self.pid) {
            // It may have ended by itself in the meantime.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

/// Every process that runs.
fn all() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(Process::read).collect()
}

/// The processes that have to do with a folder, but for this one and its ancestors (a shell may stand there).
pub(crate) fn of_folder(folder: &Path) -> Vec<Process> {
    let all = all();
    let mut ours = vec![i32::try_from(std::process::id()).unwrap_or(0)];
    while let Some(process) = all.iter().find(|p| p.pid == *ours.last().unwrap_or(&0)) {
        if ours.contains(&process.parent) {
            break;
        }
        ours.push(process.parent);
    }
    all.into_iter().filter(|process| !ours.contains(&process.pid) && process.belongs_to(folder)).collect()
}

/// The children of a process, their children, and so on.
pub(crate) fn descendants(of: u32) -> Vec<Process> {
    let all = all();
    let mut found: Vec<Process> = Vec::new();
    let mut parents = vec![i32::try_from(of).unwrap_or(-1)];
    while let Some(parent) = parents.pop() {
        for child in all.iter().filter(|p| p.parent == parent) {
            parents.push(child.pid);
            found.push(child.clone());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_child_is_found_by_its_folder_and_its_parent() {
        let folder = tempfile::tempdir().unwrap();
        let path = std::fs::canonicalize(folder.path()).unwrap();
        let mut child = Command::new("sleep").arg("60").current_dir(&path).spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        // The child changes its folder after the fork; until then it is not seen.
        while !of_folder(&path).iter().any(|process| process.pid == pid) {
            std::thread::yield_now();
        }
        let found = descendants(std::process::id()).into_iter().find(|process| process.pid == pid).unwrap();
        found.kill();
        assert!(!child.wait().unwrap().success());
        assert!(of_folder(&path).is_empty());
    }
}
