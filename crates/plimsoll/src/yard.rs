//! What the engine reaches in the real world: hosts, journal, sources of metrics.

use std::sync::Arc;

use plimsoll_drivers::Host;
use plimsoll_drivers::metrics::{MetricsReader, Pages, Prometheus, PrometheusOptions, Scrape, Unread};
use plimsoll_engine::journal::{Journal, JournalError};
use plimsoll_engine::ship::Yard;
use plimsoll_engine::world::MetricSources;
use plimsoll_model::Secret;
use plimsoll_model::metrics::Unusable;
use plimsoll_model::rollout::MetricSource;
use plimsoll_model::service::Environment;

use crate::project::Project;

/// Variable with the bearer token of Prometheus servers that want one.
pub(crate) const TOKEN: &str = "PLIMSOLL_PROMETHEUS_TOKEN";

/// A project's world.
pub(crate) struct ProjectYard<'p>(pub(crate) &'p Project);

impl Yard for ProjectYard<'_> {
    fn hosts(&self, environment: &Environment) -> Result<Vec<Box<dyn Host>>, String> {
        self.0.hosts(environment).map_err(|failure| failure.message)
    }

    fn journal(&self) -> Result<Box<dyn Journal>, JournalError> {
        self.0.open_journal()
    }

    fn metrics(&self, environment: &Environment) -> Box<dyn MetricSources> {
        Box::new(RealSources { pages: self.0.pages(environment) })
    }

    fn url(&self, environment: &Environment) -> String {
        self.0.url(environment)
    }
}

/// Sources of metrics over the network.
pub(crate) struct RealSources {
    /// How the instances' own pages are read.
    pages: Arc<dyn Pages>,
}

impl MetricSources for RealSources {
    fn reader(&mut self, source: &MetricSource) -> Result<Box<dyn MetricsReader>, Unread> {
        match source {
            MetricSource::Scrape { path, .. } => Ok(Box::new(Scrape::new(path, Arc::clone(&self.pages)))),
            MetricSource::Prometheus { url, max_age, .. } => {
                let token = std::env::var(TOKEN).ok().map(Secret::new);
                let options = PrometheusOptions { url: url.clone(), max_age: *max_age, token };
                Ok(Box::new(Prometheus::new(options)))
            }
            MetricSource::Proxy => {
                Err(Unread::new(Unusable::Invalid, "the proxy's counters come with its host"))
            }
        }
    }
}
