//! Stages, their images and users.

use crate::dockerfile::{Body, Dockerfile, Image, Instruction};
use crate::sheet::Sheet;

/// The `FROM`s with images that come from elsewhere: neither stages nor `scratch`.
pub(super) fn from_outside(file: &Dockerfile) -> impl Iterator<Item = (&Instruction, &Image)> {
    let outside = file.stages.iter().filter(|stage| stage.base.is_none() && !stage.image.is_scratch());
    outside.filter_map(|stage| file.instructions.get(stage.from).map(|from| (from, &stage.image)))
}

/// Whether a user is root, by name or number.
pub(super) fn is_root(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or_default();
    name == "root" || name == "0"
}

/// Instructions of a kind that a stage has already, each with the stage's first one.
fn repeated(file: &Dockerfile, is_it: impl Fn(&Instruction) -> bool) -> Vec<(&Instruction, &Instruction)> {
    let mut found = Vec::new();
    let mut first: Option<&Instruction> = None;
    for instruction in file
        .instructions
        .iter()
        .filter(|instruction| is_it(instruction) || matches!(instruction.body, Body::From { .. }))
    {
        match first {
            _ if matches!(instruction.body, Body::From { .. }) => first = None,
            None => first = Some(instruction),
            Some(first) => found.push((instruction, first)),
        }
    }
    found
}

/// Accuses every instruction of a kind that its stage has already.
pub(super) fn only_the_last_counts(
    file: &Dockerfile,
    sheet: &mut Sheet<'_>,
    is_it: impl Fn(&Instruction) -> bool,
) {
    for (again, first) in repeated(file, is_it) {
        let message = format!("line {} has one already; only the last one counts", first.place.line);
        sheet.add(again.place, message, "keep the one that is meant");
    }
}
