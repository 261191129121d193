//! Lock files that are JSON, TOML or YAML.

use plimsoll_model::finding::Place;

use super::{Integrity, Manager, Origin, Package, origin, worth};
use crate::tree::Node;

pub(super) fn packages(manager: Manager, root: &Node) -> Vec<Package> {
    match manager {
        Manager::Npm => npm(root),
        Manager::Yarn => yarn(root),
        Manager::Pnpm => pnpm(root),
        Manager::Cargo => cargo_packages(root),
        Manager::Pipenv => {
            ["default", "develop"].iter().filter_map(|key| root.get(key)).flat_map(pipenv).collect()
        }
        Manager::Poetry => list(root, "package", poetry),
        Manager::Uv => list(root, "package", uv),
        Manager::Composer => {
            ["packages", "packages-dev"].iter().flat_map(|key| list(root, key, composer)).collect()
        }
        _ => Vec::new(),
    }
}

fn list(root: &Node, key: &str, read: fn(&Node) -> Option<Package>) -> Vec<Package> {
    root.get(key).into_iter().flat_map(Node::items).filter_map(read).collect()
}

fn owned(node: &Node, key: &str) -> String {
    node.text_at(&[key]).unwrap_or_default().to_owned()
}

fn package(name: &str, node: &Node, place: Place) -> Package {
    Package {
        name: name.to_owned(),
        version: owned(node, "version"),
        origin: Origin::Registry,
        integrity: Integrity::NotSaid,
        scripts: false,
        place,
    }
}

fn npm(root: &Node) -> Vec<Package> {
    if let Some(packages) = root.get("packages") {
        let entries = packages.entries();
        let installed = entries.into_iter().filter_map(|(key, node)| {
            let (_, name) = key.text.rsplit_once("node_modules/")?;
            Some(npm_package(node.text_at(&["name"]).unwrap_or(name), node, key.place))
        });
        return installed.collect();
    }
    let mut packages = Vec::new();
    npm_dependencies(root, &mut packages);
    packages
}

/// The first version of the format nests.
fn npm_dependencies(node: &Node, packages: &mut Vec<Package>) {
    for (key, node) in node.get("dependencies").map(Node::entries).unwrap_or_default() {
        // `npm:other@1.0.0` is another package by this name.
        let version = owned(node, "version");
        let alias = version.strip_prefix("npm:").and_then(|rest| rest.rsplit_once('@'));
        packages.push(npm_package(alias.map_or(key.text.as_str(), |(name, _)| name), node, key.place));
        npm_dependencies(node, packages);
    }
}

fn npm_package(name: &str, node: &Node, place: Place) -> Package {
    let resolved = node.text_at(&["resolved"]).or_else(|| {
        let version = node.text_at(&["version"])?;
        version.contains(':').then_some(version).filter(|version| !version.starts_with("npm:"))
    });
    let is_part = node.is_true("link") || node.is_true("bundled") || node.is_true("inBundle");
    let origin = match resolved {
        _ if is_part => Origin::Local,
        Some(url) => origin(url),
        None => Origin::Registry,
    };
    let integrity = match (&origin, node.text_at(&["integrity"])) {
        (Origin::Git { .. } | Origin::Local, _) | (Origin::Registry, None) => Integrity::NotSaid,
        (_, hash) => worth(hash.unwrap_or_default()),
    };
    Package { origin, integrity, scripts: node.is_true("hasInstallScript"), ..package(name, node, place) }
}

/// From the second version on, which is YAML.
fn yarn(root: &Node) -> Vec<Package> {
    let entries = root.entries().into_iter().filter(|(key, _)| key.text != "__metadata");
    let packages = entries.filter_map(|(key, node)| {
        let resolution = node.text_at(&["resolution"])?;
        let at = resolution[1..].find('@')? + 1;
        let (name, source) = (&resolution[..at], &resolution[at + 1..]);
        let local =
            ["workspace:", "portal:", "link:", "file:"].iter().any(|scheme| source.starts_with(scheme));
        let origin = match source.split_once("#commit=") {
            _ if local => Origin::Local,
            Some((url, commit)) => Origin::Git { url: url.to_owned(), revision: commit.to_owned() },
            None if source.starts_with("http") => Origin::Url(source.to_owned()),
            None => Origin::Registry,
        };
        Some(Package { origin, ..package(name, node, key.place) })
    });
    packages.collect()
}

fn pnpm(root: &Node) -> Vec<Package> {
    let entries = root.get("packages").map(Node::entries).unwrap_or_default();
    let packages = entries.into_iter().filter_map(|(key, node)| {
        let resolution = node.get("resolution")?;
        let text = key.text.trim_start_matches('/').split('(').next().unwrap_or_default();
        let end = text[1..].find('@').map(|at| at + 1).or_else(|| text.rfind('/')).unwrap_or(text.len());
        let origin = match (resolution.text_at(&["commit"]), resolution.text_at(&["tarball"])) {
            (Some(commit), _) => Origin::Git { url: owned(resolution, "repo"), revision: commit.to_owned() },
            (None, Some(url)) => origin(url),
            _ if resolution.get("directory").is_some() => Origin::Local,
            _ => Origin::Registry,
        };
        let integrity = match (&origin, resolution.text_at(&["integrity"])) {
            (_, Some(hash)) => worth(hash),
            // An archive of a commit is verified by the commit.
            (Origin::Url(url), None) if !url.contains("codeload.github.com") => Integrity::Missing,
            _ => Integrity::NotSaid,
        };
        let scripts = node.is_true("requiresBuild");
        Some(Package { origin, integrity, scripts, ..package(&text[..end], node, key.place) })
    });
    packages.collect()
}

fn cargo_packages(root: &Node) -> Vec<Package> {
    let mut packages = list(root, "package", cargo);
    // The first version of the format has the hashes at its end.
    let metadata = root.get("metadata").map(Node::entries).unwrap_or_default();
    if metadata.iter().any(|(key, _)| key.text.starts_with("checksum ")) {
        for package in &mut packages {
            package.integrity = Integrity::NotSaid;
        }
    }
    packages
}

fn cargo(node: &Node) -> Option<Package> {
    let name = node.get("name")?;
    let source = node.text_at(&["source"]);
    let origin = match source {
        None => Origin::Local,
        Some(url) if url.starts_with("git+") => origin(url),
        // The name of a registry is not where it is fetched from.
        Some(url)
            if url.contains("github.com/rust-lang/crates.io-index") || url.contains("index.crates.io") =>
        {
            Origin::Registry
        }
        Some(url) => {
            Origin::Url(url.trim_start_matches("registry+").trim_start_matches("sparse+").to_owned())
        }
    };
    let integrity = match (&origin, node.get("checksum")) {
        (Origin::Registry | Origin::Url(_), None) => Integrity::Missing,
        (_, Some(_)) => Integrity::Strong,
        _ => Integrity::NotSaid,
    };
    Some(Package { origin, integrity, ..package(name.text()?, node, name.place) })
}

fn pipenv(group: &Node) -> Vec<Package> {
    let entries = group.entries().into_iter().map(|(key, node)| {
        let origin = match (node.text_at(&["git"]), node.text_at(&["file"])) {
            (Some(url), _) => Origin::Git { url: url.to_owned(), revision: owned(node, "ref") },
            (None, Some(url)) => origin(url),
            _ if node.get("path").is_some() => Origin::Local,
            _ => Origin::Registry,
        };
        let has_hashes = node.get("hashes").is_some_and(|hashes| !hashes.texts().is_empty());
        let integrity = match origin {
            _ if has_hashes => Integrity::Strong,
            Origin::Registry | Origin::Url(_) => Integrity::Missing,
            _ => Integrity::NotSaid,
        };
        Package { origin, integrity, ..package(&key.text, node, key.place) }
    });
    entries.collect()
}

fn poetry(node: &Node) -> Option<Package> {
    let name = node.get("name")?;
    let source = node.get("source");
    let at = |key: &str| source.map(|source| owned(source, key)).unwrap_or_default();
    let origin = match at("type").as_str() {
        "git" => Origin::Git { url: at("url"), revision: at("resolved_reference") },
        "directory" | "file" => Origin::Local,
        "url" | "legacy" => Origin::Url(at("url")),
        _ => Origin::Registry,
    };
    // Before the second version the hashes stood at the end of the file.
    let integrity = match (&origin, node.get("files")) {
        (Origin::Registry, Some(files)) => {
            let hashes: Vec<_> = files.items().filter_map(|file| file.text_at(&["hash"])).collect();
            if hashes.is_empty() { Integrity::Missing } else { worth(&hashes.join(" ")) }
        }
        _ => Integrity::NotSaid,
    };
    Some(Package { origin, integrity, ..package(name.text()?, node, name.place) })
}

fn uv(node: &Node) -> Option<Package> {
    let name = node.get("name")?;
    let source = node.get("source")?;
    let origin = match (source.text_at(&["git"]), source.text_at(&["registry"]), source.text_at(&["url"])) {
        (Some(url), ..) => origin(&format!("git+{url}")),
        (_, Some(url), _) if url.starts_with("http") => Origin::Url(url.to_owned()),
        (_, _, Some(url)) => origin(url),
        _ => Origin::Local,
    };
    let wheels = node.get("wheels").into_iter().flat_map(Node::items);
    let files: Vec<&Node> = node.get("sdist").into_iter().chain(wheels).collect();
    let is_fetched = matches!(origin, Origin::Url(_)) && !files.is_empty();
    let integrity = match files.iter().all(|file| file.get("hash").is_some()) {
        _ if !is_fetched => Integrity::NotSaid,
        true => Integrity::Strong,
        false => Integrity::Missing,
    };
    Some(Package { origin, integrity, ..package(name.text()?, node, name.place) })
}

fn composer(node: &Node) -> Option<Package> {
    let name = node.get("name")?;
    let origin = match (node.text_at(&["dist", "url"]), node.text_at(&["source", "url"])) {
        (Some(url), _) if node.text_at(&["dist", "type"]) == Some("path") || url.starts_with('.') => {
            Origin::Local
        }
        // Each archive is one of a commit, by its hash.
        (Some(url), _) if url.starts_with("https://api.github.com/") => Origin::Registry,
        (Some(url), _) => Origin::Url(url.to_owned()),
        (None, Some(url)) => Origin::Git {
            url: url.to_owned(),
            revision: node.text_at(&["source", "reference"]).unwrap_or_default().to_owned(),
        },
        _ => Origin::Registry,
    };
    Some(Package { origin, ..package(name.text()?, node, name.place) })
}
