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
            renamed(&text, release.as_str(), &format!("r{number}"))
        };
        self.0.iter().fold(text.to_owned(), named)
    }

    /// `r42.0`, the release's first instance; `r42 (once)` for a process that runs once with its environment.
    pub fn instance(&self, instance: &InstanceId) -> String {
        let release = self.release(&instance.release);
        if instance.is_once() {
            format!("{release} (once)")
        } else {
            format!("{release}.{}", instance.ordinal)
        }
    }
}

/// `text` with `name` in place of `id`, but for paths: a file is where its name says.
pub fn renamed(text: &str, id: &str, name: &str) -> String {
    let is_in_path = |around: Option<char>| matches!(around, Some('/'));
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(id) {
        let (before, after) = (&rest[..at], &rest[at + id.len()..]);
        out.push_str(before);
        let in_path = is_in_path(before.chars().next_back()) || is_in_path(after.chars().next());
        out.push_str(if in_path { id } else { name });
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::renamed;

    #[test]
    fn a_path_keeps_the_name_of_its_folder() {
        let text = "release 0123 is in /srv/releases/0123/svc; 0123.0 and 01 are not";
        let named = "release r1 is in /srv/releases/0123/svc; r1.0 and 01 are not";
        assert_eq!(renamed(text, "0123", "r1"), named);
        assert_eq!(renamed("in releases/0123", "0123", "r1"), "in releases/0123");
    }
}
