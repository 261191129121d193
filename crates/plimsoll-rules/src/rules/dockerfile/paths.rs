//! Paths in instructions, of Linux and of Windows.

use crate::dockerfile::{Body, Dockerfile};

/// Whether a path begins at a root, or with a variable, whose value is not known.
pub(super) fn is_absolute(path: &str) -> bool {
    let mut chars = path.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some('/' | '$'), ..) => true,
        (Some(drive), Some(':'), slash) => {
            drive.is_ascii_alphabetic() && matches!(slash, Some('/' | '\\') | None)
        }
        _ => false,
    }
}

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or_default()
}

/// Whether it is `.`, which is always a folder, to builders too.
pub(super) fn is_this_folder(path: &str) -> bool {
    path == "."
}

/// Which stages have a folder to be relative to, as one goes through a file.
#[derive(Debug)]
pub(super) struct Begun<'f> {
    file: &'f Dockerfile,
    stages: Vec<bool>,
}

/// No stage has one yet.
pub(super) fn stages_with_workdir(file: &Dockerfile) -> Begun<'_> {
    Begun { file, stages: vec![false; file.stages.len()] }
}

impl Begun<'_> {
    /// This stage has one from here on.
    pub(super) fn begin(&mut self, stage: Option<usize>) {
        if let Some(begun) = stage.and_then(|stage| self.stages.get_mut(stage)) {
            *begun = true;
        }
    }

    /// Whether this stage or one that it is based on has one.
    pub(super) fn began(&self, stage: Option<usize>) -> bool {
        stage.is_some_and(|stage| self.file.lineage(stage).any(|stage| self.stages[stage]))
    }

    /// Goes past an instruction.
    pub(super) fn pass(&mut self, body: &Body, stage: Option<usize>) {
        if matches!(body, Body::Workdir(_)) {
            self.begin(stage);
        }
    }
}
