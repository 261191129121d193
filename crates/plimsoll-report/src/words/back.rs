//! Why a rollout goes back.

use plimsoll_model::record::BackReason;

use super::hold;
use crate::clock;
use crate::names::Names;

/// One clause, with its figures.
pub(crate) fn clause(reason: &BackReason, names: &Names) -> String {
    match reason {
        BackReason::Analysis { summary, shared: false, .. } => summary.clone(),
        BackReason::Analysis { summary, shared: true, .. } => format!("both releases are bad: {summary}"),
        BackReason::Aborted { by } => format!("{by} asked to go back"),
        BackReason::Superseded { by } => format!("{} takes its place", names.release(by)),
        BackReason::InstanceFailed { host, instance, detail } => {
            format!("instance {} on {host} failed: {}", names.instance(instance), names.in_text(detail))
        }
        BackReason::ActionFailed { action, error } => format!("could not {action}: {}", names.in_text(error)),
        BackReason::NoProgress { waiting_for, .. } => {
            format!("no progress for too long, waiting for {}", names.in_text(waiting_for))
        }
        BackReason::TrafficMismatch { detail } => {
            format!("the traffic does not follow the weights: {detail}")
        }
        BackReason::SwitchFired { host, at, .. } => {
            format!("the dead man's switch of {host} went off at {}", clock::stamp(*at))
        }
        BackReason::HostLost { host, detail } => format!("{host} does not answer: {detail}"),
        BackReason::NobodyAnswered { asked } => {
            format!("nobody answered in time; it waited for {}", hold::waits_for(asked))
        }
        BackReason::Policy { analysis, detail } => {
            format!("`{analysis}` could not tell ({detail}), and the policy is to go back")
        }
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::InstanceId;
    use plimsoll_model::record::HoldReason;

    use super::*;
    use crate::fixtures::{at, label};

    #[test]
    fn each_reason_has_its_clause() {
        let release = label(42, "7c1f9e2");
        let mut names = Names::default();
        names.learn(&release);
        let host = || "web3".parse().unwrap();
        let text = |text: &str| text.to_owned();
        let instance = InstanceId::new(release.release.clone(), 0);
        let cases = [
            (
                BackReason::Analysis { analysis: text("errors"), summary: text("7 of 71 bad"), shared: true },
                "both releases are bad: 7 of 71 bad",
            ),
            (BackReason::Aborted { by: text("ann@laptop") }, "ann@laptop asked to go back"),
            (BackReason::Superseded { by: release.release.clone() }, "r42 takes its place"),
            (
                BackReason::InstanceFailed { host: host(), instance, detail: text("exited with 1") },
                "instance r42.0 on web3 failed: exited with 1",
            ),
            (
                BackReason::ActionFailed { action: text("start on web3"), error: text("no free port") },
                "could not start on web3: no free port",
            ),
            (
                BackReason::NoProgress { waiting_for: text("r42.0"), against_release: true },
                "no progress for too long, waiting for r42.0",
            ),
            (
                BackReason::TrafficMismatch { detail: text("5 % asked, 0 of 900 seen") },
                "the traffic does not follow the weights: 5 % asked, 0 of 900 seen",
            ),
            (
                BackReason::SwitchFired {
                    host: host(),
                    at: at("2026-01-31T14:03:12Z"),
                    against_release: false,
                },
                "the dead man's switch of web3 went off at 2026-01-31T14:03:12Z",
            ),
            (
                BackReason::HostLost { host: host(), detail: text("no route; 1 may be set aside, and 1 is") },
                "web3 does not answer: no route; 1 may be set aside, and 1 is",
            ),
            (
                BackReason::NobodyAnswered { asked: HoldReason::NoData { analysis: text("p99") } },
                "nobody answered in time; it waited for a person to decide: `p99` had no data",
            ),
            (
                BackReason::Policy { analysis: text("p99"), detail: text("no requests") },
                "`p99` could not tell (no requests), and the policy is to go back",
            ),
        ];
        for (reason, said) in cases {
            assert_eq!(clause(&reason, &names), said);
        }
    }
}
