//! The file as a whole, and what holds between its groups.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use plimsoll_model::EnvironmentName;
use plimsoll_model::service::{Environment, Service, Target};

use crate::groups::build::BuildLayer;
use crate::groups::environment::EnvironmentLayer;
use crate::groups::gates::GatesLayer;
use crate::groups::hooks::HooksLayer;
use crate::groups::run::RunLayer;
use crate::groups::service::ServiceLayer;
use crate::groups::sign::SignLayer;
use crate::groups::test::TestLayer;
use crate::settings::settings;
use crate::sink::Sink;
use crate::slot::At;
use crate::values::map::Map;

settings! {
    /// How a service is built, checked, deployed and watched.
    FileLayer;
    /// The service itself.
    "service" => service: ServiceLayer, required;
    /// How its artifact is made.
    "build" => build: BuildLayer, required;
    /// The keys that releases are signed with. Without this table a key is made at the first release.
    "sign" => sign: SignLayer;
    /// Gates between build and deployment.
    "gates" => gates: GatesLayer;
    /// The regression test that runs against a deployed release before any other environment gets it.
    "test" => test: TestLayer;
    /// Programs of your own that run at moments of a rollout.
    "hooks" => hooks: HooksLayer;
    /// What an instance runs with, in every environment.
    "run" => run: RunLayer;
    /// The places that a release is deployed to, each by its name; at least one.
    "environments" => environments: Map<EnvironmentName, EnvironmentLayer>, required;
}

impl FileLayer {
    /// The resolved service; `None` where something needed is missing or wrong, which has then been reported.
    pub(crate) fn resolve(self, sink: &mut Sink<'_>) -> Option<Service> {
        let run = self.run.value().cloned().unwrap_or_default();
        run.warn(sink);
        let environments = self.resolve_environments(&run, sink);
        let names = self.environments.value().map(|map| map.0.keys().cloned().collect()).unwrap_or_default();
        let test = self.test.value().map(|test| test.resolve(&names, sink));
        let service = self.service.value();
        let name = service.and_then(|service| service.name.value().cloned());
        let build = self.build.value().and_then(|build| build.resolve(name.as_ref()));
        Some(Service {
            name: name?,
            build: build?,
            gates: self.gates.value().cloned().unwrap_or_default().resolve(),
            signing: self.sign.value().cloned().unwrap_or_default().resolve(),
            test: match test {
                Some(test) => Some(test?),
                None => None,
            },
            hooks: self.hooks.value().map(HooksLayer::resolve).unwrap_or_default(),
            environments: environments?,
            keep_releases: service?.keep_releases().0,
        })
    }

    fn resolve_environments(
        &self,
        run: &RunLayer,
        sink: &mut Sink<'_>,
    ) -> Option<BTreeMap<EnvironmentName, Environment>> {
        let given = self.environments.given()?;
        if given.value.0.is_empty() {
            sink.error(given.key.clone(), "there is no environment")
                .help("begin with [environments.production] and `port = 8080`");
            return None;
        }
        let migrate = self.hooks.value().and_then(HooksLayer::resolve_migrate);
        let mut resolved = BTreeMap::new();
        let mut in_order: Vec<(&EnvironmentName, &At<EnvironmentLayer>)> = given.value.given().collect();
        in_order.sort_by_key(|(_, at)| at.span.start);
        for (name, at) in &in_order {
            if let Some(mut environment) = at.value.resolve(name, at, run, sink) {
                environment.run.migrate.clone_from(&migrate);
                resolved.insert((*name).clone(), environment);
            }
        }
        report_shared_places(&in_order, &resolved, sink);
        (resolved.len() == given.value.0.len()).then_some(resolved)
    }
}

/// Two environments on one machine cannot listen at one address or keep their state in one folder.
fn report_shared_places(
    in_order: &[(&EnvironmentName, &At<EnvironmentLayer>)],
    resolved: &BTreeMap<EnvironmentName, Environment>,
    sink: &mut Sink<'_>,
) {
    let mut earlier: Vec<&Environment> = Vec::new();
    for (name, at) in in_order {
        let Some(environment) = resolved.get(*name) else { continue };
        let neighbours = earlier.iter().filter_map(|other| Some((*other, shared(other, environment)?)));
        for (other, machine) in neighbours {
            if collide(other.listen, environment.listen) {
                let port = environment.listen.port();
                sink.error(
                    at.value.listen_span(at),
                    format!("`{name}` and `{}` listen at port {port}", other.name),
                )
                .label(format!("`{}` has it already", other.name))
                .help(format!("both are on {machine}: give each a port of its own"));
            }
            if same_root(&other.target, &environment.target) {
                let span = at.value.root.given().map_or(at.span.clone(), |root| root.span.clone());
                let help = match environment.target {
                    Target::Local { .. } => "leave `root` out of both, and each gets its own".to_owned(),
                    Target::Ssh(_) => format!("both are on {machine}: give one of them a `root` of its own"),
                };
                sink.error(span, format!("`{name}` and `{}` keep their releases in one folder", other.name))
                    .help(help);
            }
        }
        earlier.push(environment);
    }
}

/// A machine that both are on, as far as names tell.
fn shared(a: &Environment, b: &Environment) -> Option<String> {
    match (&a.target, &b.target) {
        (Target::Local { .. }, Target::Local { .. }) => Some("this machine".to_owned()),
        (Target::Ssh(a), Target::Ssh(b)) => {
            let known: BTreeSet<&str> = a.hosts.iter().map(|host| host.destination.host.as_str()).collect();
            let host = b.hosts.iter().find(|host| known.contains(host.destination.host.as_str()))?;
            Some(format!("`{}`", host.name))
        }
        _ => None,
    }
}

fn same_root(a: &Target, b: &Target) -> bool {
    match (a, b) {
        (Target::Local { root: a }, Target::Local { root: b }) => a == b,
        (Target::Ssh(a), Target::Ssh(b)) => a.root == b.root,
        _ => false,
    }
}

fn collide(a: SocketAddr, b: SocketAddr) -> bool {
    let every = |ip: IpAddr| ip.is_unspecified();
    a.port() == b.port() && (a.ip() == b.ip() || every(a.ip()) || every(b.ip()))
}

/// Names of environments.
pub(crate) type EnvironmentNames = BTreeSet<EnvironmentName>;
