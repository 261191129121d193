//! The whole file: what every key becomes, and what holds where nothing is said.

use std::path::PathBuf;

use plimsoll_config::{Loaded, load};
use plimsoll_model::hook::HookName;
use plimsoll_model::release::{Hardening, RunSpec, SecretReference};
use plimsoll_model::rollout::{Check, MetricSource, Policy, RolloutSpec, Step};
use plimsoll_model::service::{BuildSpec, Builder, DirtyPolicy, Environment, Service, Target};
use plimsoll_model::ssh::{Scope, Sudo};
use plimsoll_model::traffic::Stickiness;
use plimsoll_model::{Quantity, Share, Span};

const FULL: &str = include_str!("data/full.toml");

fn loaded(text: &str) -> Loaded {
    load("plimsoll.toml", text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn environment<'s>(service: &'s Service, name: &str) -> &'s Environment {
    &service.environments[&name.parse().expect("a name")]
}

#[test]
fn the_full_file_loads_without_a_warning() {
    let loaded = loaded(FULL);
    assert_eq!(loaded.warnings, []);
    let service = loaded.service;
    assert_eq!((service.name.as_str(), service.keep_releases), ("greeter", 7));
    assert_eq!(service.gates.dirty, DirtyPolicy::Refuse);
    assert_eq!(service.signing.secret_key, PathBuf::from("keys/release.key"));
    assert_eq!(service.signing.trusted_keys.len(), 1);
    let test = service.test.unwrap();
    assert_eq!((test.command.join(" ").as_str(), test.timeout), ("go test ./e2e", Span::from_secs(300)));
    let Builder::Go { package, flags, cgo } = service.build.builder else { panic!("not go") };
    assert_eq!((package.as_str(), flags, cgo), ("./cmd/greeter", vec!["-trimpath".to_owned()], false));
    assert_eq!(service.build.variables["GOFLAGS"], "-mod=readonly");
}

#[test]
fn hooks_have_a_command_and_a_time() {
    let service = loaded(FULL).service;
    let hooks = service.hooks;
    assert_eq!(hooks.keys().copied().collect::<Vec<_>>(), HookName::ALL);
    let first = &hooks[&HookName::PreDeploy];
    assert_eq!((first.command.len(), first.timeout), (2, Span::from_secs(30)));
    assert_eq!(hooks[&HookName::Held].timeout, Span::from_secs(300));
    for environment in service.environments.values() {
        let migrate = environment.run.migrate.as_ref().unwrap();
        assert_eq!(migrate.command, ["{artifact}", "migrate"]);
        assert_eq!(migrate.timeout, Span::from_secs(600));
    }
}

#[test]
fn an_environment_goes_over_what_holds_for_all() {
    let service = loaded(FULL).service;
    let (staging, production) = (environment(&service, "staging"), environment(&service, "production"));
    assert_eq!(staging.run.variables["LOG_LEVEL"], "debug");
    assert_eq!(staging.run.variables["GREETING_TTL"], "60s");
    assert_eq!(staging.run.args, ["--port", "{port}"]);
    assert_eq!(production.run.args.len(), 3);
    assert_eq!(production.run.variables["LOG_LEVEL"], "info");
    assert_eq!(staging.run.limits.memory, Some(256_000_000));
    assert_eq!(production.run.limits.memory, Some(512 << 20));
    assert_eq!((production.run.limits.cpu, production.run.limits.open_files), (Some(150), Some(4096)));
    assert_eq!(production.run.secrets["API_KEY"], SecretReference::File("/etc/greeter/api-key".to_owned()));
    assert_eq!(
        production.run.secrets["DATABASE_URL"],
        SecretReference::Env("GREETER_DATABASE_URL".to_owned())
    );
    let block = production.run.rollback_block.as_deref();
    assert_eq!(block, Some("the orders' table has lost its old columns"));
    assert_eq!(staging.run.rollback_block, None);
    assert_eq!(production.run.health.unhealthy_after, 5);
    assert_eq!(production.run.restart.window, Span::from_secs(120));
    assert!(production.run.notify && production.run.hardening == Hardening::Jit);
    assert_eq!(production.run.capabilities, ["CAP_NET_RAW"]);
    assert_eq!(production.run.user.as_deref(), Some("greeter"));
}

#[test]
fn places_and_stickiness() {
    let service = loaded(FULL).service;
    let (staging, production) = (environment(&service, "staging"), environment(&service, "production"));
    assert_eq!(staging.listen.to_string(), "127.0.0.1:18081");
    assert_eq!(production.listen.to_string(), "0.0.0.0:8080");
    assert_eq!(staging.target, Target::Local { root: PathBuf::from(".plimsoll/local/staging") });
    assert_eq!(production.target, Target::Local { root: PathBuf::from("/var/lib/greeter") });
    assert_eq!((staging.instances, production.instances), (1, 2));
    assert_eq!(production.stickiness, Stickiness::Cookie { name: "greeter-side".to_owned() });
    let preview = environment(&service, "preview");
    assert_eq!(preview.stickiness, Stickiness::Header { name: "x-user".to_owned() });
}

#[test]
fn steps_of_a_rollout() {
    let service = loaded(FULL).service;
    let rollout = &environment(&service, "production").rollout;
    let minutes = |n: u64| Span::from_secs(60 * n);
    let weight = |weight, hosts| Step::SetWeight { weight, hosts };
    let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        rollout.steps,
        [
            weight(Share::percent(5), None),
            Step::Analysis { names: vec![], duration: minutes(10) },
            weight(Share::percent(25), None),
            Step::Pause { duration: Some(minutes(10)) },
            Step::Analysis {
                names: names(&["traffic-errors", "traffic-latency", "app-errors"]),
                duration: minutes(10)
            },
            weight(Share::percent(50), Some(Quantity::ALL)),
            Step::Pause { duration: None },
            Step::Approve { by: Some("the person on call".to_owned()) },
            weight(Share::ALL, None),
        ]
    );
    assert_eq!((rollout.on_inconclusive, rollout.on_shared_degradation), (Policy::RollBack, Policy::Hold));
    let limits = (rollout.max_parallel, rollout.max_unavailable);
    assert_eq!(limits, (Quantity::Count(3), Quantity::Share(Share::percent(10))));
}

#[test]
fn a_table_with_several_checks_makes_several_analyses() {
    let service = loaded(FULL).service;
    let analyses = &environment(&service, "production").rollout.analyses;
    let names: Vec<&str> = analyses.iter().map(|analysis| analysis.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "traffic-errors",
            "traffic-latency",
            "app-errors",
            "app-latency-p50",
            "app-latency-p90",
            "app-latency-p95",
            "queue"
        ]
    );
    // Six tests share 0.01; a table's own alpha is shared by its checks.
    let alphas: Vec<f64> = analyses.iter().map(|analysis| analysis.alpha).collect();
    assert_eq!(alphas[..3], [0.01 / 6.0, 0.01 / 6.0, 0.001]);
    let Check::Latency { limit, exceedance, margin, .. } = analyses[1].check else { panic!() };
    assert_eq!((limit, exceedance, margin), (Span::from_millis(250), Share::percent(1), 1.25));
    let MetricSource::Scrape { path, series } = &analyses[3].source else { panic!() };
    assert_eq!((path.as_str(), series.requests.as_str()), ("/metrics", "http_requests_total"));
    let MetricSource::Prometheus { url, max_age, series } = &analyses[6].source else { panic!() };
    assert_eq!((url.as_str(), *max_age, series), ("http://127.0.0.1:9090", Span::from_secs(30), &None));
    let Check::Threshold { min, max, failure_limit, .. } = analyses[6].check else { panic!() };
    assert_eq!((min, max, failure_limit), (Some(0.0), Some(100.0), 2));
}

#[test]
fn a_canary_that_declares_no_analysis_has_its_errors_watched() {
    let service = loaded(FULL).service;
    let analyses = &environment(&service, "preview").rollout.analyses;
    assert_eq!(analyses.len(), 1);
    let errors = &analyses[0];
    assert_eq!((errors.name.as_str(), &errors.source, errors.alpha), ("errors", &MetricSource::Proxy, 0.01));
    assert_eq!(errors.check, Check::Errors { max: Share::percent(1), margin: 1.5, promote_margin: 3.0 });
    assert_eq!((errors.interval, errors.warm_up), (Span::from_secs(1), Span::from_secs(5)));
    assert_eq!((errors.on_no_data, errors.no_data_deadline), (Policy::Hold, Span::from_secs(600)));
}

#[test]
fn hosts_are_resolved_with_their_zones() {
    let service = loaded(FULL).service;
    let fleet = environment(&service, "fleet");
    let Target::Ssh(target) = &fleet.target else { panic!("hosts over ssh") };
    let zones: Vec<_> = target.hosts.iter().map(|h| h.zone.as_ref().map(ToString::to_string)).collect();
    assert_eq!(zones, [Some("eu-1".to_owned()), Some("eu-2".to_owned()), None]);
    assert_eq!(target.hosts[2].destination.port, Some(2222));
    assert_eq!((target.scope, target.sudo, target.parallel), (Scope::System, Sudo::Always, 8));
    assert_eq!((target.root.as_str(), fleet.listen.to_string().as_str()), ("/srv/plimsoll", "0.0.0.0:80"));
    assert_eq!(fleet.url.as_deref(), Some("https://greeter.example.com"));
    let least = "service.name='a'\nbuild.type='rust'\nenvironments.p={target='ssh',hosts=['a'],scope='user',port=1}\n";
    let Target::Ssh(target) = &loaded(least).service.environments[&"p".parse().unwrap()].target else {
        panic!("hosts over ssh")
    };
    assert_eq!((target.root.as_str(), target.parallel), ("~/.local/share/plimsoll", 32));
}

#[test]
fn the_least_file_has_the_models_defaults() {
    let least = "service.name = 'a'\nbuild.type = 'rust'\nenvironments.production.port = 8080\n";
    let Loaded { service, warnings } = loaded(least);
    assert_eq!(warnings, []);
    let builder = Builder::Rust { binary: "a".to_owned(), package: None, flags: vec![], static_libc: false };
    let folder = PathBuf::from(".");
    let timeout = Span::from_secs(1800);
    assert_eq!(service.build, BuildSpec { builder, folder, variables: [].into(), timeout });
    assert_eq!((service.test, service.keep_releases), (None, 5));
    assert_eq!(service.signing.secret_key, PathBuf::from(".plimsoll/keys/plimsoll.key"));
    let production = &service.environments[&"production".parse().unwrap()];
    assert_eq!(production.run, RunSpec::default());
    assert_eq!(production.rollout, RolloutSpec::default());
    assert_eq!((production.instances, &production.stickiness), (1, &Stickiness::None));
}

#[test]
fn the_other_builders() {
    let built = |build: &str| {
        let text = format!("service.name = 'a'\n{build}\nenvironments.p.port = 1\n");
        loaded(&text).service.build.builder
    };
    assert_eq!(
        built("build = { type = 'cmake', target = 't' }"),
        Builder::Cmake { target: "t".to_owned(), output: "t".into(), flags: vec![] }
    );
    assert_eq!(
        built("build = { type = 'command', command = ['make'], output = 'out/a' }"),
        Builder::Command { command: vec!["make".to_owned()], output: "out/a".into() }
    );
    assert_eq!(
        built("build.type = 'go'"),
        Builder::Go { package: ".".to_owned(), flags: vec![], cgo: false }
    );
}

#[test]
fn a_service_round_trips() {
    let service = loaded(FULL).service;
    let json = serde_json::to_string(&service).unwrap();
    assert_eq!(serde_json::from_str::<Service>(&json).unwrap(), service);
}

#[test]
fn what_hosts_must_have() {
    let text = "[service]\nname='a'\n[build]\ntype='go'\n[environments.production]\nport=8080\n\
                [environments.production.requires]\nmemory='1GB'\ncores=1.5\ndisk='2GiB'\nkernel='5.10'\ncpu='x86-64-v2'\n\
                clock-skew='5s'\ntcp=['db.internal:5432','[::1]:6379']\nhttp=['https://api.internal/healthz']\n\
                files=['/etc/a']\nprograms={ psql='15.2', git='any' }\nca-roots=true\n";
    let service = loaded(text).service;
    let requires = &environment(&service, "production").requires;
    assert_eq!(
        (requires.memory, requires.cores, requires.disk),
        (Some(1_000_000_000), Some(150), Some(2 << 30))
    );
    assert_eq!(requires.kernel.as_ref().map(ToString::to_string).as_deref(), Some("5.10"));
    assert_eq!(requires.clock_skew, Some(Span::from_secs(5)));
    assert_eq!(requires.tcp, ["db.internal:5432", "[::1]:6379"]);
    assert_eq!(requires.programs["git"], None);
    assert_eq!(requires.programs["psql"], Some("15.2".parse().unwrap()));
    assert!(requires.ca_roots && !requires.time_zones);
    assert_eq!(requires.probes().len(), 6);
}
