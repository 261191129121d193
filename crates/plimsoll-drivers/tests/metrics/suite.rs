//! What every source must do.

use plimsoll_model::metrics::{Snapshot, Unusable};
use plimsoll_plan::difference::difference;

use crate::bench::{Bench, NONSENSE, QUEUE, Shown, eventually, trouble};

/// All of it; the source is gone at the end.
pub(crate) fn run(bench: &mut dyn Bench) {
    nothing_is_there_at_first(bench);
    counters_grow_and_are_differenced(bench);
    a_restart_starts_counting_anew(bench);
    values_are_read(bench);
    nonsense_is_refused(bench);
    an_instance_dies(bench);
    the_source_dies(bench);
}

/// Waits until the side shows so many requests.
fn look_at(bench: &mut dyn Bench, requests: u64) -> Snapshot {
    eventually(
        &format!("{requests} requests"),
        || bench.look(),
        |seen| {
            let snapshot = &seen.as_ref().ok()?.value;
            let total: u64 = snapshot.series.values().map(|c| c.requests).sum();
            (total == requests).then(|| snapshot.clone())
        },
    )
}

fn errors(snapshot: &Snapshot) -> u64 {
    snapshot.series.values().map(|c| c.errors).sum()
}

fn nothing_is_there_at_first(bench: &mut dyn Bench) {
    bench.show(&Shown::default());
    trouble(Unusable::Empty, || bench.look());
    trouble(Unusable::Empty, || bench.ask(QUEUE));
}

fn counters_grow_and_are_differenced(bench: &mut dyn Bench) {
    bench.show(&Shown { latency: Some([80, 20, 0]), ..Shown::requests(100) });
    let first = look_at(bench, 100);
    assert_eq!(errors(&first), 0, "an absent series of errors means none");

    bench.show(&Shown { bad: Some(4), latency: Some([150, 40, 14]), ..Shown::requests(200) });
    let second = look_at(bench, 204);
    assert_eq!(errors(&second), 4);
    assert!(second.at > first.at);
    let grown = difference(&first, &second, &[0.1, 0.5]).unwrap();
    assert_eq!((grown.requests, grown.errors), (104, 4));
    assert_eq!((grown.timed, grown.slower), (104, vec![34, 14]));

    // A look without new requests gives no new numbers, whether or not the source has a newer sample.
    let third = look_at(bench, 204);
    assert!(difference(&second, &third, &[]).is_none_or(|grown| grown.requests == 0));
}

fn a_restart_starts_counting_anew(bench: &mut dyn Bench) {
    let before = look_at(bench, 204);
    bench.show(&Shown { bad: Some(1), ..Shown::requests(7) });
    let after = look_at(bench, 8);
    let grown = difference(&before, &after, &[]).unwrap();
    assert_eq!((grown.requests, grown.errors), (8, 1));
}

fn values_are_read(bench: &mut dyn Bench) {
    bench.show(&Shown { queue: Some(2.5), ..Shown::requests(7) });
    let value = eventually("a value", || bench.ask(QUEUE), |seen| Some(seen.as_ref().ok()?.value));
    assert!((value - 2.5).abs() < f64::EPSILON);
    for value in [f64::NAN, f64::INFINITY] {
        bench.show(&Shown { queue: Some(value), ..Shown::requests(7) });
        let word = if value.is_nan() { "NaN" } else { "infinite" };
        let refused = |detail: &str| detail.contains(word);
        eventually(
            word,
            || bench.ask(QUEUE),
            |seen| match seen {
                Err(unread) if unread.reason == Unusable::NotANumber && refused(&unread.detail) => Some(()),
                _ => None,
            },
        );
    }
}

fn nonsense_is_refused(bench: &mut dyn Bench) {
    trouble(Unusable::Invalid, || bench.ask(NONSENSE));
}

fn an_instance_dies(bench: &mut dyn Bench) {
    let reason = bench.stop_instance();
    trouble(reason, || bench.look());
}

fn the_source_dies(bench: &mut dyn Bench) {
    bench.stop_source();
    trouble(Unusable::Unreachable, || bench.look());
    trouble(Unusable::Unreachable, || bench.ask(QUEUE));
}
