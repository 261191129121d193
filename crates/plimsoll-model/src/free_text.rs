//! Free text in records and events: what programs, hosts and operating systems said, and which may therefore hold what
//! must not be shown. Names, identifiers and the declared configuration are not free: masking them would break them.

use crate::Masker;
use crate::event::{Event, News};
use crate::evidence::Evidence;
use crate::record::{BackReason, Entry};

/// Something with free text.
pub trait FreeText {
    /// Masks values in its free text.
    fn mask(&mut self, masker: &Masker);
}

impl FreeText for Evidence {
    fn mask(&mut self, masker: &Masker) {
        masker.mask_in_place(&mut self.question);
        masker.mask_in_place(&mut self.summary);
        self.measured.values_mut().for_each(|value| masker.mask_json(value));
    }
}

impl FreeText for Entry {
    fn mask(&mut self, masker: &Masker) {
        match self {
            Self::Gate { evidence } => evidence.mask(masker),
            Self::ActionFailed { error: text, .. }
            | Self::StepDone { why: text, .. }
            | Self::SetAside { reason: text, .. }
            | Self::ReleaseSealed { subject: Some(text), .. }
            | Self::Finished { summary: text, .. } => masker.mask_in_place(text),
            Self::GoingBack { reason } => reason.mask(masker),
            _ => {}
        }
    }
}

impl FreeText for BackReason {
    fn mask(&mut self, masker: &Masker) {
        match self {
            Self::InstanceFailed { detail: text, .. }
            | Self::ActionFailed { error: text, .. }
            | Self::NoProgress { waiting_for: text, .. }
            | Self::HostLost { detail: text, .. } => masker.mask_in_place(text),
            _ => {}
        }
    }
}

impl FreeText for Event {
    fn mask(&mut self, masker: &Masker) {
        match &mut self.news {
            News::GateStarted { detail: text, .. }
            | News::Output { line: text, .. }
            | News::Warning { message: text } => masker.mask_in_place(text),
            News::GateFinished { evidence } => evidence.mask(masker),
            // As the journal has it: its hash is that of the masked text.
            News::Recorded { record } => record.entry.mask(masker),
            News::Watching { view } => masker.mask_in_place(&mut view.activity),
            News::Begun { source, .. } => {
                if let Some(subject) = &mut source.subject {
                    masker.mask_in_place(subject);
                }
            }
            News::Sealed { .. } | News::RolloutStarted { .. } | News::Sent { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[test]
    fn what_was_said_is_masked_and_names_are_not() {
        let secret = Secret::new("production");
        let masker = Masker::new([&secret]);
        let mut entry = Entry::GoingBack {
            reason: BackReason::InstanceFailed {
                host: "production".parse().expect("a name"),
                instance: "0123456789ab.0".parse().expect("an instance"),
                detail: "said production".to_owned(),
            },
        };
        entry.mask(&masker);
        let text = serde_json::to_string(&entry).expect("JSON");
        assert!(text.contains("said ***") && text.contains(r#""host":"production""#), "{text}");
    }
}
