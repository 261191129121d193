//! A key is given twice. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "YML002",
    name: "key-given-twice",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("yml002.md"),
    check: Check::Yaml(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for key in &subject.file.twice {
        sheet.add(
            key.place,
            format!("`{}` stands here a second time", key.text),
            "keep one of them: some readers take the last one, others refuse the file",
        );
    }
}
