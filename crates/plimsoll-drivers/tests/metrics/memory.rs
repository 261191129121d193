//! The suite over the scripted source.

use plimsoll_drivers::metrics::{MetricsReader, ScriptedMetrics, Side, Unread};
use plimsoll_model::metrics::{Counters, Histogram, Unusable};
use plimsoll_model::{ReleaseId, Span};

use crate::bench::{Bench, NONSENSE, QUEUE, Shown, next_millisecond, now};
use crate::suite;

struct Memory {
    release: ReleaseId,
    metrics: ScriptedMetrics,
    handle: ScriptedMetrics,
}

impl Bench for Memory {
    fn reader(&mut self) -> &mut dyn MetricsReader {
        &mut self.metrics
    }

    fn side(&self) -> Side {
        Side { release: self.release.clone(), instances: Vec::new() }
    }

    fn show(&mut self, shown: &Shown) {
        let histogram =
            |[a, b, c]: [u64; 3]| Histogram { bounds: vec![0.1, 0.5], counts: vec![a, b, c], sum: 12.5 };
        let latency = shown.latency.map(histogram).unwrap_or_default();
        next_millisecond();
        if let Some(n) = shown.good {
            let counters = Counters { requests: n, errors: 0, latency };
            self.handle.set(&self.release, "200", now(), counters);
        }
        if let Some(n) = shown.bad {
            let counters = Counters { requests: n, errors: n, latency: Histogram::default() };
            self.handle.set(&self.release, "503", now(), counters);
        }
        let query = QUEUE.replace("{{release}}", self.release.as_str());
        if let Some(value) = shown.queue {
            self.handle.answer(&query, Ok(value));
        }
        self.handle.answer(NONSENSE, Err(Unread::new(Unusable::Invalid, "parse error")));
    }

    /// Its samples grow old.
    fn stop_instance(&mut self) -> Unusable {
        Unusable::Stale
    }

    fn stop_source(&mut self) {
        self.handle.fail(Some(Unread::new(Unusable::Unreachable, "connection refused")));
    }
}

#[test]
fn the_scripted_source_conforms() {
    let metrics = ScriptedMetrics::new(Span::from_millis(500));
    let release = "aaaaaaaaaaaa".parse().unwrap();
    suite::run(&mut Memory { release, handle: metrics.clone(), metrics });
}
