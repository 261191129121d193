//! `plimsoll audit`: the journal as it is, one record a line, and whether its chain of hashes holds.
//!
//! The journal's owner verifies the chain; here the result is only said.

use plimsoll_model::Digest;
use plimsoll_model::record::Record;
use serde::Serialize;

use crate::clock;
use crate::line::{Line, render_all};
use crate::names::Names;
use crate::number::{counted, thousands};
use crate::palette::Role;
use crate::style::Style;
use crate::table::{Align, Table, cell};
use crate::words::entry;

/// What the verification of the chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "chain")]
pub enum ChainCheck {
    /// Every record carries the hash of the one before it.
    Intact {
        /// How many.
        records: u64,
        /// Hash of the last one: who keeps it elsewhere sees later edits.
        head: Digest,
    },
    /// From some record on it does not.
    Broken {
        /// The first that does not fit.
        sequence: u64,
        /// What does not fit.
        why: String,
    },
    /// It was not verified.
    Unverified {
        /// Why.
        why: String,
    },
}

impl ChainCheck {
    /// Whether nothing was found that does not fit.
    pub const fn holds(&self) -> bool {
        !matches!(self, Self::Broken { .. })
    }
}

/// The records with sequence, time in UTC, author and place, then the result of the verification.
pub fn audit(records: &[Record], check: &ChainCheck, style: &Style) -> String {
    let names = Names::from_records(records);
    let mut table = Table::new(0, &[Align::Right]);
    for record in records {
        let place = match (&record.rollout, &record.environment) {
            (Some(rollout), _) => rollout.to_string(),
            (None, Some(environment)) => environment.to_string(),
            (None, None) => "-".to_owned(),
        };
        let fence = record.fence.map_or(String::new(), |fence| format!("fence {fence}"));
        table.row(vec![
            (Role::Quiet, record.sequence.to_string()),
            cell(clock::stamp(record.at)),
            cell(&record.author),
            cell(place),
            (Role::Quiet, fence),
            cell(entry::clause(&record.entry, &names)),
        ]);
    }
    let mut lines = table.lines();
    lines.push(verification(check));
    render_all(&lines, style)
}

fn verification(check: &ChainCheck) -> Line {
    let line = match check {
        ChainCheck::Intact { records, head } => Line::new()
            .with(Role::Good, format!("The chain is intact: {}", counted(*records, "record")))
            .plain(format!(", the last with hash {head}.")),
        ChainCheck::Broken { sequence, why } => Line::new()
            .with(Role::Bad, format!("THE CHAIN IS BROKEN at record {}: {why}.", thousands(*sequence)))
            .plain(
                " Nothing from there on can be trusted; compare with a copy of the journal from elsewhere.",
            ),
        ChainCheck::Unverified { why } => {
            Line::new().with(Role::Warning, format!("The chain was not verified: {why}."))
        }
    };
    line.wrapped(2)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::fixtures::{Script, screen};

    #[test]
    fn records_and_their_chain() {
        let records = Script::rollback().records();
        let check = ChainCheck::Intact { records: records.len() as u64, head: Digest::of(b"head") };
        let text = audit(&records, &check, &screen(400));
        let few: Vec<&str> = text.lines().take(3).chain(text.lines().last()).collect();
        assert_snapshot!(few.join("\n"), @r"
         1  2026-01-31T14:02:43Z  ann@laptop  -             fence 3  gate build passed: linux/amd64, go 1.26, 6.2 MB
         2  2026-01-31T14:02:43Z  ann@laptop  -             fence 3  gate inspect passed: static; no libraries; time zones embedded; CA roots on 10 of 10 hosts
         3  2026-01-31T14:02:43Z  ann@laptop  -             fence 3  gate sign passed: key RWQf6LRC..., manifest
        The chain is intact: 20 records, the last with hash 9f2e6d33a3717ee826353a404ba4618d1aeeb6879ad7936bce8ed5f46814924d.
        ");
    }

    #[test]
    fn a_broken_chain_is_loud() {
        let check =
            ChainCheck::Broken { sequence: 17, why: "its hash is not that of its content".to_owned() };
        assert_snapshot!(audit(&[], &check, &screen(80)), @r"
        THE CHAIN IS BROKEN at record 17: its hash is not that of its content. Nothing
          from there on can be trusted; compare with a copy of the journal from
          elsewhere.
        ");
    }
}
