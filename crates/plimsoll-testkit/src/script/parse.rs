//! The words of scripts.

use std::time::Duration;

use plimsoll_agent::memory::Behaviour;
use plimsoll_agent::runtime::Exit;
use plimsoll_model::preflight::Requires;
use plimsoll_model::record::Command;
use plimsoll_model::rollout::{AnalysisSpec, Check, MetricSource, Policy, RolloutSpec, Step};
use plimsoll_model::service::{Environment, Target};
use plimsoll_model::traffic::Stickiness;
use plimsoll_model::{Digest, Quantity, Share, Span};

use crate::sim::Release;
use crate::sim::faults::Event;
use crate::sim::release;

/// One instance, no steps, a minute for everything.
pub(super) fn environment() -> Environment {
    Environment {
        name: release::environment(),
        target: Target::Local { root: "/opt/plimsoll".into() },
        instances: 1,
        listen: ([127, 0, 0, 1], 8080).into(),

        url: None,
        stickiness: Stickiness::None,
        run: release::run_spec(0),
        rollout: RolloutSpec {
            progress_deadline: Span::from_secs(60),
            dead_man_switch: Span::from_secs(20),
            person_deadline: Span::from_secs(60),
            ..RolloutSpec::default()
        },
        requires: Requires::default(),
    }
}

pub(super) fn setting(environment: &mut Environment, key: &str, value: &str) -> Result<(), String> {
    let rollout = &mut environment.rollout;
    match key {
        "instances" => environment.instances = value.parse().map_err(|_| "not a number")?,
        "steps" => rollout.steps = value.split(',').map(step).collect::<Result<_, _>>()?,
        "analyses" => rollout.analyses = value.split(',').map(analysis).collect::<Result<_, _>>()?,
        "person" => rollout.person_deadline = span(value)?,
        "progress" => rollout.progress_deadline = span(value)?,
        "switch" => rollout.dead_man_switch = span(value)?,
        "max-parallel" => rollout.max_parallel = quantity(value)?,
        "max-unavailable" => rollout.max_unavailable = quantity(value)?,
        _ => return Err(format!("`{key}` is no setting")),
    }
    Ok(())
}

fn step(text: &str) -> Result<Step, String> {
    match text.split_once(':') {
        None if text == "pause" => Ok(Step::Pause { duration: None }),
        None if text == "approve" => Ok(Step::Approve { by: None }),
        None => match text.split_once('@') {
            Some((weight, hosts)) => {
                Ok(Step::SetWeight { weight: share(weight)?, hosts: Some(quantity(hosts)?) })
            }
            None => Ok(Step::SetWeight { weight: share(text)?, hosts: None }),
        },
        Some(("pause", time)) => Ok(Step::Pause { duration: Some(span(time)?) }),
        Some(("analysis", time)) => Ok(Step::Analysis { names: Vec::new(), duration: span(time)? }),
        Some(_) => Err(format!("`{text}` is no step")),
    }
}

fn analysis(name: &str) -> Result<AnalysisSpec, String> {
    let check = match name {
        "errors" => Check::Errors { max: Share::percent(1), margin: 1.5, promote_margin: 3.0 },
        "latency" => Check::Latency {
            limit: Span::from_millis(250),
            exceedance: Share::percent(1),
            margin: 1.5,
            promote_margin: 3.0,
        },
        _ => return Err(format!("`{name}` is no analysis")),
    };
    Ok(AnalysisSpec {
        name: name.to_owned(),
        source: MetricSource::Proxy,
        check,
        interval: Span::from_secs(1),
        warm_up: Span::from_secs(1),
        alpha: 0.005,
        on_no_data: Policy::Hold,
        no_data_deadline: Span::from_secs(20),
    })
}

/// `r2 errors=10%`, `r2 slow`, ...
pub(super) fn release(name: &str, how: &[&str]) -> Result<Release, String> {
    let mut release = Release::new(number(name)?);
    for word in how {
        let behaviour = &mut release.behaviour;
        match *word {
            "slow" => release.answers.median = 0.4,
            "crashes" => behaviour.ends = Some((Duration::from_secs(3), Exit::Code { code: 2 })),
            "never-healthy" => *behaviour = Behaviour { status: 500, ..behaviour.clone() },
            "wrong-process" => behaviour.runs = Some(Digest::of(b"another program")),
            other => match other.strip_prefix("errors=") {
                Some(errors) => release.answers.errors = share(errors)?.fraction(),
                None => return Err(format!("`{other}` is nothing that a release does")),
            },
        }
    }
    Ok(release)
}

/// The number of `r2`.
pub(super) fn number(name: &str) -> Result<u64, String> {
    let digits = name.strip_prefix('r').and_then(|d| d.parse().ok());
    digits.ok_or_else(|| format!("`{name}` is no release: expected r1, r2, ..."))
}

pub(super) fn event(words: &[&str]) -> Result<Event, String> {
    let (host, words) = match words {
        [words @ .., host] if host.starts_with("web") => (number_of_host(host)?, words),
        words => (0, words),
    };
    Ok(match words {
        ["promote"] => Event::Person(Command::Promote),
        ["promote-fully"] => Event::Person(Command::PromoteFully),
        ["abort"] => Event::Person(Command::Abort),
        ["pause"] => Event::Person(Command::Pause),
        ["resume"] => Event::Person(Command::Resume),
        ["kill-coordinator"] => Event::CoordinatorsDie,
        ["crash"] => Event::Crash { host, nth: 0 },
        ["reboot"] => Event::Reboot { host, away: Duration::from_secs(2) },
        ["kill-proxy"] => Event::KillProxy { host },
        ["cut", time] => Event::Cut { host, lasts: span(time)?.duration() },
        ["turns-bad", release, errors] => {
            Event::TurnsBad { release: number(release)?, errors: share(errors)?.fraction() }
        }
        ["rate", rate] => Event::Rate(rate.parse().map_err(|_| "not a number")?),
        _ => return Err(format!("`{}` is nothing that happens", words.join(" "))),
    })
}

pub(super) fn span(text: &str) -> Result<Span, String> {
    text.parse().map_err(|e: plimsoll_model::span::InvalidSpan| e.to_string())
}

fn number_of_host(name: &str) -> Result<usize, String> {
    let number = name.strip_prefix("web").and_then(|n| n.parse::<usize>().ok()).filter(|n| *n > 0);
    number.map(|n| n - 1).ok_or_else(|| format!("`{name}` is no host: expected web1, web2, ..."))
}

fn quantity(text: &str) -> Result<Quantity, String> {
    match text.parse::<u32>() {
        Ok(count) => Ok(Quantity::Count(count)),
        Err(_) => share(text).map(Quantity::Share),
    }
}

fn share(text: &str) -> Result<Share, String> {
    text.parse().map_err(|e: plimsoll_model::share::InvalidShare| e.to_string())
}
