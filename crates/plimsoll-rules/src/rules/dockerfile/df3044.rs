//! ENV uses a variable that it defines itself. The page beside this file says why.

use std::collections::HashSet;

use plimsoll_model::Severity;

use crate::dockerfile::{Body, Pair, references};
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3044",
    name: "variable-used-where-defined",
    aliases: &["DL3044"],
    severity: Severity::Error,
    on: true,
    page: include_str!("df3044.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let mut known: HashSet<(Option<usize>, &str)> = HashSet::new();
    for instruction in &subject.file.instructions {
        let stage = instruction.stage;
        match &instruction.body {
            Body::Arg(names) => known.extend(names.iter().map(|(name, _)| (stage, name.as_str()))),
            Body::Env(pairs) => {
                let own: HashSet<&str> = pairs.iter().map(|pair| pair.key.as_str()).collect();
                let is_wrong = |pair: &Pair, name: &str| {
                    own.contains(name) && pair.key != name && !known.contains(&(stage, name))
                };
                let wrong = pairs.iter().find_map(|pair| {
                    let mut used = references(&pair.raw, subject.file.escape).into_iter();
                    used.find(|reference| is_wrong(pair, reference.name))
                });
                if let Some(reference) = wrong {
                    let message = format!("`{}` has no value here yet", reference.text);
                    sheet.add(
                        instruction.place,
                        message,
                        format!("define `{}` in an `ENV` before", reference.name),
                    );
                }
                known.extend(own.into_iter().map(|name| (stage, name)));
            }
            _ => {}
        }
    }
}
