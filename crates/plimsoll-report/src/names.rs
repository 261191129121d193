//! The numbers that people know releases by. Records and plans name releases by identifier only.

use std::collections::BTreeMap;

use plimsoll_model::event::{News, ReleaseLabel};
use plimsoll_model::record::{Entry, Record};
use plimsoll_model::{InstanceId, ReleaseId};

/// Which number each known release has.
#[derive(Debug, Clone, Default)]
pub struct Names(BTreeMap<ReleaseId, u64>);

impl Names {
    /// The names that these records give out.
    pub fn from_records(records: &[Record]) -> Self {
        let mut names = Self::default();
        for record in records {
            names.learn_record(record);
        }
        names
    }

    /// Remembers a label's number, if it has one.
    pub fn learn(&mut self, label: &ReleaseLabel) {
        if let Some(number) = label.number {
            self.0.insert(label.release.clone(), number);
        }
    }

    /// Remembers the number that a record gives out.
    pub fn learn_record(&mut self, record: &Record) {
        if let Entry::ReleaseSealed { number, release, .. } = &record.entry {
            self.0.insert(release.clone(), *number);
        }
    }

    /// Remembers every label of an event.
    pub(crate) fn learn_news(&mut self, news: &News) {
        match news {
            News::Sealed { release, replaces, .. } | News::RolloutStarted { release, replaces, .. } => {
                self.learn(release);
                if let Some(replaces) = replaces {
                    self.learn(replaces);
                }
            }
            News::Sent { base: Some(base), .. } => self.learn(base),
            News::Recorded { record } => self.learn_record(record),
            News::Watching { view } => {
                self.learn(&view.canary.release);
                if let Some(stable) = &view.stable {
                    self.learn(&stable.release);
                }
            }
            _ => {}
        }
    }

    /// `r42`, or the identifier where the number is not known.
    pub fn release(&self, release: &ReleaseId) -> String {
        match self.0.get(release) {
            Some(number) => format!("r{number}"),
            None => release.to_string(),
        }
    }

    /// A text in which releases stand by their identifiers, as hosts and errors name them, with their numbers.
    pub fn in_text(&self, text: &str) -> String {
        let named = |text: String, (release, number): (&ReleaseId, &u64)| {
            text.replace(release.as_str(), &format!("r{number}"))
        };
        self.0.iter().fold(text.to_owned(), named)
    }

    /// `r42.0`, the release's first instance.
    pub fn instance(&self, instance: &InstanceId) -> String {
        format!("{}.{}", self.release(&instance.release), instance.ordinal)
    }
}
