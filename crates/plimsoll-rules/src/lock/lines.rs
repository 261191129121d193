//! Lock files that are lines of text.

use super::{Integrity, Manager, Origin, Package, origin, worth};
use crate::source::Source;

pub(super) fn packages(manager: Manager, source: &Source) -> Vec<Package> {
    match manager {
        Manager::Yarn => yarn(source),
        Manager::Go => go(source),
        Manager::Pip => pip(source),
        Manager::Bundler => bundler(source),
        Manager::Gradle => gradle(source),
        _ => Vec::new(),
    }
}

fn package(source: &Source, line: u32, name: &str, version: &str) -> Package {
    Package {
        name: name.to_owned(),
        version: version.to_owned(),
        origin: Origin::Registry,
        integrity: Integrity::NotSaid,
        scripts: false,
        place: source.whole_lines(line, line),
    }
}

/// The first version of yarn's format.
fn yarn(source: &Source) -> Vec<Package> {
    let mut packages: Vec<Package> = Vec::new();
    for (number, line) in source.lines() {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        if !line.starts_with(' ') {
            let first = line.trim_end_matches(':').split(", ").next().unwrap_or_default().trim_matches('"');
            let at = first.char_indices().skip(1).find(|(_, c)| *c == '@').map_or(first.len(), |(at, _)| at);
            let (mut name, range) = (&first[..at], first.get(at + 1..).unwrap_or_default());
            // `"a@npm:b@^1"` is `b` by the name of `a`.
            if let Some((real, _)) = range
                .strip_prefix("npm:")
                .and_then(|rest| rest.rsplit_once('@'))
                .filter(|(real, _)| !real.is_empty())
            {
                name = real;
            }
            packages.push(package(source, number, name, ""));
            continue;
        }
        let Some(package) = packages.last_mut() else { continue };
        let Some((key, value)) = line.strip_prefix("  ").and_then(|line| line.split_once(' ')) else {
            continue;
        };
        let value = value.trim_matches('"');
        match key {
            "version" => value.clone_into(&mut package.version),
            "resolved" => {
                package.origin = origin(value);
                if let Origin::Url(url) = &mut package.origin {
                    let (address, hash) = url.split_once('#').map_or((url.as_str(), ""), |parts| parts);
                    package.integrity = if hash.len() == 40 { Integrity::Weak } else { Integrity::Missing };
                    *url = address.to_owned();
                }
            }
            "integrity" => package.integrity = worth(value),
            _ => {}
        }
    }
    packages
}

fn go(source: &Source) -> Vec<Package> {
    let lines = source.lines().filter_map(|(number, line)| {
        let mut words = line.split_whitespace();
        let (name, version, hash) = (words.next()?, words.next()?, words.next()?);
        let integrity = if hash.starts_with("h1:") { Integrity::Strong } else { Integrity::Missing };
        Some(Package { integrity, ..package(source, number, name, version) })
    });
    lines.collect()
}

/// Requirements, where each is pinned: others are what a person asks for, and no lock.
fn pip(source: &Source) -> Vec<Package> {
    let mut packages: Vec<Package> = Vec::new();
    let mut continued = false;
    for (number, line) in source.lines() {
        let text = line.split(" #").next().unwrap_or_default().trim();
        let begins = !continued;
        continued = text.ends_with('\\');
        if text.is_empty() || text.starts_with('#') {
            continued &= !begins;
            continue;
        }
        if text.contains("--hash=")
            && let Some(package) = packages.last_mut().filter(|_| !begins)
        {
            package.integrity = worth(text.split("--hash=").nth(1).unwrap_or_default());
        }
        if !begins || text.starts_with('-') {
            continue;
        }
        let mut package = match text.split_once("==") {
            Some((name, rest)) => {
                let name = name.split('[').next().unwrap_or_default().trim();
                let version = rest.split([' ', ';', '\\']).next().unwrap_or_default();
                package(source, number, name, version)
            }
            None => Package { origin: pip_origin(text), ..package(source, number, pip_name(text), "") },
        };
        if package.origin == Origin::Registry {
            package.integrity = worth(text.split("--hash=").nth(1).unwrap_or_default());
        }
        packages.push(package);
    }
    packages
}

/// `name @ git+https://host/repository@revision`, or only the address.
fn pip_origin(text: &str) -> Origin {
    let url =
        text.split_once(" @ ").map_or(text, |(_, url)| url).split([' ', ';']).next().unwrap_or_default();
    if let Some(address) = url.strip_prefix("git+") {
        let path = address
            .split_once("://")
            .map_or(0, |(scheme, rest)| scheme.len() + 3 + rest.find('/').unwrap_or(rest.len()));
        let (address, revision) = match address[path..].split_once('@') {
            Some((rest, revision)) => (format!("{}{rest}", &address[..path]), revision),
            None => (address.to_owned(), ""),
        };
        let revision = revision.split('#').next().unwrap_or_default().to_owned();
        return Origin::Git { url: address, revision };
    }
    if url.contains("://") {
        Origin::Url(url.to_owned())
    } else if url.starts_with('.') || url.starts_with('/') {
        Origin::Local
    } else {
        Origin::Registry
    }
}

fn pip_name(text: &str) -> &str {
    text.split(['[', '<', '>', '=', '!', '~', ' ', ';', '@']).next().unwrap_or_default()
}

fn bundler(source: &Source) -> Vec<Package> {
    let mut packages = Vec::new();
    let (mut section, mut remote, mut revision) = (String::new(), String::new(), String::new());
    for (number, line) in source.lines() {
        if !line.starts_with(' ') {
            line.trim().clone_into(&mut section);
            (remote, revision) = (String::new(), String::new());
        } else if let Some(url) = line.trim().strip_prefix("remote: ") {
            url.clone_into(&mut remote);
        } else if let Some(commit) = line.trim().strip_prefix("revision: ") {
            commit.clone_into(&mut revision);
        } else if let Some(spec) = line.strip_prefix("    ").filter(|spec| !spec.starts_with(' ')) {
            let (name, version) = spec.split_once(" (").unwrap_or((spec, ""));
            let origin = match section.as_str() {
                "GEM" => Origin::Url(remote.clone()),
                "GIT" => Origin::Git { url: remote.clone(), revision: revision.clone() },
                "PATH" => Origin::Local,
                _ => continue,
            };
            packages.push(Package { origin, ..package(source, number, name, version.trim_end_matches(')')) });
        }
    }
    packages
}

fn gradle(source: &Source) -> Vec<Package> {
    let lines = source.lines().filter(|(_, line)| !line.starts_with('#'));
    let packages = lines.filter_map(|(number, line)| {
        let (id, _) = line.split_once('=')?;
        let (name, version) = id.rsplit_once(':')?;
        Some(package(source, number, name, version))
    });
    packages.collect()
}
