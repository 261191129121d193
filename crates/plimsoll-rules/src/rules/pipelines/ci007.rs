//! A workflow installs without regard to the lock file. The page beside this file says why.

use plimsoll_model::Severity;

use super::jobs;
use crate::rule::{Check, Rule, TreeSubject};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CI007",
    name: "install-without-lock",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("ci007.md"),
    check: Check::Workflow(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    let Some(project) = subject.around.at("../..") else { return };
    for step in jobs::steps(subject.file) {
        let Some(script) = step.get("run") else { continue };
        // Another folder may have another manager.
        if step.get("working-directory").is_some() {
            continue;
        }
        for line in script.text().unwrap_or_default().lines().map(str::trim) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (lock, fix) = match words.as_slice() {
                ["npm", "install" | "i"] => ("package-lock.json", "npm ci"),
                ["yarn"] | ["yarn", "install"] => ("yarn.lock", "yarn install --frozen-lockfile"),
                ["bundle", "install"] => {
                    ("Gemfile.lock", "bundle config set frozen true, before `bundle install`")
                }
                ["pipenv", "install"] => ("Pipfile.lock", "pipenv sync"),
                ["composer", "update"] => ("composer.lock", "composer install"),
                _ => continue,
            };
            let is_frozen = lock == "Gemfile.lock" && subject.file.source.text.contains("frozen");
            // Later versions of yarn refuse by themselves to change the lock file on CI.
            let is_late_yarn =
                lock == "yarn.lock" && project.text(lock).is_some_and(|text| text.contains("__metadata"));
            if project.has(lock) == Some(true) && !is_frozen && !is_late_yarn {
                sheet.add(
                    script.place,
                    format!("`{line}` may build with other versions than {lock} says"),
                    format!("write `{fix}`"),
                );
            }
        }
    }
}
