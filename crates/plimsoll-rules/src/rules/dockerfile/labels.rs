//! Labels that images must have, and how their values look.

use crate::dockerfile::{Body, Instruction, Pair};
use crate::rule::DockerfileSubject;
use crate::settings::LabelFormat;
use crate::sheet::Sheet;

/// Every label of the file with its instruction.
pub(super) fn all<'f>(
    subject: &DockerfileSubject<'f>,
) -> impl Iterator<Item = (&'f Instruction, &'f Pair)> + use<'f> {
    subject.file.instructions.iter().flat_map(|instruction| {
        let pairs = match &instruction.body {
            Body::Label(pairs) => pairs.as_slice(),
            _ => &[],
        };
        pairs.iter().map(move |pair| (instruction, pair))
    })
}

/// Writes down the labels of this format whose values do not fit it. An empty one is another rule's.
pub(super) fn wrong(
    subject: &DockerfileSubject<'_>,
    sheet: &mut Sheet<'_>,
    format: LabelFormat,
    what: &str,
    fits: impl Fn(&str) -> bool,
) {
    for (instruction, label) in all(subject) {
        let asked = subject.settings.labels.get(&label.key) == Some(&format);
        if asked && !label.value.is_empty() && !fits(&label.value) {
            let message = format!("the label `{}` is {what}: `{}`", label.key, label.value);
            sheet.add(instruction.place, message, "write it as the settings ask for");
        }
    }
}
