//! A source of metrics that says what it was told to, for the simulator and for tests.
//!
//! Handles are shared: the simulator counts requests on one while the engine reads through another. The rules are
//! those of the real sources: samples grow old, series may be absent, the source may fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use plimsoll_model::metrics::{Counters, Histogram, Snapshot, Unusable};
use plimsoll_model::rollout::SeriesSelectors;
use plimsoll_model::{ReleaseId, Span, Timestamp};

use super::assemble::Wanted;
use super::{Answer, MetricsReader, Side, Unread, finite, for_release};

/// The script and the handle to it.
#[derive(Debug, Clone)]
pub struct ScriptedMetrics {
    world: Arc<Mutex<World>>,
    max_age: Span,
}

#[derive(Debug, Default)]
struct World {
    sides: BTreeMap<ReleaseId, Snapshot>,
    values: BTreeMap<String, Result<f64, Unread>>,
    trouble: Option<Unread>,
}

impl ScriptedMetrics {
    /// A source that knows nothing yet, whose samples are stale after `max_age`.
    pub fn new(max_age: Span) -> Self {
        Self { world: Arc::default(), max_age }
    }

    /// From now on the series stands at these counters, as sampled at `at`.
    pub fn set(&self, release: &ReleaseId, series: &str, at: Timestamp, counters: Counters) {
        let mut world = self.lock();
        let side = world.sides.entry(release.clone()).or_default();
        side.at = side.at.max(at);
        side.series.insert(series.to_owned(), counters);
    }

    /// Adds to a series' counters. Latencies are added where the bounds agree, and begin anew where not.
    pub fn add(&self, release: &ReleaseId, series: &str, at: Timestamp, more: &Counters) {
        let mut sum = self.counters(release, series).unwrap_or_default();
        sum.requests += more.requests;
        sum.errors += more.errors;
        sum.latency = added(&sum.latency, &more.latency);
        self.set(release, series, at, sum);
    }

    /// What a series stands at.
    pub fn counters(&self, release: &ReleaseId, series: &str) -> Option<Counters> {
        self.lock().sides.get(release)?.series.get(series).cloned()
    }

    /// The release's series are gone, as if never scraped.
    pub fn forget(&self, release: &ReleaseId) {
        self.lock().sides.remove(release);
    }

    /// The value of a query from now on; NaN and infinities are refused when it is read, as real sources do.
    pub fn answer(&self, query: &str, value: Result<f64, Unread>) {
        self.lock().values.insert(query.to_owned(), value);
    }

    /// Every question fails like this, until `None`.
    pub fn fail(&self, trouble: Option<Unread>) {
        self.lock().trouble = trouble;
    }

    /// A test that panicked elsewhere does not make the numbers wrong.
    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn added(sum: &Histogram, more: &Histogram) -> Histogram {
    if more.counts.is_empty() {
        return sum.clone();
    }
    if sum.bounds != more.bounds {
        return more.clone();
    }
    let counts = sum.counts.iter().zip(&more.counts).map(|(a, b)| a + b).collect();
    Histogram { bounds: sum.bounds.clone(), counts, sum: sum.sum + more.sum }
}

impl MetricsReader for ScriptedMetrics {
    fn snapshot(
        &mut self,
        side: &Side,
        series: &SeriesSelectors,
        now: Timestamp,
    ) -> Result<Answer<Snapshot>, Unread> {
        let wanted = Wanted::new(series, side)?;
        let world = self.lock();
        if let Some(trouble) = &world.trouble {
            return Err(trouble.clone());
        }
        let Some(found) = world.sides.get(&side.release) else {
            return Err(Unread::new(Unusable::Empty, format!("there is no series `{}`", wanted.requests)));
        };
        let age = Span::from(now.since(found.at));
        if age > self.max_age {
            let detail = format!(
                "the newest sample of `{}` is {age} old, more than {}",
                wanted.requests, self.max_age
            );
            return Err(Unread::new(Unusable::Stale, detail));
        }
        Ok(Answer { value: found.clone(), notes: Vec::new() })
    }

    fn value(&mut self, side: &Side, query: &str, _now: Timestamp) -> Result<Answer<f64>, Unread> {
        let world = self.lock();
        if let Some(trouble) = &world.trouble {
            return Err(trouble.clone());
        }
        let query = for_release(query, &side.release);
        match world.values.get(&query) {
            Some(value) => Ok(Answer { value: finite(value.clone()?, &query)?, notes: Vec::new() }),
            None => Err(Unread::new(Unusable::Empty, format!("`{query}` gives no series"))),
        }
    }
}
