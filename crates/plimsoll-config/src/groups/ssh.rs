//! What `target = "ssh"` adds to `[environments.<environment>]`: the hosts, their zones and the way to them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use plimsoll_model::service::Target;
use plimsoll_model::ssh::{RemoteRoot, Scope, SshHost, SshTarget, Sudo};
use plimsoll_model::{EnvironmentName, HostName, ZoneName};

use crate::document::{Node, quoted};
use crate::groups::environment::EnvironmentLayer;
use crate::settings::Setting;
use crate::shape::Shape;
use crate::sink::Sink;
use crate::slot::{At, Slot};
use crate::values::list::List;
use crate::values::words::words;

words!(
    Scope,
    [
        ("system", Scope::System, "the host's own; needs root there, by login or by `sudo`"),
        ("user", Scope::User, "that of the user who logs in; needs no root, but lingering"),
    ]
);

words!(
    Sudo,
    [
        ("auto", Sudo::Auto, "with `sudo -n` unless root itself logs in"),
        ("never", Sudo::Never, "not at all"),
        ("always", Sudo::Always, "always with `sudo -n`"),
    ]
);

/// A host, as `ssh` knows it.
impl Setting for SshHost {
    fn shape() -> Shape {
        Shape::Text {
            what: "host",
            pattern: Some("^([A-Za-z0-9._][A-Za-z0-9._-]*@)?[A-Za-z0-9._][A-Za-z0-9._-]*(:[0-9]{1,5})?$"),
        }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let Some(text) = node.text() else {
            node.wrong("a host's name, as \"web1\" or \"deploy@10.0.0.3\"", sink);
            return None;
        };
        match Self::new(text, None) {
            Ok(host) => Some(host),
            Err(error) => {
                let message = error.to_string().replace(&format!("`{text}`"), &quoted(text));
                sink.error(node.span.clone(), message);
                None
            }
        }
    }
}

impl EnvironmentLayer {
    /// Reports keys that only ssh has.
    pub(crate) fn report_ssh_keys(&self, sink: &mut Sink<'_>) {
        fn key<T>(name: &'static str, slot: &Slot<T>) -> Option<(&'static str, Range<usize>)> {
            Some((name, slot.given()?.key.clone()))
        }
        let given = [
            key("hosts", &self.hosts),
            key("zones", &self.zones),
            key("scope", &self.scope),
            key("sudo", &self.sudo),
            key("parallel", &self.parallel),
            key("connect-timeout", &self.connect_timeout),
            key("ssh-config", &self.ssh_config),
        ];
        for (name, span) in given.into_iter().flatten() {
            sink.error(span, format!("`{name}` has no meaning with `target = \"local\"`"))
                .label("not used")
                .help("it belongs to `target = \"ssh\"`");
        }
    }

    pub(crate) fn resolve_ssh(
        &self,
        name: &EnvironmentName,
        at: &At<Self>,
        sink: &mut Sink<'_>,
    ) -> Option<Target> {
        let scope = self.scope();
        if let (Scope::User, Some(sudo)) = (scope, self.sudo.given())
            && sudo.value != Sudo::Never
        {
            sink.error(sudo.key.clone(), "`sudo` has no meaning with `scope = \"user\"`")
                .label("not used")
                .help("everything is done as the user who logs in");
        }
        let root = self.resolve_root(scope, sink);
        let zones = self.resolve_zones(sink);
        let hosts = self.resolve_hosts(name, at, &zones?, sink);
        Some(Target::Ssh(SshTarget {
            hosts: hosts?,
            scope,
            root: root?,
            sudo: self.sudo(),
            parallel: self.parallel().0,
            connect_timeout: self.connect_timeout().0,
            ssh_config: self.ssh_config.value().map(|path| PathBuf::from(&path.0)),
        }))
    }

    fn resolve_root(&self, scope: Scope, sink: &mut Sink<'_>) -> Option<RemoteRoot> {
        let Some(root) = self.root.given() else { return Some(scope.default_root()) };
        match root.value.0.parse::<RemoteRoot>() {
            Ok(path) if path.is_in_home() && scope == Scope::System => {
                sink.error(root.span.clone(), "`root` must be absolute with `scope = \"system\"`")
                    .label("below a home folder")
                    .help("what root runs must lie where only root writes, as \"/opt/plimsoll\"");
                None
            }
            Ok(path) => Some(path),
            Err(error) => {
                let text = &root.value.0;
                let message = error.to_string().replace(&format!("`{text}`"), &quoted(text));
                sink.error(root.span.clone(), message);
                None
            }
        }
    }

    /// The zone of each host that is in one.
    fn resolve_zones(&self, sink: &mut Sink<'_>) -> Option<BTreeMap<HostName, (ZoneName, Range<usize>)>> {
        let mut zones: BTreeMap<HostName, (ZoneName, Range<usize>)> = BTreeMap::new();
        let mut good = true;
        for (zone, hosts) in self.zones.given().into_iter().flat_map(|zones| zones.value.given()) {
            for host in &hosts.value.0 {
                let name = &host.value.name;
                if let Some((other, _)) = zones.get(name) {
                    let message = if other == zone {
                        format!("{} is in zone `{zone}` twice", quoted(name.as_str()))
                    } else {
                        format!("{} is in zone `{other}` and in zone `{zone}`", quoted(name.as_str()))
                    };
                    sink.error(host.span.clone(), message).help("a host is in one zone at most");
                    good = false;
                }
                zones.insert(name.clone(), (zone.clone(), host.span.clone()));
            }
        }
        good.then_some(zones)
    }

    fn resolve_hosts(
        &self,
        name: &EnvironmentName,
        at: &At<Self>,
        zones: &BTreeMap<HostName, (ZoneName, Range<usize>)>,
        sink: &mut Sink<'_>,
    ) -> Option<Vec<SshHost>> {
        let List(given) = match &self.hosts {
            Slot::Given(hosts) if !hosts.value.0.is_empty() => &hosts.value,
            Slot::Wrong => return None,
            // Its items were wrong and are reported.
            Slot::Given(_) if sink.has_errors() => return None,
            _ => {
                let span = self.hosts.given().map_or(at.span.clone(), |hosts| hosts.span.clone());
                sink.error(span, format!("`{name}` has no hosts")).help("add `hosts = [\"web1\"]`");
                return None;
            }
        };
        let mut hosts: Vec<SshHost> = Vec::new();
        for host in given {
            if hosts.iter().any(|other| other.name == host.value.name) {
                sink.error(host.span.clone(), format!("{} is named twice", quoted(host.value.name.as_str())));
                return None;
            }
            let zone = zones.get(&host.value.name).map(|(zone, _)| zone.clone());
            hosts.push(SshHost { zone, ..host.value.clone() });
        }
        let stranger = zones.iter().find(|(host, _)| hosts.iter().all(|known| known.name != **host));
        if let Some((host, (zone, span))) = stranger {
            sink.error(
                span.clone(),
                format!("zone `{zone}` names {}, which is no host of `{name}`", quoted(host.as_str())),
            )
            .help("zones name hosts exactly as `hosts` does");
            return None;
        }
        Some(hosts)
    }
}
