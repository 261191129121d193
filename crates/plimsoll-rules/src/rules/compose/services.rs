//! Services of a Compose file, and what rules ask about them.

use std::ops::RangeInclusive;
use std::rc::Rc;

use plimsoll_model::finding::Place;

use crate::dockerfile::{Body, Dockerfile, Image};
use crate::surroundings::Surroundings;
use crate::tree::{Key, Node, Tree, Value};

/// A service.
pub(super) struct Service<'t> {
    pub(super) key: &'t Key,
    pub(super) node: &'t Node,
}

/// Every service.
pub(super) fn all(tree: &Tree) -> Vec<Service<'_>> {
    let services = tree.root().and_then(|root| root.get("services")).map(Node::entries).unwrap_or_default();
    services.into_iter().filter(|(_, node)| node.is_map()).map(|(key, node)| Service { key, node }).collect()
}

/// Services of which all is said here: no other file and no other service adds to them.
pub(super) fn whole(tree: &Tree) -> Vec<Service<'_>> {
    if changes_others(tree) {
        return Vec::new();
    }
    let is_whole = |service: &Service<'_>| {
        service.node.get("extends").is_none()
            && (service.node.get("image").is_some() || service.node.get("build").is_some())
    };
    all(tree).into_iter().filter(is_whole).collect()
}

/// Whether a file only changes another: it is called `compose.override.yaml`, `docker-compose.prod.yml`.
fn changes_others(tree: &Tree) -> bool {
    let name = tree.source.path.rsplit('/').next().unwrap_or_default();
    let stem = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")).unwrap_or(name);
    !["compose", "docker-compose"].contains(&stem)
}

/// Whether a file says everything by itself.
pub(super) fn stands_alone(tree: &Tree) -> bool {
    let includes = tree.root().is_none_or(|root| root.get("include").is_some());
    let extends = all(tree).iter().any(|service| service.node.get("extends").is_some());
    !includes && !extends && !changes_others(tree)
}

/// Whether some service waits for this one to end.
pub(super) fn is_waited_for(tree: &Tree, key: &Key) -> bool {
    all(tree).iter().any(|service| {
        service.node.text_at(&["depends_on", &key.text, "condition"])
            == Some("service_completed_successfully")
    })
}

/// An image that is known: neither a variable nor a digest alone.
pub(super) fn image(node: &Node) -> Option<Image> {
    Some(Image::new(node.text()?)).filter(|image| !image.has_variables())
}

/// A port of a container, and where it is published.
pub(super) struct Port {
    pub(super) address: Option<String>,
    /// The port of the host; absent where Docker chooses one.
    pub(super) host: Option<u16>,
    pub(super) container: Option<u16>,
    pub(super) protocol: String,
    pub(super) place: Place,
}

/// The ports of a service, each of a range; none of those that a variable decides.
pub(super) fn ports(service: &Node) -> Vec<Port> {
    let nodes = service.get("ports").into_iter().flat_map(Node::items);
    nodes.flat_map(|node| if node.is_map() { long(node) } else { short(node) }).collect()
}

fn long(node: &Node) -> Vec<Port> {
    let at = |key: &str| node.text_at(&[key]).map(ToOwned::to_owned);
    let target = at("target").and_then(|text| text.parse().ok());
    let published = at("published");
    if published.as_deref().is_some_and(|text| range(text).is_none()) || target.is_none() {
        return Vec::new();
    }
    let hosts: Vec<Option<u16>> =
        published.and_then(|text| range(&text)).map_or_else(|| vec![None], |range| range.map(Some).collect());
    let protocol = at("protocol").unwrap_or_else(|| "tcp".to_owned());
    let port = |host| Port {
        address: at("host_ip"),
        host,
        container: target,
        protocol: protocol.clone(),
        place: node.place,
    };
    // Docker takes one of a range.
    if hosts.len() > 1 { Vec::new() } else { hosts.into_iter().map(port).collect() }
}

/// `[ADDRESS:][HOST:]CONTAINER[/PROTOCOL]`
fn short(node: &Node) -> Vec<Port> {
    let Some(text) = node.text().filter(|text| !text.contains('$')) else { return Vec::new() };
    let (text, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (before, inside) =
        text.rsplit_once(':').map_or((None, text), |(before, inside)| (Some(before), inside));
    let (address, host) = match before
        .map(|before| before.rsplit_once(':').map_or((None, before), |(a, h)| (Some(a), h)))
    {
        None => (None, None),
        Some((address, host)) => (address.map(ToOwned::to_owned), Some(host).filter(|host| !host.is_empty())),
    };
    let Some(inside) = range(inside) else { return Vec::new() };
    let host = match host.map(range) {
        Some(Some(host)) if host.clone().count() == inside.clone().count() => Some(host),
        // No port, or several of which one is taken.
        Some(_) => return Vec::new(),
        None => None,
    };
    let hosts: Vec<Option<u16>> =
        host.map_or_else(|| inside.clone().map(|_| None).collect(), |host| host.map(Some).collect());
    let port = |(container, host)| Port {
        address: address.clone(),
        host,
        container: Some(container),
        protocol: protocol.to_owned(),
        place: node.place,
    };
    inside.zip(hosts).map(port).collect()
}

/// `8000`, `8000-8010`; at most a thousand ports.
pub(super) fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let (begin, end) = text.split_once('-').unwrap_or((text, text));
    let (begin, end): (u16, u16) = (begin.trim().parse().ok()?, end.trim().parse().ok()?);
    (begin <= end && end - begin < 1000).then_some(begin..=end)
}

/// A variable of a service.
pub(super) struct Variable<'t> {
    pub(super) name: String,
    /// Absent where it comes from outside.
    pub(super) value: Option<&'t str>,
    pub(super) place: Place,
}

/// The environment of a service, written as a list or as a map.
pub(super) fn environment(service: &Node) -> Vec<Variable<'_>> {
    let Some(environment) = service.get("environment") else { return Vec::new() };
    let listed = environment.items().filter_map(|item| {
        let text = item.text()?;
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        Some(Variable { name: name.to_owned(), value, place: item.place })
    });
    let keyed = environment.entries().into_iter().map(|(key, value)| Variable {
        name: key.text.clone(),
        value: value.text().filter(|_| !value.is_null()),
        place: Place { end_line: value.place.line, ..key.place },
    });
    listed.chain(keyed).collect()
}

/// Every text of a file, except what `x-` keys hold.
pub(super) fn texts(tree: &Tree) -> Vec<(&str, Place)> {
    let mut texts = Vec::new();
    let mut waiting: Vec<&Node> = tree.root().into_iter().collect();
    while let Some(node) = waiting.pop() {
        match &node.value {
            Value::Scalar(scalar) if scalar.text.contains('$') => {
                texts.push((scalar.text.as_str(), node.place));
            }
            Value::List(items) => waiting.extend(items.iter().map(AsRef::as_ref)),
            Value::Map(entries) => {
                let own = entries.iter().filter(|(key, _)| !key.text.starts_with("x-") && key.text != "<<");
                waiting.extend(own.map(|(_, value)| value.as_ref()));
            }
            _ => {}
        }
    }
    texts.sort_by_key(|(_, place)| *place);
    texts
}

/// The folder and the Dockerfile in it that `build` names; nothing where it is neither a folder nor known.
pub(super) fn dockerfile_of(build: &Node) -> Option<(String, String)> {
    let folder = build.text().or_else(|| build.text_at(&["context"])).unwrap_or(".");
    let is_elsewhere = folder.contains("://") || folder.starts_with("git@") || folder.contains('$');
    let file = build.text_at(&["dockerfile"]).unwrap_or("Dockerfile");
    let is_known = !is_elsewhere && !file.contains('$') && build.get("dockerfile_inline").is_none();
    is_known.then(|| (folder.to_owned(), file.to_owned()))
}

/// The Dockerfile that a service is built from, to its end.
pub(super) fn built_from(build: &Node, around: &Surroundings) -> Option<Rc<Dockerfile>> {
    let (folder, file) = dockerfile_of(build)?;
    // Which stage another target means is not looked at.
    build.get("target").is_none().then(|| around.at(&folder)?.dockerfile(&file)).flatten()
}

/// Whether the health of a service is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    Checked,
    Never,
    Unknown,
}

/// Whether the health of a service is checked, by the Compose file or by its image.
pub(super) fn health(service: &Service<'_>, around: &Surroundings) -> Health {
    if let Some(check) = service.node.get("healthcheck") {
        let is_off = check.is_true("disable")
            || check.get("test").is_some_and(|test| test.texts().first() == Some(&"NONE"));
        return if is_off { Health::Never } else { Health::Checked };
    }
    if service.node.get("extends").is_some() {
        return Health::Unknown;
    }
    if let Some(build) = service.node.get("build") {
        return built_from(build, around).map_or(Health::Unknown, |file| health_of(&file));
    }
    match service.node.get("image").and_then(image) {
        Some(image) if is_official(&image) => Health::Never,
        _ => Health::Unknown,
    }
}

fn health_of(file: &Dockerfile) -> Health {
    let Some(last) = file.last_stage() else { return Health::Unknown };
    let stages: Vec<usize> = file.lineage(last).collect();
    for stage in &stages {
        for instruction in file.in_stage(*stage) {
            if let Body::Healthcheck(command) = &instruction.body {
                return if command.is_some() { Health::Checked } else { Health::Never };
            }
        }
    }
    let first = stages.last().copied().unwrap_or(last);
    let base = &file.stages[first].image;
    if base.is_scratch() || (is_official(base) && !base.has_variables()) {
        Health::Never
    } else {
        Health::Unknown
    }
}

/// Official images have no health checks, by their own rules.
fn is_official(image: &Image) -> bool {
    image.registry.is_none() && (!image.path.contains('/') || image.path.starts_with("library/"))
}
