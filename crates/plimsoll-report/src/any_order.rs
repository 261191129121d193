//! Whatever is told, in whatever order, is survived by every reporter, and no gate's line is lost or told twice.

use std::sync::LazyLock;

use plimsoll_model::event::{Between, Event, News};
use plimsoll_model::{Share, Span, Timestamp};
use proptest::prelude::*;

use crate::emulator::Emulator;
use crate::fixtures::Script;
use crate::{JsonLinesReporter, LiveReporter, PlainReporter, Reporter, Style};

fn scripts() -> Vec<Script> {
    vec![Script::promote(), Script::rollback(), Script::refusal(), Script::held()]
}

static ALL: LazyLock<Vec<Event>> =
    LazyLock::new(|| scripts().into_iter().flat_map(|script| script.events).collect());

/// Values that a fault elsewhere could bring.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), 0.0..1.0, Just(f64::NAN), Just(f64::INFINITY), Just(-1.0)]
}

prop_compose! {
    fn any_event()(
        index in any::<prop::sample::Index>(),
        text in "\\PC{0,200}|[\\x00-\\x1f\\u{80}-\\u{9f}a-z]{0,40}",
        number in any_number(),
        points in 0_u32..=10_000,
        millis in prop_oneof![any::<u64>(), 1_769_868_000_000_u64..1_769_868_900_000],
    ) -> Event {
        let mut event = index.get(ALL.as_slice()).clone();
        event.at = Timestamp::from_millis(millis);
        disturb(&mut event.news, &text, number, points);
        event
    }
}

fn disturb(news: &mut News, text: &str, number: f64, points: u32) {
    match news {
        News::Output { line, .. } => text.clone_into(line),
        News::Warning { message } => text.clone_into(message),
        News::GateStarted { detail, .. } => text.clone_into(detail),
        News::GateFinished { evidence } => text.clone_into(&mut evidence.summary),
        News::Watching { view } => {
            view.canary.weight = Share::basis_points(points);
            view.canary.rate = Some(number);
            view.canary.error_rate = Some(number);
            view.canary.p99 = Some(Between { above: number, at_most: Some(number) });
            view.step = Some(points.wrapping_mul(0x9e37_79b9));
            view.left = Some(Span::from_millis(u64::from(points)));
            for assessment in &mut view.assessments {
                text.clone_into(&mut assessment.analysis);
                assessment.against_limit = Some(number);
                assessment.unusable = u64::MAX;
            }
        }
        _ => {}
    }
}

/// Numbers the gates' lines, so that each can be found again.
fn number_gates(events: &mut [Event]) -> usize {
    let mut gates = 0;
    for event in events {
        if let News::GateFinished { evidence } = &mut event.news {
            evidence.summary = format!("<{gates}> {}", evidence.summary);
            gates += 1;
        }
    }
    gates
}

fn tell(mut reporter: impl Reporter, events: &[Event], ending: usize) {
    for event in events {
        reporter.event(event);
    }
    // An event that JSON has no numbers for is an error to surface, not to panic about.
    let _ = reporter.finish(&scripts()[ending].ending);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn each_gate_has_one_line_at_the_end(
        mut events in prop::collection::vec(any_event(), 0..40),
        width in 40_usize..140,
        height in 2_usize..40,
        verbose: bool,
        colour: bool,
        ending in 0_usize..4,
    ) {
        let gates = number_gates(&mut events);
        let style = Style { colour, verbose, ..Style::terminal(width, height, jiff::tz::TimeZone::UTC) };
        let mut out = vec![];
        tell(LiveReporter::new(&mut out, style.clone()), &events, ending);
        let shown = Emulator::show(width, height, &out);
        for gate in 0..gates {
            prop_assert_eq!(shown.matches(&format!("<{gate}>")).count(), 1, "{}", shown);
        }

        let mut out = vec![];
        tell(PlainReporter::new(&mut out, style), &events, ending);
        let text = String::from_utf8(out).unwrap();
        prop_assert!(!text.contains('\x1b'));
        for gate in 0..gates {
            prop_assert_eq!(text.matches(&format!("<{gate}>")).count(), 1);
        }
        tell(JsonLinesReporter::new(std::io::sink()), &events, ending);
    }

    #[test]
    fn no_terminal_is_too_small(
        events in prop::collection::vec(any_event(), 0..40), width in 0_usize..40, height in 0_usize..5,
    ) {
        let style = Style::terminal(width, height, jiff::tz::TimeZone::UTC);
        tell(LiveReporter::new(std::io::sink(), style), &events, 0);
    }
}
