//! What a seed draws: an environment, a release, a storm.

use std::time::Duration;

use fastrand::Rng;
use plimsoll_agent::memory::{Behaviour, Fault, Moment};
use plimsoll_agent::runtime::Exit;
use plimsoll_model::hook::HookSpec;
use plimsoll_model::preflight::Requires;
use plimsoll_model::record::Command;
use plimsoll_model::release::RunSpec;
use plimsoll_model::rollout::{AnalysisSpec, Check, MetricSource, Policy, RolloutSpec, Step};
use plimsoll_model::service::{Environment, Target};
use plimsoll_model::traffic::Stickiness;
use plimsoll_model::{Digest, Quantity, Share, Span};

use super::faults::{Event, Mishap, Point, Upset};
use super::release::{Release, environment};
use super::universe::Settings;
use crate::breakages::Breakage;

/// A drawn story: what there is and what will happen.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The universe.
    pub settings: Settings,
    /// Releases 1 (serves first), 2 (comes in) and 3 (comes later).
    pub releases: Vec<Release>,
    /// Requests a second to each host.
    pub rate: f64,
    /// Events, by the time after the second release starts.
    pub storm: Vec<(Duration, Event)>,
    /// How long the storm lasts.
    pub storm_lasts: Duration,
    /// Whether the storm begins with the first release already.
    pub stormy_start: bool,
    /// Whether coordinators leave instead of waiting for a person.
    pub detach: bool,
}

impl Scenario {
    /// The scenario of a seed.
    pub fn draw(seed: u64, breakage: Breakage) -> Self {
        let mut rng = Rng::with_seed(seed);
        let hosts = if rng.u8(..8) == 0 { rng.usize(2..=6) } else { 1 };
        let instances = rng.u32(1..=3);
        let analyses = analyses(&mut rng);
        let rollout = RolloutSpec {
            steps: steps(&mut rng, hosts),
            analyses,
            progress_deadline: Span::from_secs(rng.u64(60..=90)),
            dead_man_switch: Span::from_secs(*pick(&mut rng, &[10, 20, 40])),
            person_deadline: Span::from_secs(rng.u64(20..=60)),
            on_inconclusive: policy(&mut rng),
            on_shared_degradation: if rng.bool() { Policy::RollBack } else { Policy::Hold },
            max_parallel: *pick(
                &mut rng,
                &[Quantity::Count(1), Quantity::Share(Share::percent(50)), Quantity::ALL],
            ),
            max_unavailable: *pick(
                &mut rng,
                &[Quantity::NONE, Quantity::Count(1), Quantity::Share(Share::percent(50))],
            ),
        };
        let environment = Environment {
            name: environment(),
            target: Target::Local { root: "/opt/plimsoll".into() },
            instances,
            listen: ([127, 0, 0, 1], 8080).into(),

            url: None,
            stickiness: Stickiness::None,
            run: super::release::run_spec(0),
            rollout,
            requires: Requires::default(),
        };
        let settings = Settings {
            seed,
            hosts,
            zones: rng.usize(0..=3),
            environment,
            step: Duration::from_millis(*pick(&mut rng, &[100, 200, 250])),
            tick: Duration::from_millis(*pick(&mut rng, &[250, 500, 1000])),
            breakage,
        };
        let releases = vec![Release::new(1), migrating(second(&mut rng), seed), Release::new(3)];
        let storm_lasts = Duration::from_secs(rng.u64(20..=90));
        let storm = storm(&mut rng, hosts, storm_lasts);
        Self {
            settings,
            releases,
            rate: *pick(&mut rng, &[0.0, 0.5, 5.0, 20.0, 100.0, 200.0, 400.0]),
            storm,
            storm_lasts,
            stormy_start: rng.u8(..8) == 0,
            detach: rng.u8(..4) == 0,
        }
    }
}

fn pick<'a, T>(rng: &mut Rng, of: &'a [T]) -> &'a T {
    &of[rng.usize(..of.len())]
}

fn policy(rng: &mut Rng) -> Policy {
    *pick(rng, &[Policy::Hold, Policy::Promote, Policy::RollBack])
}

fn steps(rng: &mut Rng, hosts: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    let on = (hosts > 1 && rng.u8(..3) == 0)
        .then(|| *pick(rng, &[Quantity::ALL, Quantity::Count(1), Quantity::Share(Share::percent(50))]));
    for weight in [5, 25, 50, 100].into_iter().take(rng.usize(0..=3)) {
        steps.push(Step::SetWeight { weight: Share::percent(weight), hosts: on });
        match rng.u8(..8) {
            0..=3 => steps.push(Step::Pause { duration: Some(Span::from_secs(rng.u64(3..=15))) }),
            4 => steps.push(Step::Pause { duration: None }),
            5 => steps.push(Step::Approve { by: None }),
            6 => steps.push(Step::Analysis { names: Vec::new(), duration: Span::from_secs(rng.u64(5..=20)) }),
            _ => {}
        }
    }
    if rng.u8(..10) == 0 {
        steps.insert(0, Step::Pause { duration: Some(Span::from_secs(3)) });
    }
    steps
}

fn analyses(rng: &mut Rng) -> Vec<AnalysisSpec> {
    let errors = Check::Errors { max: Share::percent(1), margin: 1.5, promote_margin: 3.0 };
    let latency = Check::Latency {
        limit: Span::from_millis(250),
        exceedance: Share::percent(1),
        margin: 1.5,
        promote_margin: 3.0,
    };
    let server = MetricSource::Prometheus {
        url: "http://metrics".to_owned(),
        max_age: Span::from_secs(10),
        series: None,
    };
    let mut specs = Vec::new();
    let mut add = |rng: &mut Rng, name: &str, check: Check, source: MetricSource| {
        specs.push(AnalysisSpec {
            name: name.to_owned(),
            source,
            check,
            interval: Span::from_secs(rng.u64(1..=2)),
            warm_up: Span::from_secs(rng.u64(0..=3)),
            alpha: 0.005,
            on_no_data: policy(rng),
            no_data_deadline: Span::from_secs(rng.u64(5..=20)),
        });
    };
    if rng.u8(..8) != 0 {
        let source = if rng.u8(..6) == 0 { server.clone() } else { MetricSource::Proxy };
        add(rng, "errors", errors, source);
    }
    if rng.bool() {
        add(rng, "latency", latency, MetricSource::Proxy);
    }
    if rng.u8(..6) == 0 {
        let check = Check::Threshold {
            query: "errors".to_owned(),
            min: None,
            max: Some(5.0),
            failure_limit: rng.u32(0..=3),
            consecutive_error_limit: 4,
        };
        add(rng, "threshold", check, server);
    }
    specs
}

/// The release that comes in: good or bad in one of many ways.
fn second(rng: &mut Rng) -> Release {
    let mut release = Release::new(2);
    let behaviour = Behaviour::default();
    let crash = |after| Some((after, Exit::Code { code: 2 }));
    match rng.u8(..16) {
        0..=4 => {}
        5 | 6 => release.answers.errors = *pick(rng, &[0.05, 0.2, 0.5, 1.0]),
        7 => release.answers.median = 0.4,
        8 => release.behaviour = Behaviour { ends: crash(Duration::from_millis(300)), ..behaviour },
        9 => {
            let after = Duration::from_secs(rng.u64(3..=20));
            release.behaviour = Behaviour { ends: crash(after), ..behaviour };
        }
        10 => release.behaviour = Behaviour { status: 500, ..behaviour },
        11 => release.behaviour = Behaviour { listens: false, ..behaviour },
        12 => release.behaviour = Behaviour { runs: Some(Digest::of(b"another program")), ..behaviour },
        13 => {
            release.behaviour = Behaviour { healthy_after: Duration::from_secs(rng.u64(2..=10)), ..behaviour }
        }
        14 => release.behaviour = Behaviour { stop_takes: Duration::MAX, ..behaviour },
        _ => release.answers.errors = 0.015,
    }
    release
}

/// The release with the hook `migrate`, for one seed of four. Drawn apart, so that the other seeds tell what they told before.
fn migrating(release: Release, seed: u64) -> Release {
    let mut rng = Rng::with_seed(seed ^ 0x0006_d167);
    if rng.u8(..4) > 0 {
        return release;
    }
    let migrate = Some(HookSpec { command: vec!["migrate".to_owned()], timeout: Span::from_secs(15) });
    let run = RunSpec { migrate, ..super::release::run_spec(release.number) };
    let code = i32::from(rng.u8(..4) == 0);
    let once = (Duration::from_millis(rng.u64(100..20_000)), Exit::Code { code });
    let behaviour = Behaviour { once, ..release.behaviour };
    Release { answers: release.answers, behaviour, ..Release::with(release.number, &run) }
}

fn storm(rng: &mut Rng, hosts: usize, lasts: Duration) -> Vec<(Duration, Event)> {
    let count = *pick(rng, &[0, 1, 1, 2, 3, 5, 8]);
    (0..count)
        .map(|_| {
            let at = Duration::from_millis(rng.u64(..u64::try_from(lasts.as_millis()).expect("short")));
            (at, event(rng, hosts))
        })
        .collect()
}

fn event(rng: &mut Rng, hosts: usize) -> Event {
    let host = rng.usize(..hosts);
    let away = Duration::from_millis(rng.u64(100..=4000));
    match rng.u8(..21) {
        // One of several that is away for longer than anybody waits.
        0..=3 if hosts > 1 && rng.bool() => {
            Event::Cut { host, lasts: Duration::from_secs(rng.u64(30..=300)) }
        }
        20 => Event::TurnsSick { release: rng.u64(1..=2), status: *pick(rng, &[200, 500, 500]) },
        0 | 1 => Event::Crash { host, nth: rng.usize(..8) },
        2 => Event::Reboot { host, away },
        3 => Event::KillProxy { host },
        4..=6 => {
            let moment = if rng.bool() { Moment::Before } else { Moment::After };
            Event::AgentDies { host, effects: rng.u64(1..=12), moment, away }
        }
        7 | 8 => {
            let all = [
                Fault::Save,
                Fault::Start,
                Fault::Signal,
                Fault::StartProxy,
                Fault::SetTable,
                Fault::Report,
                Fault::NoSpace,
                Fault::Verify,
            ];
            Event::Fails { host, fault: *pick(rng, &all), times: rng.u32(1..=4) }
        }
        9 => Event::Cut { host, lasts: Duration::from_secs(rng.u64(1..=50)) },
        10..=12 => Event::Lose { host, done: rng.bool(), calls: rng.u32(1..=3) },
        13..=16 => Event::Person(command(rng)),
        17 => Event::MetricsDown(Duration::from_secs(rng.u64(5..=40))),
        18 => Event::Rate(*pick(rng, &[0.0, 50.0, 300.0])),
        _ => Event::TurnsBad { release: 2, errors: *pick(rng, &[0.1, 0.5, 1.0]) },
    }
}

fn command(rng: &mut Rng) -> Command {
    match rng.u8(..10) {
        0 | 1 => Command::Abort,
        2..=4 => Command::Promote,
        5 | 6 => Command::PromoteFully,
        7 => Command::Pause,
        8 => Command::Resume,
        _ => Command::Supersede { by: Release::new(3).id },
    }
}

/// What happens to a coordinator in the storm.
pub(super) fn upsets(rng: &mut Rng, depth: u8) -> Vec<Upset> {
    let count = *pick(rng, &[0, 0, 1, 1, 2]);
    (0..count)
        .map(|_| {
            let at = match rng.u8(..4) {
                0 => Point::AfterRecord(rng.u64(1..=60)),
                1 => Point::BeforeRecord(rng.u64(1..=60)),
                2 => Point::BeforeCall(rng.u64(1..=20)),
                _ => Point::Sleep(rng.u64(1..=60)),
            };
            Upset { at, what: mishap(rng, depth) }
        })
        .collect()
}

fn mishap(rng: &mut Rng, depth: u8) -> Mishap {
    match rng.u8(..8) {
        4..=6 => {
            let successor = (depth == 0 && rng.u8(..4) != 0).then(|| upsets(rng, depth + 1));
            Mishap::Suspended { lasts: Duration::from_secs(rng.u64(5..=60)), successor }
        }
        7 => Mishap::ClockJumps(*pick(rng, &[-3_600_000, -60_000, -5_000, 5_000, 60_000, 3_600_000])),
        _ => Mishap::Dies,
    }
}
