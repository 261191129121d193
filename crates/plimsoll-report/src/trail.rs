//! `plimsoll audit --hosts`: what hosts wrote down of what was asked of them, and whether it fits the journal.

use plimsoll_model::HostName;
use plimsoll_model::trail::{Deed, Trail};
use serde::Serialize;

use crate::clock;
use crate::line::{Line, render_all};
use crate::names::Names;
use crate::number::counted;
use crate::palette::Role;
use crate::style::Style;
use crate::table::{Align, Table, cell};

/// One host's trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TrailView {
    /// The host.
    pub host: HostName,
    /// What it wrote down.
    pub trail: Trail,
    /// What the journal does not know of.
    pub unknown: Vec<Deed>,
}

/// The hosts one below the other, each with what is to be said of it.
pub fn trails(views: &[TrailView], names: &Names, style: &Style) -> String {
    let mut lines = vec![];
    for view in views {
        lines.push(Line::new().with(Role::Strong, view.host.as_str()));
        lines.extend(deeds(view, names));
        lines.push(verdict(view).wrapped(2));
    }
    if views.is_empty() {
        lines.push(Line::text("no host was ever deployed to"));
    }
    render_all(&lines, style)
}

fn deeds(view: &TrailView, names: &Names) -> Vec<Line> {
    let mut table = Table::new(2, &[Align::Right]);
    for deed in &view.trail.deeds {
        let unknown = view.unknown.contains(deed);
        let role = if unknown || deed.refused.is_some() { Role::Bad } else { Role::Plain };
        let refused = deed.refused.as_ref().map_or(String::new(), |why| format!(" refused: {why}"));
        let mark = if unknown { "  NOT IN THE JOURNAL" } else { "" };
        let what = format!("{} {}{refused}{mark}", deed.request, deed.about);
        table.row(vec![
            (Role::Quiet, deed.sequence.to_string()),
            cell(clock::stamp(deed.at)),
            cell(deed.who.clone().unwrap_or_else(|| "-".to_owned())),
            cell(deed.rollout.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)),
            (Role::Quiet, format!("fence {}", deed.fence)),
            (role, names.in_text(&what)),
        ]);
    }
    table.lines()
}

fn verdict(view: &TrailView) -> Line {
    let (count, host) = (view.trail.deeds.len() as u64, &view.host);
    let line = match &view.trail.broken {
        Some(why) => Line::new()
            .with(Role::Bad, format!("THE TRAIL OF {host} IS BROKEN: {why}."))
            .plain(" Nothing from there on can be trusted."),
        None => Line::new().with(Role::Good, format!("The trail is intact: {}.", counted(count, "deed"))),
    };
    match view.unknown.as_slice() {
        [] => line.plain(" The journal knows of all of them."),
        some => line.with(
            Role::Bad,
            format!(
                " {} NOT IN THIS JOURNAL: another plimsoll with another journal was here, or the journal was changed.",
                counted(some.len() as u64, "deed")
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use plimsoll_model::{Digest, Fence};

    use super::*;
    use crate::fixtures::{at, screen};

    #[test]
    fn what_the_journal_does_not_know_stands_out() {
        let deed = |sequence, who: &str| Deed {
            sequence,
            at: at("2026-01-31T14:02:43Z"),
            who: Some(who.to_owned()),
            fence: Fence(3),
            rollout: None,
            request: "route".to_owned(),
            about: "7c1f9e2b0000 100 %".to_owned(),
            refused: None,
            previous: Digest::of(b""),
        };
        let deeds = vec![deed(1, "ann@laptop"), deed(2, "eve@elsewhere")];
        let unknown = vec![deeds[1].clone()];
        let view = TrailView { host: "web1".parse().unwrap(), trail: Trail { deeds, broken: None }, unknown };
        assert_snapshot!(trails(&[view], &Names::default(), &screen(200)), @r"
        web1
          1  2026-01-31T14:02:43Z  ann@laptop     -  fence 3  route 7c1f9e2b0000 100 %
          2  2026-01-31T14:02:43Z  eve@elsewhere  -  fence 3  route 7c1f9e2b0000 100 %  NOT IN THE JOURNAL
        The trail is intact: 2 deeds. 1 deed NOT IN THIS JOURNAL: another plimsoll with another journal was here, or the journal was changed.
        ");
    }
}
