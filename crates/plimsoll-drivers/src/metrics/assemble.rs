//! From the series of a source, whichever, to one snapshot.
//!
//! A series in the snapshot is named by all labels of the counter it comes from. Summing over labels was rejected:
//! a sum falls when one label set disappears, and a fall means "reset", so old requests would be counted again.
//! Where errors and requests carry the same labels they share an entry; otherwise each has its own.

use std::collections::BTreeMap;

use plimsoll_model::Timestamp;
use plimsoll_model::metrics::{Counters, Histogram, Snapshot, Unusable};
use plimsoll_model::rollout::SeriesSelectors;

use super::selector::{Labels, Selector, SelectorError, series_name};
use super::{Answer, Side, Unread, for_release};

/// One series with its newest sample.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub(super) labels: Labels,
    pub(super) value: f64,
    pub(super) at: Timestamp,
}

/// What a source has for one side.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Found {
    pub(super) requests: Vec<Series>,
    pub(super) errors: Vec<Series>,
    /// `<name>_bucket`, with `le`.
    pub(super) buckets: Vec<Series>,
    /// `<name>_sum`.
    pub(super) sums: Vec<Series>,
}

/// The selectors of an analysis, read, for one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) requests: Selector,
    pub(super) errors: Selector,
    pub(super) latency: Option<Selector>,
}

impl Wanted {
    pub(super) fn new(series: &SeriesSelectors, side: &Side) -> Result<Self, Unread> {
        let read = |text: &str| for_release(text, &side.release).parse::<Selector>().map_err(Unread::from);
        Ok(Self {
            requests: read(&series.requests)?,
            errors: read(&series.errors)?,
            latency: series.latency.as_deref().map(read).transpose()?,
        })
    }
}

impl From<SelectorError> for Unread {
    fn from(error: SelectorError) -> Self {
        Self::new(Unusable::Invalid, error.to_string())
    }
}

/// Makes the snapshot. `requests` must not be empty: what that means, each source knows best.
pub(super) fn snapshot(wanted: &Wanted, found: Found) -> Result<Answer<Snapshot>, Unread> {
    let mut notes = Vec::new();
    let mut series: BTreeMap<String, Counters> = BTreeMap::new();
    let at = found.requests.iter().map(|s| s.at).max().unwrap_or_default();
    for one in &found.requests {
        series.entry(series_name(&one.labels)).or_default().requests += counter(&wanted.requests.name, one)?;
    }
    for one in &found.errors {
        series.entry(series_name(&one.labels)).or_default().errors += counter(&wanted.errors.name, one)?;
    }
    if let Some(latency) = &wanted.latency {
        let histograms = histograms(&latency.name, &found)?;
        if histograms.is_empty() {
            notes.push(format!(
                "there is no series `{}`: latencies are not known (a classic histogram is needed)",
                latency.with_suffix("_bucket")
            ));
        }
        for (labels, histogram) in histograms {
            series.entry(series_name(&labels)).or_default().latency = histogram;
        }
    }
    Ok(Answer { value: Snapshot { at, series }, notes })
}

/// A counter's value. Fractions are cut off, always to the same side, so differences stay right.
fn counter(name: &str, series: &Series) -> Result<u64, Unread> {
    let wrong = |reason, what| {
        let labels = series_name(&series.labels);
        Unread::new(reason, format!("`{name}{labels}` is {what}, and not a counter's value"))
    };
    if !series.value.is_finite() {
        return Err(wrong(Unusable::NotANumber, series.value.to_string()));
    }
    if series.value < 0.0 {
        return Err(wrong(Unusable::Invalid, series.value.to_string()));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked; beyond u64 it saturates"
    )]
    Ok(series.value as u64)
}

/// The histograms by their labels without `le`.
fn histograms(name: &str, found: &Found) -> Result<BTreeMap<Labels, Histogram>, Unread> {
    let mut groups: BTreeMap<Labels, Vec<(f64, u64)>> = BTreeMap::new();
    for bucket in &found.buckets {
        let mut labels = bucket.labels.clone();
        let bound = labels.remove("le").unwrap_or_default();
        let bound: f64 = bound.parse().ok().filter(|b: &f64| !b.is_nan()).ok_or_else(|| {
            let labels = series_name(&bucket.labels);
            Unread::new(Unusable::Invalid, format!("`{name}_bucket{labels}` has no number as its `le`"))
        })?;
        groups.entry(labels).or_default().push((bound, counter(&format!("{name}_bucket"), bucket)?));
    }
    let sums: BTreeMap<&Labels, f64> = found.sums.iter().map(|s| (&s.labels, s.value)).collect();
    let mut histograms = BTreeMap::new();
    for (labels, buckets) in groups {
        let mut histogram = histogram(buckets).map_err(|why| {
            Unread::new(Unusable::Invalid, format!("`{name}_bucket{}` {why}", series_name(&labels)))
        })?;
        histogram.sum = sums.get(&labels).copied().filter(|sum| sum.is_finite()).unwrap_or_default();
        histograms.insert(labels, histogram);
    }
    Ok(histograms)
}

/// From counts up to each bound to counts between bounds.
fn histogram(mut buckets: Vec<(f64, u64)>) -> Result<Histogram, &'static str> {
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    if buckets.windows(2).any(|pair| pair[0].0.total_cmp(&pair[1].0).is_eq()) {
        return Err("has two buckets with the same bound");
    }
    let Some(((last, _), finite)) = buckets.split_last().filter(|(last, _)| last.0.is_infinite()) else {
        return Err("has no bucket with the bound `+Inf`");
    };
    debug_assert!(last.is_infinite());
    let mut below = 0;
    let mut counts = Vec::with_capacity(buckets.len());
    for (_, up_to) in &buckets {
        // A page can be written while a request is counted: a later bucket may lag, never by more than that.
        let up_to = (*up_to).max(below);
        counts.push(up_to - below);
        below = up_to;
    }
    Ok(Histogram { bounds: finite.iter().map(|(bound, _)| *bound).collect(), counts, sum: 0.0 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn series(labels: &[(&str, &str)], value: f64, at: u64) -> Series {
        let labels = labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Series { labels, value, at: Timestamp::from_millis(at) }
    }

    fn wanted() -> Wanted {
        Wanted {
            requests: "r".parse().unwrap(),
            errors: "r{code=~\"5..\"}".parse().unwrap(),
            latency: Some("l".parse().unwrap()),
        }
    }

    #[test]
    fn errors_that_are_requests_share_their_entry() {
        let ok = series(&[("code", "200"), ("a", "x")], 90.0, 5);
        let bad = series(&[("code", "500"), ("a", "x")], 3.9, 7);
        let found = Found { requests: vec![ok, bad.clone()], errors: vec![bad], ..Found::default() };
        let answer = snapshot(&wanted(), found).unwrap();
        assert_eq!(answer.value.at.as_millis(), 7);
        let series: Vec<_> =
            answer.value.series.iter().map(|(k, c)| (k.as_str(), c.requests, c.errors)).collect();
        assert_eq!(series, [(r#"{a="x",code="200"}"#, 90, 0), (r#"{a="x",code="500"}"#, 3, 3)]);
        assert_eq!(answer.notes.len(), 1, "{:?}", answer.notes);
    }

    #[test]
    fn buckets_become_histograms() {
        let bucket = |le: &str, value| series(&[("i", "1"), ("le", le)], value, 1);
        let found = Found {
            requests: vec![series(&[("i", "1")], 10.0, 1)],
            buckets: vec![bucket("+Inf", 10.0), bucket("0.1", 4.0), bucket("1.0", 3.0), bucket("2.5", 9.0)],
            sums: vec![series(&[("i", "1")], 7.5, 1)],
            ..Found::default()
        };
        let answer = snapshot(&wanted(), found).unwrap();
        let latency = &answer.value.series[r#"{i="1"}"#].latency;
        assert_eq!(*latency, Histogram { bounds: vec![0.1, 1.0, 2.5], counts: vec![4, 0, 5, 1], sum: 7.5 });
        assert!(answer.notes.is_empty());
    }

    #[test]
    fn what_no_counter_can_be_is_refused() {
        for (value, reason) in [
            (f64::NAN, Unusable::NotANumber),
            (f64::INFINITY, Unusable::NotANumber),
            (-1.0, Unusable::Invalid),
        ] {
            let found = Found { requests: vec![series(&[], value, 1)], ..Found::default() };
            assert_eq!(snapshot(&wanted(), found).unwrap_err().reason, reason);
        }
        for buckets in [vec!["0.1"], vec!["x"], vec!["1", "1.0", "+Inf"], vec!["NaN", "+Inf"]] {
            let buckets = buckets.iter().map(|le| series(&[("le", le)], 1.0, 1)).collect();
            let found = Found { requests: vec![series(&[], 1.0, 1)], buckets, ..Found::default() };
            assert_eq!(snapshot(&wanted(), found).unwrap_err().reason, Unusable::Invalid);
        }
    }

    proptest! {
        #[test]
        fn a_histogram_counts_what_its_last_bucket_says(counts in proptest::collection::vec(0_u64..1000, 1..20)) {
            let mut total = 0;
            let mut buckets: Vec<(f64, u64)> = counts.iter().enumerate().map(|(i, n)| {
                total += n;
                (i as f64, total)
            }).collect();
            buckets.last_mut().unwrap().0 = f64::INFINITY;
            buckets.reverse();
            let histogram = histogram(buckets).unwrap();
            prop_assert_eq!(histogram.count(), total);
            prop_assert_eq!(histogram.counts, counts);
        }
    }
}
