//! From the commit to a sealed release, gate by gate, and on through the environments.
//!
//! Each gate asks one question, leaves its evidence in the journal, and can stop the flow. One file each. What they
//! share is the [`Ship`].

mod build;
mod inspect;
mod preflight;
mod rollout;
mod seal;
mod test;
mod verify;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use plimsoll_artifact::signature::SecretKey;
use plimsoll_drivers::{Clock, Commands, Host};
use plimsoll_model::event::{Event, News};
use plimsoll_model::evidence::{Evidence, Gate, GateDecision};
use plimsoll_model::record::Entry;
use plimsoll_model::release::Source;
use plimsoll_model::service::{Environment, Service};
use plimsoll_model::{Digest, EnvironmentName, ReleaseId, Span};

use crate::deploy::{Actor, DeployError, Deployed};
use crate::history::History;
use crate::journal::{Draft, Journal, JournalError, Query};
use crate::world::{MetricSources, ReleaseContent, Secrets, World};

/// What a shipment needs from the command that runs it.
pub trait Yard {
    /// The hosts of an environment.
    fn hosts(&self, environment: &Environment) -> Result<Vec<Box<dyn Host>>, String>;

    /// The journal.
    fn journal(&self) -> Result<Box<dyn Journal>, JournalError>;

    /// The sources of an environment's metrics.
    fn metrics(&self, environment: &Environment) -> Box<dyn MetricSources>;

    /// Where the regression test reaches an environment's service.
    fn url(&self, environment: &Environment) -> String;
}

/// A shipment: one commit on its way.
pub struct Ship<'s> {
    /// The service.
    pub service: &'s Service,
    /// Folder of the configuration file.
    pub project: &'s Path,
    /// Where builders put what they make.
    pub build_folder: &'s Path,
    /// Where sealed releases are kept.
    pub release_folder: &'s Path,
    /// The key that signs.
    pub secret_key: &'s SecretKey,
    /// Public keys that hosts accept.
    pub trusted_keys: &'s [String],
    /// The environment that is aimed at.
    pub environment: &'s Environment,
    /// Outside programs.
    pub commands: &'s dyn Commands,
    /// Hosts, journal, metrics.
    pub yard: &'s dyn Yard,
    /// Content of sealed releases.
    pub releases: &'s dyn ReleaseContent,
    /// Secrets.
    pub secrets: &'s dyn Secrets,
    /// Time.
    pub clock: &'s dyn Clock,
    /// Who acts and how.
    pub actor: &'s Actor<'s>,
    /// The journal's last record when the command began.
    pub since: u64,
    /// `user@machine`, for records.
    pub author: String,
    /// Gates that a person skips.
    pub skip: Vec<Gate>,
    /// Where events go.
    pub events: &'s mut dyn FnMut(Event),
}

/// How a shipment ended.
#[derive(Debug)]
pub struct Shipped {
    /// The release, once there was one.
    pub release: Option<ReleaseId>,
    /// The release that served when it began.
    pub replaced: Option<ReleaseId>,
    /// What came of it.
    pub end: ShipEnd,
}

/// What came of a shipment.
#[derive(Debug)]
pub enum ShipEnd {
    /// It is sealed, which was all that was asked for.
    Sealed,
    /// A gate refused.
    Refused {
        /// Which.
        gate: Gate,
        /// Why.
        summary: String,
        /// What to do about it.
        help: Vec<String>,
    },
    /// It was deployed, or taken back, or waits: in the last environment that it came to.
    Deployed {
        /// Which environment.
        environment: EnvironmentName,
        /// What came of it.
        deployed: Deployed,
    },
    /// The release serves, but what answers is not what was released, or it could not be told.
    NotVerified {
        /// What was found.
        summary: String,
    },
}

/// Why a shipment could not be brought to any end.
#[derive(Debug, thiserror::Error)]
pub enum ShipError {
    /// A deployment failed.
    #[error(transparent)]
    Deploy(#[from] DeployError),
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The hosts of an environment cannot be reached at all.
    #[error("{0}")]
    Hosts(String),
    /// A person stopped an environment that the release was on its way to.
    #[error("{environment} was stopped by {by} while this command was on its way there; it stays stopped")]
    Stopped {
        /// The environment.
        environment: EnvironmentName,
        /// Who, `user@machine`.
        by: String,
    },
    /// A person cancelled before the environment that is aimed at was touched.
    #[error("cancelled; the environment that was aimed at is as it was")]
    Cancelled,
}

/// A gate's answer on its way to the journal.
struct Finding {
    gate: Gate,
    release: Option<ReleaseId>,
    artifact: Option<Digest>,
    question: String,
    measured: BTreeMap<String, serde_json::Value>,
    decision: GateDecision,
    summary: String,
}

/// Measured values by name.
fn measured<const N: usize>(values: [(&str, serde_json::Value); N]) -> BTreeMap<String, serde_json::Value> {
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What stops the flow: a refusal or an error.
enum Stop {
    Refused { gate: Gate, summary: String, help: Vec<String> },
    Error(ShipError),
}

impl<E: Into<ShipError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl<'s> Ship<'s> {
    /// The environments that a release comes through, in their order.
    fn environments_on_the_way(&self) -> Vec<&'s Environment> {
        let staging = self.service.test.as_ref().filter(|_| !self.skip.contains(&Gate::Staging));
        let staging = staging.and_then(|test| self.service.environments.get(&test.environment));
        let staging = staging.filter(|staging| staging.name != self.environment.name);
        staging.into_iter().chain([self.environment]).collect()
    }
}

impl Ship<'_> {
    /// Runs the whole flow.
    pub fn run(&mut self) -> Result<Shipped, ShipError> {
        let source = self.source()?;
        self.tell(News::Begun { service: self.service.name.clone(), source: source.clone() });
        if let Some(shipped) = self.finish_what_was_left(&source)? {
            return Ok(shipped);
        }
        self.check_secrets()?;
        let release = match self.make_release(source) {
            Ok(release) => release,
            Err(Stop::Refused { gate, summary, help }) => {
                let end = ShipEnd::Refused { gate, summary, help };
                return Ok(Shipped { release: None, replaced: None, end });
            }
            Err(Stop::Error(error)) => return Err(error),
        };
        self.deploy_release(release)
    }

    /// Builds, inspects and seals, and deploys nothing.
    pub fn build_only(&mut self) -> Result<Shipped, ShipError> {
        let source = self.source()?;
        self.tell(News::Begun { service: self.service.name.clone(), source: source.clone() });
        match self.make_release(source) {
            Ok(release) => Ok(Shipped { release: Some(release), replaced: None, end: ShipEnd::Sealed }),
            Err(Stop::Refused { gate, summary, help }) => {
                let end = ShipEnd::Refused { gate, summary, help };
                Ok(Shipped { release: None, replaced: None, end })
            }
            Err(Stop::Error(error)) => Err(error),
        }
    }

    /// Secrets of every environment on the way, before time is spent on a build that could not go out.
    fn check_secrets(&self) -> Result<(), ShipError> {
        for environment in self.environments_on_the_way() {
            crate::deploy::check_secrets(&environment.name, &environment.run, self.secrets)?;
        }
        Ok(())
    }

    fn make_release(&mut self, source: Source) -> Result<ReleaseId, Stop> {
        let built = self.build(&source)?;
        self.inspect(&source, &built)?;
        self.seal(source, &built)
    }

    fn tell(&mut self, news: News) {
        let at = self.clock.now();
        (self.events)(Event { at, news });
    }

    fn is_cancelled(&self) -> bool {
        self.actor.options.cancel.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Says that a gate is at work, and begins its time.
    fn start(&mut self, gate: Gate, detail: impl Into<String>) -> Instant {
        self.tell(News::GateStarted { gate, detail: detail.into() });
        Instant::now()
    }

    /// Records what a gate found, and tells it.
    fn found(&mut self, started: Instant, finding: Finding) -> Result<(), JournalError> {
        let evidence = Evidence {
            gate: finding.gate,
            release: finding.release,
            artifact: finding.artifact,
            question: finding.question,
            measured: finding.measured,
            decision: finding.decision,
            summary: finding.summary,
            at: self.clock.now(),
            took: Span::from(started.elapsed()),
        };
        let entry = Entry::Gate { evidence: Box::new(evidence.clone()) };
        self.record(entry)?;
        self.tell(News::GateFinished { evidence: Box::new(evidence) });
        Ok(())
    }

    /// Appends a record that belongs to no rollout.
    fn record(&mut self, entry: Entry) -> Result<(), JournalError> {
        let record = self.yard.journal()?.append(Draft {
            at: self.clock.now(),
            author: self.author.clone(),
            environment: Some(self.environment.name.clone()),
            rollout: None,
            fence: None,
            entry,
        })?;
        self.tell(News::Recorded { record: Box::new(record) });
        Ok(())
    }

    fn history(&self) -> Result<History, JournalError> {
        Ok(History::fold(&self.yard.journal()?.read(&Query::default())?))
    }

    /// The world of one environment.
    fn world<'w>(&'w mut self, environment: &Environment) -> Result<World<'w>, ShipError> {
        Ok(World {
            clock: self.clock,
            hosts: self.yard.hosts(environment).map_err(ShipError::Hosts)?,
            parallel: environment.target.parallel(),
            journal: self.yard.journal()?,
            metrics: self.yard.metrics(environment),
            releases: self.releases,
            secrets: self.secrets,
            events: self.events,
            author: self.author.clone(),
        })
    }
}
