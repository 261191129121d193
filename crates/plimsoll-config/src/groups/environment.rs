//! `[environments.<environment>]`

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::path::PathBuf;

use plimsoll_model::EnvironmentName;
use plimsoll_model::service::{Environment, Target};

use crate::groups::requires::RequiresLayer;
use crate::groups::rollout::RolloutLayer;
use crate::groups::run::RunLayer;
use crate::groups::sticky::StickyLayer;
use crate::settings::settings;
use crate::sink::Sink;
use crate::slot::At;
use crate::values::number::{Port, Whole};
use crate::values::text::Filled;
use crate::values::words::words;

settings! {
    /// A place that a release is deployed to. `port` or `listen` must be there.
    EnvironmentLayer;
    /// What kind of place it is.
    "target" => target: TargetKind = "\"local\"";
    /// Folder of releases and state; default is `.plimsoll/local/<environment>`.
    "root" => root: Filled;
    /// Where clients on this machine reach the service: short for `listen = "127.0.0.1:<port>"`.
    "port" => port: Port;
    /// Where clients reach the service: an IP address of this machine and a port.
    "listen" => listen: SocketAddr;
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
}

words!(TargetKind, [("local", TargetKind::Local, "this machine, with nothing installed")]);

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
        let TargetKind::Local = self.target();
        let root = match self.root.value() {
            Some(root) => PathBuf::from(&root.0),
            None => PathBuf::from(format!(".plimsoll/local/{name}")),
        };
        Some(Environment {
            name: name.clone(),
            target: Target::Local { root },
            instances: self.instances().0,
            listen: listen?,
            stickiness: self.sticky.value().map(StickyLayer::resolve).unwrap_or_default(),
            run,
            rollout,
            requires: self.requires().resolve(),
        })
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
                Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
            }
            (None, None) => None,
        }
    }
}
