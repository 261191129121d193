//! A table made ready for the request path: only what can take requests, in the order in which it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use http::HeaderValue;
use plimsoll_model::traffic::RouteTable;

use crate::backend::Backend;
use crate::counters::ReleaseCounters;
use crate::sticky::Rule;

/// The table in force.
#[derive(Debug)]
pub(crate) struct Routes {
    pub(crate) table: RouteTable,
    pub(crate) rule: Rule,
    pub(crate) unrouted: Arc<AtomicU64>,
    arms: Vec<Side>,
}

/// An arm and its ready instances.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) weight: u32,
    pub(crate) counters: Arc<ReleaseCounters>,
    pub(crate) ready: Vec<Arc<Target>>,
}

/// A ready instance with all that a request to it needs.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) backend: Arc<Backend>,
    pub(crate) counters: Arc<ReleaseCounters>,
    pub(crate) release: HeaderValue,
}

/// An instance chosen for a request.
#[derive(Debug)]
pub(crate) struct Pick {
    pub(crate) target: Arc<Target>,
    /// Counters of the arm that the split gave the request to, which may not be the instance's own.
    pub(crate) assigned: Arc<ReleaseCounters>,
}

impl Routes {
    pub(crate) fn new(table: RouteTable, arms: Vec<Side>, unrouted: Arc<AtomicU64>) -> Self {
        Self { rule: Rule::new(&table.stickiness), table, unrouted, arms }
    }

    /// No arm could take a request.
    pub(crate) fn count_unrouted(&self) {
        self.unrouted.fetch_add(1, Relaxed);
    }

    /// An instance for the request at `point`, none of those in `tried`: from the arm that the split says,
    /// else from another arm that has weight. An arm without weight takes nothing even then, since weight 0
    /// is how a failed release is put out of service.
    pub(crate) fn pick(&self, point: u32, tried: &[Arc<Backend>]) -> Option<Pick> {
        let own = self.side_of(point)?;
        let others = self.arms.iter().filter(|side| side.weight > 0 && !std::ptr::eq(*side, own));
        std::iter::once(own)
            .chain(others)
            .find_map(|side| side.choose(tried))
            .map(|target| Pick { target: Arc::clone(target), assigned: Arc::clone(&own.counters) })
    }

    /// The last arm (the canary) takes the points below its weight, the one before it the next ones, and so on.
    fn side_of(&self, point: u32) -> Option<&Side> {
        let mut end = 0;
        self.arms.iter().rev().find(|side| {
            end += side.weight;
            point < end
        })
    }
}

impl Side {
    /// The less busy one of two at random, which is almost as good as the least busy one and does not send
    /// every worker to the same instance.
    fn choose(&self, tried: &[Arc<Backend>]) -> Option<&Arc<Target>> {
        if !tried.is_empty() {
            let fresh = |target: &&Arc<Target>| !tried.iter().any(|seen| Arc::ptr_eq(seen, &target.backend));
            return self.ready.iter().filter(fresh).min_by_key(|target| target.backend.in_flight());
        }
        match self.ready.len() {
            0 => None,
            1 => self.ready.first(),
            count => {
                let first = fastrand::usize(..count);
                let second = (first + 1 + fastrand::usize(..count - 1)) % count;
                let (first, second) = (&self.ready[first], &self.ready[second]);
                Some(if second.backend.in_flight() < first.backend.in_flight() { second } else { first })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::traffic::Stickiness;
    use plimsoll_model::{InstanceId, ReleaseId};
    use proptest::prelude::*;

    use super::*;

    fn side(release: &str, weight: u32, instances: u32) -> Side {
        let release: ReleaseId = release.parse().unwrap();
        let counters = Arc::new(ReleaseCounters::new(release.clone(), &[], 1));
        let target = |n| {
            let instance = InstanceId::new(release.clone(), n);
            Arc::new(Target {
                backend: Arc::new(Backend::new(instance, ([127, 0, 0, 1], 1).into(), 1)),
                counters: Arc::clone(&counters),
                release: HeaderValue::from_static("x"),
            })
        };
        Side { weight, ready: (0..instances).map(target).collect(), counters }
    }

    fn routes(canary: u32) -> Routes {
        let table = RouteTable {
            version: 1,
            arms: vec![],
            stickiness: Stickiness::None,
            latency_bounds: vec![],
            maintenance: None,
        };
        let sides = vec![side("aaaaaaaaaaaa", 10_000 - canary, 3), side("bbbbbbbbbbbb", canary, 3)];
        Routes::new(table, sides, Arc::default())
    }

    fn on_canary(routes: &Routes, point: u32) -> bool {
        routes.pick(point, &[]).unwrap().assigned.release.as_str() == "bbbbbbbbbbbb"
    }

    proptest! {
        #[test]
        fn a_growing_weight_only_adds_to_the_canary(point in 0_u32..10_000, a in 0_u32..=10_000, b in 0_u32..=10_000) {
            let (less, more) = (routes(a.min(b)), routes(a.max(b)));
            prop_assert!(!on_canary(&less, point) || on_canary(&more, point));
        }

        #[test]
        fn exactly_the_weight_goes_to_the_canary(canary in 0_u32..=10_000) {
            let routes = routes(canary);
            let hits = (0..10_000).filter(|point| on_canary(&routes, *point)).count();
            prop_assert_eq!(hits, canary as usize);
        }
    }

    #[test]
    fn what_was_tried_is_not_tried_again() {
        let routes = routes(5000);
        let mut tried = Vec::new();
        while let Some(pick) = routes.pick(0, &tried) {
            tried.push(Arc::clone(&pick.target.backend));
        }
        let releases: Vec<_> = tried.iter().map(|b| b.instance.release.as_str()).collect();
        let (own, other) = releases.split_at(3);
        assert_eq!((own, other), (&["bbbbbbbbbbbb"; 3][..], &["aaaaaaaaaaaa"; 3][..]));
    }
}
