//! Analyses: counts with their base, the evidence with the threshold at which it decides, and the verdict.

use plimsoll_model::verdict::{Assessment, Verdict};

use crate::line::Line;
use crate::palette::Role;
use crate::rate;

/// The word for a verdict; none while nothing is decided.
pub(crate) const fn verdict(verdict: Verdict) -> Option<(Role, &'static str)> {
    match verdict {
        Verdict::Undecided => None,
        Verdict::Good => Some((Role::Good, "shown good")),
        Verdict::CanaryRegression => Some((Role::Bad, "BAD")),
        Verdict::SharedDegradation => Some((Role::Bad, "BAD on both sides")),
        Verdict::Warning => Some((Role::Warning, "worse than stable, within the limit")),
        Verdict::NoData => Some((Role::Warning, "no data: neither good nor bad")),
    }
}

/// Evidence against the canary. Going back needs both, over the limit and worse than stable: the weaker one decides.
pub(crate) fn against(assessment: &Assessment) -> Option<f64> {
    match (assessment.against_limit, assessment.against_stable) {
        (Some(limit), Some(stable)) => Some(limit.min(stable)),
        (one, other) => one.or(other),
    }
}

/// The pieces that tell where an analysis stands, for the live view and the heartbeat.
pub(crate) fn pieces(assessment: &Assessment, canary: &str) -> Vec<Line> {
    let mut pieces = vec![];
    if let Some((role, word)) = verdict(assessment.verdict) {
        pieces.push(Line::new().with(role, word));
    }
    pieces.extend(counts(assessment, canary));
    pieces.extend(evidence(assessment, canary));
    if assessment.unusable > 0 {
        let unusable = format!("{} unusable in a row", crate::number::counted(assessment.unusable, "look"));
        pieces.push(Line::new().with(Role::Warning, unusable));
    }
    // Where requests were counted, the figures say what the reason would say again.
    let said = assessment.canary.requests > 0
        || (against(assessment).is_some() && assessment.verdict == Verdict::Undecided);
    if !said && !assessment.reason.is_empty() {
        pieces.push(Line::text(&assessment.reason));
    }
    pieces
}

fn counts(assessment: &Assessment, canary: &str) -> Vec<Line> {
    let mut pieces = vec![];
    // A threshold on a query counts no requests.
    if assessment.canary.requests > 0 || against(assessment).is_some() {
        pieces.push(Line::text(format!("{canary} {}", rate::with_base(assessment.canary))));
    }
    if let Some(stable) = assessment.stable {
        pieces.push(Line::text(format!("stable {}", rate::with_base(stable))));
    }
    if let Some(limit) = assessment.limit {
        pieces.push(Line::text(format!("limit {}", rate::percent(limit))));
    }
    pieces
}

fn evidence(assessment: &Assessment, canary: &str) -> Vec<Line> {
    let mut pieces = vec![];
    if let Some(against) = against(assessment) {
        let role = if against >= assessment.threshold {
            Role::Bad
        } else if against > 0.0 {
            Role::Warning
        } else {
            Role::Plain
        };
        let figures = format!("{against:.1} (rolls back at {:.1})", assessment.threshold);
        pieces.push(Line::text(format!("evidence against {canary}: ")).with(role, figures));
    }
    if let Some(good) = assessment.for_canary {
        pieces
            .push(Line::text(format!("for it: {good:.1} (promotes at {:.1})", assessment.promote_threshold)));
    }
    pieces
}

/// What was counted, with its base.
pub(crate) fn in_brief(assessment: &Assessment) -> String {
    counted(assessment).join("; ")
}

fn counted(assessment: &Assessment) -> Vec<String> {
    let mut pieces = vec![format!("canary {}", rate::with_base(assessment.canary))];
    pieces.extend(assessment.stable.map(|stable| format!("stable {}", rate::with_base(stable))));
    pieces.extend(assessment.limit.map(|limit| format!("limit {}", rate::percent(limit))));
    pieces
}

/// Every number of an assessment, for the history.
pub(crate) fn in_full(assessment: &Assessment) -> String {
    let mut pieces = counted(assessment);
    let mut add = |piece: String| pieces.push(piece);
    for (name, value, threshold) in [
        ("against the limit", assessment.against_limit, assessment.threshold),
        ("against stable", assessment.against_stable, assessment.threshold),
        ("for the canary", assessment.for_canary, assessment.promote_threshold),
    ] {
        if let Some(value) = value {
            add(format!("{name} {value:.2} of {threshold:.2}"));
        }
    }
    add(format!("dispersion {:.2}", assessment.dispersion));
    add(crate::number::counted(assessment.looks, "look"));
    if assessment.unusable > 0 {
        add(format!("{} unusable in a row", assessment.unusable));
    }
    pieces.join("; ")
}
