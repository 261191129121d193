//! From counters that only grow to what happened between two looks.
//!
//! Raw counters are differenced series by series. A counter that fell was reset: what it counts now is all new. A
//! series that was not there at the last look is all new as well, if its side had been seen; the first sight of a
//! side is only a baseline. Extrapolation (Prometheus' `rate`) is not used: it makes events that never happened.

use plimsoll_model::metrics::{Counters, Histogram, Increment, Snapshot};

/// What happened between two snapshots of one side, or `None` where the later one has no newer samples.
///
/// `bounds` are the latency bounds, in seconds, of the result; a series whose histogram lacks one of them
/// contributes requests and errors but no latencies.
pub fn difference(earlier: &Snapshot, later: &Snapshot, bounds: &[f64]) -> Option<Increment> {
    if later.at <= earlier.at {
        return None;
    }
    let mut sum = Increment { slower: vec![0; bounds.len()], ..Increment::default() };
    for (name, now) in &later.series {
        let grown = match earlier.series.get(name) {
            Some(before) => grown_since(before, now),
            None => now.clone(),
        };
        add(&mut sum, &grown, bounds);
    }
    // A source that counts an error before its request must not make more errors than requests. Side by side, not
    // series by series: errors may be counted under labels of their own, where there are no requests.
    sum.errors = sum.errors.min(sum.requests);
    Some(sum)
}

/// The baseline for the look after `later`: its series, and those of `earlier` that it lacks, as they last were.
///
/// An instance that could not be read for one look comes back with everything that it has ever counted. Without its
/// old counters in the baseline, all of that would be new.
pub fn carried(earlier: &Snapshot, later: &Snapshot) -> Snapshot {
    let mut series = earlier.series.clone();
    series.extend(later.series.clone());
    Snapshot { at: later.at.max(earlier.at), series }
}

fn add(sum: &mut Increment, grown: &Counters, bounds: &[f64]) {
    sum.requests += grown.requests;
    sum.errors += grown.errors;
    let above: Option<Vec<u64>> = bounds.iter().map(|b| grown.latency.above(*b)).collect();
    if let Some(above) = above.filter(|_| !grown.latency.counts.is_empty()) {
        sum.timed += grown.latency.count();
        sum.slower.iter_mut().zip(above).for_each(|(total, n)| *total += n);
    }
}

/// What a series counted between two samples; one that fell was reset, and all of it is new.
pub fn grown_since(before: &Counters, now: &Counters) -> Counters {
    if now.requests < before.requests {
        return now.clone();
    }
    Counters {
        requests: now.requests - before.requests,
        errors: now.errors.checked_sub(before.errors).unwrap_or(now.errors),
        latency: grown_histogram(&before.latency, &now.latency),
    }
}

fn grown_histogram(before: &Histogram, now: &Histogram) -> Histogram {
    let reset = before.bounds != now.bounds || before.counts.iter().zip(&now.counts).any(|(b, n)| n < b);
    if reset {
        return now.clone();
    }
    let counts = before.counts.iter().zip(&now.counts).map(|(b, n)| n - b).collect();
    Histogram { bounds: now.bounds.clone(), counts, sum: now.sum - before.sum }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Timestamp;

    use super::*;

    fn counters(requests: u64, errors: u64, slow: u64) -> Counters {
        let latency = Histogram { bounds: vec![0.1], counts: vec![requests - slow, slow], sum: 0.0 };
        Counters { requests, errors, latency }
    }

    fn snapshot(at: u64, series: &[(&str, Counters)]) -> Snapshot {
        let series = series.iter().map(|(n, c)| ((*n).to_owned(), c.clone())).collect();
        Snapshot { at: Timestamp::from_millis(at), series }
    }

    #[test]
    fn series_are_differenced_one_by_one() {
        let before = snapshot(1, &[("a", counters(100, 1, 10)), ("b", counters(50, 0, 0))]);
        let after = snapshot(2, &[("a", counters(130, 2, 15)), ("b", counters(60, 3, 1))]);
        let found = difference(&before, &after, &[0.1]).unwrap();
        assert_eq!(found, Increment { requests: 40, errors: 4, slower: vec![6], timed: 40 });
    }

    #[test]
    fn a_counter_that_fell_was_reset() {
        let before = snapshot(1, &[("a", counters(100, 9, 0))]);
        let after = snapshot(2, &[("a", counters(7, 2, 1))]);
        let found = difference(&before, &after, &[0.1]).unwrap();
        assert_eq!(found, Increment { requests: 7, errors: 2, slower: vec![1], timed: 7 });
    }

    #[test]
    fn errors_may_have_labels_of_their_own() {
        let errors = |n| Counters { errors: n, ..Counters::default() };
        let before = snapshot(1, &[("a", counters(100, 0, 0)), ("a,kind", errors(1))]);
        let after = snapshot(2, &[("a", counters(110, 0, 0)), ("a,kind", errors(4))]);
        assert_eq!(difference(&before, &after, &[]).unwrap().errors, 3);
        let more = snapshot(2, &[("a", counters(102, 0, 0)), ("a,kind", errors(4))]);
        assert_eq!(difference(&before, &more, &[]).unwrap().errors, 2);
    }

    #[test]
    fn a_series_that_was_away_for_a_look_is_not_new() {
        let all = snapshot(1, &[("a", counters(100, 0, 0)), ("b", counters(500, 5, 0))]);
        let without = snapshot(2, &[("a", counters(110, 0, 0))]);
        let again = snapshot(3, &[("a", counters(111, 0, 0)), ("b", counters(507, 6, 0))]);
        let baseline = carried(&all, &without);
        assert_eq!(baseline.at.as_millis(), 2);
        let found = difference(&baseline, &again, &[]).unwrap();
        assert_eq!((found.requests, found.errors), (8, 1));
    }

    #[test]
    fn samples_that_are_not_newer_say_nothing() {
        let before = snapshot(2, &[("a", counters(100, 0, 0))]);
        assert_eq!(difference(&before, &before, &[]), None);
    }

    #[test]
    fn a_bound_that_the_source_lacks_gives_no_latencies() {
        let before = snapshot(1, &[("a", counters(0, 0, 0))]);
        let after = snapshot(2, &[("a", counters(10, 0, 5))]);
        let found = difference(&before, &after, &[0.25]).unwrap();
        assert_eq!((found.requests, found.timed), (10, 0));
    }
}
