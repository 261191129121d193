//! Any command that makes a file.
//!
//! A file that the command left as it was is accepted with a remark: `make` does just that when nothing changed.
//! Removing it first would break every such build; refusing it would make the second `ship` of a commit fail.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::running::Running;
use super::{BuildError, Made, place};
use crate::command::shown;

pub(super) fn build(
    running: &mut Running<'_>,
    command: &[String],
    output: &Path,
) -> Result<Made, BuildError> {
    let Some((program, args)) = command.split_first() else {
        return Err(BuildError::Declared {
            why: "the build's command is empty".to_owned(),
            hint: "write it as a list: [\"make\", \"greeter\"]".to_owned(),
        });
    };
    let file = running.folder().join(output);
    let before = state(&file);
    let order = running.order(program, &[]).args(args);
    let command = shown(&order);
    running.run(order)?;
    if !file.is_file() {
        let found = file.parent().map(place::programs_below).unwrap_or_default();
        return Err(BuildError::NotMade { command, file, found });
    }
    let mut remarks = Vec::new();
    if before.is_some() && before == state(&file) {
        let output = output.display();
        remarks.push(format!("{output} was there before and the command did not touch it"));
    }
    Ok(Made { file, toolchain: program.clone(), platform: place::here(), command, remarks })
}

/// What changes whenever the file is written anew.
fn state(file: &Path) -> Option<(u64, u64, i64, i64)> {
    let metadata = file.metadata().ok()?;
    Some((metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec()))
}
