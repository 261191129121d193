//! Manifests beside lock files: which lock they ask for, and what they ask for that a lock does not have.

use plimsoll_model::finding::Place;

use crate::lock::{Manager, Origin};
use crate::rule::{LockSubject, TreeSubject};
use crate::tree::{Node, Tree};

/// The lock files of whatever may have been chosen for it, where a manifest needs one.
pub(super) fn locks_of(subject: &TreeSubject<'_>) -> Option<&'static [&'static str]> {
    let name = subject.file.source.path.rsplit('/').next()?.to_ascii_lowercase();
    let root = subject.file.root();
    let needs = |path: &[&str]| {
        root.and_then(|root| root.at(path))
            .is_some_and(|node| !node.entries().is_empty() || node.items().next().is_some())
    };
    let is_service = subject.around.has("Dockerfile") == Some(true);
    let text = &subject.file.source.text;
    match name.as_str() {
        "package.json" => {
            let is_program = is_service
                || root.is_some_and(|root| root.is_true("private"))
                || needs(&["scripts", "start"]);
            let locks = &[
                "package-lock.json",
                "npm-shrinkwrap.json",
                "yarn.lock",
                "pnpm-lock.yaml",
                "bun.lock",
                "bun.lockb",
            ];
            (is_program && needs(&["dependencies"])).then_some(locks)
        }
        "cargo.toml" => {
            // What comes from a workspace is locked by it.
            let is_member = root.is_some_and(|root| {
                root.at(&["package", "version", "workspace"]).is_some()
                    || root.at(&["package", "workspace"]).is_some()
            });
            let is_program =
                needs(&["bin"]) || subject.around.at("src").and_then(|src| src.has("main.rs")) == Some(true);
            (is_program && !is_member && needs(&["dependencies"])).then_some(&["Cargo.lock"])
        }
        "go.mod" => text.lines().any(|line| line.starts_with("require")).then_some(&["go.sum"]),
        "pyproject.toml" => {
            let is_program = is_service
                && (needs(&["project", "dependencies"]) || needs(&["tool", "poetry", "dependencies"]));
            is_program.then_some(&["uv.lock", "poetry.lock", "pdm.lock", "requirements.txt", "pylock.toml"])
        }
        "pipfile" => needs(&["packages"]).then_some(&["Pipfile.lock"]),
        "gemfile" => {
            let is_library = subject
                .around
                .names()?
                .iter()
                .any(|name| name.rsplit_once('.').is_some_and(|(_, end)| end == "gemspec"));
            let has_gems = text.lines().any(|line| line.trim_start().starts_with("gem "));
            (has_gems && !is_library).then_some(&["Gemfile.lock"])
        }
        "composer.json" => {
            let is_program =
                is_service || root.is_some_and(|root| root.text_at(&["type"]) == Some("project"));
            (is_program && needs(&["require"])).then_some(&["composer.lock"])
        }
        _ => None,
    }
}

/// What the manifest beside a lock file asks for and the lock file does not have, each with the place in the lock file.
pub(super) fn differences(subject: &LockSubject<'_>) -> Vec<(String, Place)> {
    if subject.file.problem.is_some() {
        return Vec::new();
    }
    match subject.file.manager {
        Manager::Npm => npm(subject),
        Manager::Pnpm => pnpm(subject),
        Manager::Yarn => yarn(subject),
        Manager::Cargo => cargo(subject),
        Manager::Go => go(subject),
        Manager::Pipenv => pipenv(subject),
        Manager::Poetry | Manager::Uv => python(subject),
        Manager::Composer => composer(subject),
        Manager::Bundler => bundler(subject),
        Manager::Pip | Manager::Gradle => Vec::new(),
    }
}

const GROUPS: [&str; 3] = ["dependencies", "devDependencies", "optionalDependencies"];

fn top(subject: &LockSubject<'_>) -> Place {
    subject.file.source.whole_lines(1, 1)
}

fn lacks(name: &str, place: Place) -> (String, Place) {
    (format!("the manifest asks for {name}, which is not locked"), place)
}

fn other(name: &str, asked: &str, locked: &str, place: Place) -> (String, Place) {
    (format!("the manifest asks for {name} {asked}, and {locked} is locked"), place)
}

fn npm(subject: &LockSubject<'_>) -> Vec<(String, Place)> {
    let manifest = subject.around.json("package.json");
    let root =
        subject.file.tree.as_ref().and_then(Tree::root).and_then(|root| root.at(&["packages"])?.get(""));
    let (Some(manifest), Some(root)) = (manifest.as_ref().and_then(|tree| tree.root()), root) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for group in GROUPS {
        let locked = root.get(group);
        for (key, range) in manifest.get(group).map(Node::entries).unwrap_or_default() {
            // npm keeps what is in two groups in one of them.
            let mut anywhere = GROUPS.iter().filter_map(|group| root.get(group)?.get(&key.text));
            match anywhere.next() {
                None => found.push(lacks(&key.text, locked.map_or(root.place, |node| node.place))),
                Some(own) if own.text() != range.text() => {
                    let text = |node: &Node| node.text().unwrap_or_default().to_owned();
                    found.push(other(&key.text, &text(range), &text(own), own.place));
                }
                Some(_) => {}
            }
        }
    }
    found
}

fn pnpm(subject: &LockSubject<'_>) -> Vec<(String, Place)> {
    let manifest = subject.around.json("package.json");
    let root = subject.file.tree.as_ref().and_then(Tree::root).and_then(|root| root.at(&["importers", "."]));
    let (Some(manifest), Some(root)) = (manifest.as_ref().and_then(|tree| tree.root()), root) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for group in GROUPS {
        for (key, range) in manifest.get(group).map(Node::entries).unwrap_or_default() {
            let mut anywhere = GROUPS.iter().filter_map(|group| root.get(group)?.get(&key.text));
            // `catalog:` is looked up elsewhere.
            match anywhere.next().map(|own| (own, own.text_at(&["specifier"]))) {
                None => found.push(lacks(&key.text, root.place)),
                Some((own, Some(locked))) if Some(locked) != range.text() => {
                    found.push(other(&key.text, range.text().unwrap_or_default(), locked, own.place));
                }
                Some(_) => {}
            }
        }
    }
    found
}

fn yarn(subject: &LockSubject<'_>) -> Vec<(String, Place)> {
    let manifest = subject.around.json("package.json");
    let Some(manifest) = manifest.as_ref().and_then(|tree| tree.root()) else { return Vec::new() };
    // Later versions write ranges in a form of their own.
    if subject.file.tree.is_some() {
        return Vec::new();
    }
    let text = &subject.file.source.text;
    let groups = GROUPS.iter().filter_map(|group| manifest.get(group)).flat_map(Node::entries);
    let wanted = groups.filter_map(|(key, range)| {
        Some((key, range.text().filter(|range| !range.contains(':') && !range.contains('/'))?))
    });
    wanted
        .filter(|(key, range)| {
            !text.contains(&format!("{}@{range}", key.text)) && manifest.get("resolutions").is_none()
        })
        .map(|(key, range)| lacks(&format!("{}@{range}", key.text), top(subject)))
        .collect()
}

fn cargo(subject: &LockSubject<'_>) -> Vec<(String, Place)> {
    let manifest = subject.around.toml("Cargo.toml");
    let Some(manifest) = manifest.as_ref().and_then(|tree| tree.root()) else { return Vec::new() };
    let mut found = Vec::new();
    let targets = manifest.get("target").map(Node::entries).unwrap_or_default();
    let holders = std::iter::once(manifest).chain(targets.into_iter().map(|(_, node)| node));
    for holder in holders {
        for group in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (key, wanted) in holder.get(group).map(Node::entries).unwrap_or_default() {
                let name = wanted.text_at(&["package"]).unwrap_or(&key.text);
                // What the workspace says is not read here.
                if wanted.is_true("workspace") {
                    continue;
                }
                let locked: Vec<_> =
                    subject.file.packages.iter().filter(|package| package.name == name).collect();
                let range = wanted.text().or_else(|| wanted.text_at(&["version"])).unwrap_or("*");
                let Some(last) = locked.last() else {
                    found.push(lacks(name, top(subject)));
                    continue;
                };
                if !locked.iter().any(|package| may_satisfy(range, &package.version)) {
                    found.push(other(name, range, &last.version, last.place));
                }
            }
        }
    }
    let own = manifest.text_at(&["package", "name"]).zip(manifest.text_at(&["package", "version"]));
    if let Some((name, version)) = own
        && let Some(locked) = subject
            .file
            .packages
            .iter()
            .find(|package| package.name == name && package.origin == Origin::Local)
        && locked.version != version
    {
        found.push((
            format!("the manifest says {name} {version}, and {} is locked", locked.version),
            locked.place,
        ));
    }
    found
}

/// Whether a version may be one that a requirement of Cargo means. Only plain ones (`1`, `1.2`, `^1.2.3`) are judged.
fn may_satisfy(range: &str, version: &str) -> bool {
    let numbers =
        |text: &str| -> Option<Vec<u64>> { text.split('.').map(|part| part.parse().ok()).collect() };
    let Some(wanted) = numbers(range.trim_start_matches('^').trim()) else { return true };
    let Some(have) = numbers(version.split(['-', '+']).next().unwrap_or_default()) else { return true };
    if have.len() != 3 || wanted.is_empty() || wanted.len() > 3 {
        return true;
    }
    // Up to the first number that is not 0 they are the same; from there on it is not smaller.
    let fixed = wanted.iter().position(|number| *number != 0).map_or(wanted.len(), |at| at + 1);
    have[..fixed] == wanted[..fixed] && have[..wanted.len()] >= wanted[..]
}

fn go(subject: &LockSubject<'_>) -> Vec<(String, Place)> {
    let Some(manifest) = subject.around.text("go.mod") else { return Vec::new() };
    // With several modules the sums of others count too.
    if subject.around.has("go.work") != Some(false) {
        return Vec::new();
    }
    let (mut wanted, mut replaced, mut block) = (Vec::new(), Vec::new(), "");
    for line in manifest.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        let mut words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [")"] => block = "",
            [word, "("] => block = word,
            _ => {
                let verb = if block.is_empty() && !words.is_empty() { words.remove(0) } else { block };
                match (verb, words.as_slice()) {
                    ("require", [module, version, ..]) => {
                        wanted.push(((*module).to_owned(), (*version).to_owned()));
                    }
                    ("replace", [module, ..]) => replaced.push((*module).to_owned()),
                    _ => {}
                }
            }
        }
    }
    let has = |module: &str, version: &str| {
        subject.file.packages.iter().any(|sum| {
            sum.name == module
                && (sum.version == version || sum.version.strip_suffix("/go.mod") == Some(version))
        })
    };
    let missing =
        wanted.iter().filter(|(module, version)| !replaced.contains(module) && !has(module, version));
    missing.map(|(module, version)| lacks(&format!("{module} {version}"), top(subject))).collect()
}

/// Names as Python compares them.
fn normal(name: &str) -> String {
    let mut normal = String::new();
    for c in name.trim().to_ascii_lowercase().chars() {
        let c = if "_.".contains(c) { '-' } else { c };
        if !(c == '-' && normal.ends_with('-')) {
            normal.push(c);
        }
    }
    normal
}

fn has_python(subject: &LockSubject<'_>, name: &str) -> bool {
    subject.file.packages.iter().any(|package| normal(&package.name) == normal(name))
}

fn pipenv(subject: &LockSubject<'_>) -> Vec<(String, Place)> {
    let manifest = subject.around.toml("Pipfile");
    let Some(manifest) = manifest.as_ref().and_then(|tree| tree.root()) else { return Vec::new() };
    let groups = ["packages", "dev-packages"]
        .into_iter()
        .filter_map(|group| manifest.get(group))
        .flat_map(Node::entries);
    // What comes from a path or a repository may be locked by the name that it has there.
    let plain = groups.filter(|(_, wanted)| wanted.text().is_some());
    plain
        .filter(|(key, _)| !has_python(subject, &key.text))
        .map(|(key, _)| lacks(&key.text, top(subject)))
        .collect()
}

fn python(subject: &LockSubject<'_>) -> Vec<(String, Place)> {
    let manifest = subject.around.toml("pyproject.toml");
    let Some(manifest) = manifest.as_ref().and_then(|tree| tree.root()) else { return Vec::new() };
    let listed = manifest.at(&["project", "dependencies"]).into_iter().flat_map(Node::texts);
    let name_end = |text: &str| {
        text.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).unwrap_or(text.len())
    };
    let mut names: Vec<String> = listed.map(|text| text[..name_end(text)].to_owned()).collect();
    if subject.file.manager == Manager::Poetry {
        let own = manifest.at(&["tool", "poetry", "dependencies"]).map(Node::entries).unwrap_or_default();
        names
            .extend(own.into_iter().filter(|(key, _)| key.text != "python").map(|(key, _)| key.text.clone()));
    }
    let missing = names.iter().filter(|name| !name.is_empty() && !has_python(subject, name));
    missing.map(|name| lacks(name, top(subject))).collect()
}

fn composer(subject: &LockSubject<'_>) -> Vec<(String, Place)> {
    let manifest = subject.around.json("composer.json");
    let Some(manifest) = manifest.as_ref().and_then(|tree| tree.root()) else { return Vec::new() };
    let groups = ["require", "require-dev"]
        .into_iter()
        .filter_map(|group| manifest.get(group))
        .flat_map(Node::entries);
    // `php` and `ext-…` are what the machine has; some packages are there by another that provides them.
    let provided = |name: &str| {
        let root = subject.file.tree.as_ref().and_then(Tree::root);
        let packages =
            ["packages", "packages-dev"].into_iter().filter_map(|key| root?.get(key)).flat_map(Node::items);
        packages
            .into_iter()
            .any(|package| ["replace", "provide"].iter().any(|key| package.at(&[key, name]).is_some()))
    };
    let packages = groups.filter(|(key, _)| key.text.contains('/'));
    packages
        .filter(|(key, _)| {
            !subject.file.packages.iter().any(|package| package.name.eq_ignore_ascii_case(&key.text))
                && !provided(&key.text)
        })
        .map(|(key, _)| lacks(&key.text, top(subject)))
        .collect()
}

fn bundler(subject: &LockSubject<'_>) -> Vec<(String, Place)> {
    let Some(manifest) = subject.around.text("Gemfile") else { return Vec::new() };
    let gems = manifest.lines().filter_map(|line| {
        // Indented ones may be for another platform.
        let name = line.strip_prefix("gem ")?.trim_start().strip_prefix(['"', '\''])?;
        Some(name.split(['"', '\'']).next()?.to_owned())
            .filter(|_| !line.contains("platform") && !line.contains(" if "))
    });
    gems.filter(|name| !subject.file.has(name)).map(|name| lacks(&name, top(subject))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_requirements_are_judged() {
        for (range, version, fits) in [
            ("1", "1.9.0", true),
            ("1.2", "1.1.9", false),
            ("0.2", "0.3.0", false),
            ("0.0.3", "0.0.4", false),
            ("^1.2.3", "1.2.3", true),
            ("2", "1.9.0", false),
            (">=1, <3", "9.0.0", true),
            ("*", "1.0.0", true),
            ("0", "0.5.0", true),
            ("1.0.0-rc.1", "1.0.0-rc.1", true),
        ] {
            assert_eq!(may_satisfy(range, version), fits, "{range} {version}");
        }
    }
}
