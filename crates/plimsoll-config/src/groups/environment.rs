//! `[environments.<environment>]`

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::path::PathBuf;

use plimsoll_model::service::{Environment, Target};
use plimsoll_model::ssh::{Scope, SshHost, Sudo};
use plimsoll_model::{EnvironmentName, ZoneName};

use crate::groups::requires::RequiresLayer;
use crate::groups::rollout::RolloutLayer;
use crate::groups::run::RunLayer;
use crate::groups::sticky::StickyLayer;
use crate::settings::settings;
use crate::sink::Sink;
use crate::slot::At;
use crate::values::list::List;
use crate::values::map::Map;
use crate::values::number::{Port, Whole};
use crate::values::text::{Filled, HttpUrl};
use crate::values::time::Time;
use crate::values::words::words;

settings! {
    /// A place that a release is deployed to. `port` or `listen` must be there.
    EnvironmentLayer;
    /// What kind of place it is.
    "target" => target: TargetKind = "\"local\"";
    /// Folder of releases and state. Default: `.plimsoll/local/<environment>` where the target is local, on a host
    /// `/opt/plimsoll`, or `~/.local/share/plimsoll` with `scope = "user"`.
    "root" => root: Filled;
    /// ssh: the hosts, as `ssh` knows them: `["web1", "deploy@10.0.0.3", "web4:2222"]`.
    "hosts" => hosts: List<SshHost>;
    /// ssh: hosts that may fail together, `{ eu-1 = ["web1", "web2"] }`; a host is in one zone at most.
    "zones" => zones: Map<ZoneName, List<SshHost>>;
    /// ssh: whose systemd runs the instances.
    "scope" => scope: Scope = "\"system\"";
    /// ssh: how root's rights are got where another user logs in.
    "sudo" => sudo: Sudo = "\"auto\"";
    /// ssh: how many hosts are worked on at the same time.
    "parallel" => parallel: Whole<1, 256> = "32";
    /// ssh: how long a host may take until it is connected.
    "connect-timeout" => connect_timeout: Time<1000> = "\"10s\"";
    /// ssh: a file that `ssh` reads instead of your own configuration (`ssh -F`); relative to plimsoll.toml.
    "ssh-config" => ssh_config: Filled;
    /// Where clients reach the service: short for `listen = "127.0.0.1:<port>"`, and on hosts for
    /// `listen = "0.0.0.0:<port>"`.
    "port" => port: Port;
    /// Where clients reach the service: an IP address of the machine that it runs on, and a port.
    "listen" => listen: SocketAddr;
    /// Where people and the regression test reach the service, where that is not the address in `listen`: a load
    /// balancer, say. Over ssh the default is the first host.
    "url" => url: HttpUrl;
    /// Instances on each host.
    "instances" => instances: Whole<1, 100> = "1";
    /// Which requests stay with the release they met first. Without it every request is decided by itself.
    "sticky" => sticky: StickyLayer;
    /// What differs from `[run]` here.
    "run" => run: RunLayer = "{}";
    /// How a release comes in. Without it a release takes all traffic as soon as it is proved healthy.
    "rollout" => rollout: RolloutLayer = "{}";
    /// What its hosts must have.
    "requires" => requires: RequiresLayer = "{}";
}

/// The kind of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetKind {
    Local,
    Ssh,
}

words!(
    TargetKind,
    [
        ("local", TargetKind::Local, "this machine, with nothing installed"),
        ("ssh", TargetKind::Ssh, "Linux hosts that your own `ssh` reaches"),
    ]
);

impl EnvironmentLayer {
    pub(crate) fn resolve(
        &self,
        name: &EnvironmentName,
        at: &At<Self>,
        general: &RunLayer,
        sink: &mut Sink<'_>,
    ) -> Option<Environment> {
        let own = self.run();
        own.warn(sink);
        let run = own.over_general(general.clone()).resolve(sink);
        let rollout = self.rollout().resolve(self.rollout.given(), &run, sink);
        let listen = self.resolve_listen(name, at, sink);
        let target = match self.target() {
            TargetKind::Local => Some(self.resolve_local(name, sink)),
            TargetKind::Ssh => self.resolve_ssh(name, at, sink),
        };
        Some(Environment {
            name: name.clone(),
            target: target?,
            instances: self.instances().0,
            listen: listen?,
            url: self.url.value().map(|url| url.0.clone()),
            stickiness: self.sticky.value().map(StickyLayer::resolve).unwrap_or_default(),
            run,
            rollout,
            requires: self.requires().resolve(),
        })
    }

    fn resolve_local(&self, name: &EnvironmentName, sink: &mut Sink<'_>) -> Target {
        self.report_ssh_keys(sink);
        let root = match self.root.value() {
            Some(root) => PathBuf::from(&root.0),
            None => PathBuf::from(format!(".plimsoll/local/{name}")),
        };
        Target::Local { root }
    }

    /// The bytes that say where clients reach the service.
    pub(crate) fn listen_span(&self, at: &At<Self>) -> Range<usize> {
        let port = self.port.given().map(|port| port.span.clone());
        port.or_else(|| self.listen.given().map(|listen| listen.span.clone())).unwrap_or(at.span.clone())
    }

    fn resolve_listen(
        &self,
        name: &EnvironmentName,
        at: &At<Self>,
        sink: &mut Sink<'_>,
    ) -> Option<SocketAddr> {
        if self.port.is_absent() && self.listen.is_absent() {
            sink.error(at.span.clone(), format!("`{name}` does not say where clients reach the service"))
                .help("add `port = 8080`");
        }
        if let (Some(_), Some(listen)) = (self.port.given(), self.listen.given()) {
            sink.error(listen.key.clone(), format!("`{name}` has both `port` and `listen`"))
                .help("keep one of them; `listen` says the port as well");
        }
        match (self.listen.value(), self.port.value()) {
            (Some(listen), _) => Some(*listen),
            (None, Some(port)) => {
                let port = u16::try_from(port.0).expect("a port is read as 1 to 65535");
                // Clients of a laptop's service are on it; clients of a host's are elsewhere.
                let ip = match self.target() {
                    TargetKind::Local => Ipv4Addr::LOCALHOST,
                    TargetKind::Ssh => Ipv4Addr::UNSPECIFIED,
                };
                Some(SocketAddr::new(IpAddr::V4(ip), port))
            }
            (None, None) => None,
        }
    }
}
