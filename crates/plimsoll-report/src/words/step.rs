//! Steps, as they were declared.

use plimsoll_model::Quantity;
use plimsoll_model::rollout::{Policy, Step};

use crate::number::counted;
use crate::rate::share;

/// `set weight 5 %`, `pause 10m`, `analysis of errors, at most 5m`, `approval by ops`.
pub(crate) fn clause(step: &Step) -> String {
    match step {
        Step::SetWeight { weight, hosts: None } => format!("set weight {}", share(*weight)),
        Step::SetWeight { weight, hosts: Some(Quantity::ALL) } => {
            format!("set weight {} on every host", share(*weight))
        }
        Step::SetWeight { weight, hosts: Some(hosts) } => {
            let hosts = match hosts {
                Quantity::Count(count) => counted(u64::from(*count), "host"),
                Quantity::Share(part) => format!("{} of the hosts", share(*part)),
            };
            format!("set weight {} on {hosts}", share(*weight))
        }
        Step::Pause { duration: Some(duration) } => format!("pause {duration}"),
        Step::Pause { duration: None } => "pause until a person goes on".to_owned(),
        Step::Analysis { names, duration } => {
            let what = if names.is_empty() { "all analyses".to_owned() } else { names.join(", ") };
            format!("wait until {what} show it good, at most {duration}")
        }
        Step::Approve { by: Some(by) } => format!("approval by {by}"),
        Step::Approve { by: None } => "approval".to_owned(),
    }
}

/// What a policy does.
pub(crate) const fn policy(policy: Policy) -> &'static str {
    match policy {
        Policy::Hold => "hold and ask a person",
        Policy::Promote => "go on",
        Policy::RollBack => "roll back",
    }
}
