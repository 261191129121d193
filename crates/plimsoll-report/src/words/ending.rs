//! How a command ended, as lines.

use plimsoll_model::event::ReleaseLabel;
use plimsoll_model::record::Outcome;
use plimsoll_model::{ExitCode, Span};

use super::hold;
use super::mark::{INDENT, Mark};
use crate::board::Told;
use crate::duration;
use crate::ending::{Ending, EndingStory, Gap, Hint, TimelineEntry, UsersHit};
use crate::line;
use crate::line::Line;
use crate::number::thousands;
use crate::palette::Role;
use crate::style::Style;

/// The ending, without what was told before.
pub(crate) fn lines(ending: &Ending, told: Told, style: &Style) -> Vec<Line> {
    let mut lines = match &ending.story {
        EndingStory::Shipped { .. } => shipped(ending),
        EndingStory::Built { release, took } => built(release, *took),
        EndingStory::Pruned { summary, .. } => vec![Line::new(), sentence(Line::new(), summary)],
        EndingStory::Back { .. } => back(ending, told.stopped, style),
        EndingStory::Refused { .. } => refused(ending, told.stopped),
        EndingStory::Waiting { .. } => waiting(ending, style),
        EndingStory::Stopped { summary, detail } => stopped(summary, detail),
    };
    if let Some(recovered) = ending.recovered.as_ref().filter(|_| !told.recovered) {
        lines.push(sentence(Line::new(), recovered));
    }
    lines.extend(hints(&ending.hints));
    lines
}

fn shipped(ending: &Ending) -> Vec<Line> {
    let EndingStory::Shipped { environment, release, replaces, took, summary } = &ending.story else {
        return vec![];
    };
    let mut lines = vec![Line::new()];
    // Never "serves everywhere" beside an exit code that says otherwise.
    if ending.exit == ExitCode::Success {
        let head = Line::new().with(Role::Good, format!("{release} serves everywhere in {environment}"));
        let kept = match replaces {
            Some(old) if old.release != release.release => format!("; {old} is kept to go back to."),
            _ => ".".to_owned(),
        };
        lines.push(head.plain(after_the_start(*took) + &kept).wrapped(0));
    } else {
        lines.push(sentence(Line::new().with(Role::Bad, format!("{release}: ")), ending.exit.meaning()));
    }
    if !summary.is_empty() {
        lines.push(sentence(Line::new(), summary));
    }
    lines
}

fn built(release: &ReleaseLabel, took: Span) -> Vec<Line> {
    let head = Line::new().with(Role::Good, format!("{release} is built, inspected, signed and sealed"));
    let rest = format!("{}; nothing was deployed.", after_the_start(took));
    vec![Line::new(), head.plain(rest).wrapped(0)]
}

fn after_the_start(took: Span) -> String {
    let took = took.duration();
    if took.is_zero() { String::new() } else { format!(", {} after the start", duration::human(took)) }
}

fn back(ending: &Ending, headed: bool, style: &Style) -> Vec<Line> {
    let EndingStory::Back { environment, release, serves, outcome, summary, timeline, users, printed } =
        &ending.story
    else {
        return vec![];
    };
    let mut lines = vec![];
    if !headed {
        let mark = if *outcome == Outcome::Refused { Mark::Refused } else { Mark::Back };
        let (line, hang) = mark.named(environment.as_str());
        lines.push(line.plain(summary).wrapped(hang));
    }
    lines.extend(last_words(release, printed));
    lines.extend(moments(timeline, *users, style));
    lines.push(Line::new());
    lines.push(now_serves(*outcome, release, serves.as_ref()).wrapped(0));
    lines
}

fn last_words(release: &ReleaseLabel, printed: &[String]) -> Vec<Line> {
    if printed.is_empty() {
        return vec![];
    }
    let indent = " ".repeat(INDENT);
    let head = Line::text(&indent).plain(format!("{release} printed last:"));
    let lines = printed
        .iter()
        .map(|line| Line::text(&indent).with(Role::Quiet, "| ").plain(line).wrapped(INDENT + 2));
    [Line::new(), head].into_iter().chain(lines).collect()
}

fn moments(timeline: &[TimelineEntry], users: Option<UsersHit>, style: &Style) -> Vec<Line> {
    let mut lines = vec![];
    let indent = " ".repeat(INDENT);
    for TimelineEntry { at, text } in timeline {
        let head = Line::text(&indent).with(Role::Quiet, style.time(*at)).plain("  ");
        let hang = head.width();
        lines.push(head.plain(text).wrapped(hang));
    }
    if let Some(UsersHit { hit, of, unknown }) = users {
        let gap = unknown.map_or(String::new(), |Gap { from, until }| {
            let (from, until) = (style.time(from), style.time(until));
            format!("; not known is what a proxy answered between {from} and {until}")
        });
        let text = format!("users hit {} of {} requests{gap}", thousands(hit), thousands(of));
        lines.push(Line::text(&indent).plain(text).wrapped(INDENT));
    }
    if !lines.is_empty() {
        lines.insert(0, Line::new());
    }
    lines
}

fn now_serves(outcome: Outcome, release: &ReleaseLabel, serves: Option<&ReleaseLabel>) -> Line {
    let now = match (outcome, serves) {
        (Outcome::Mixed, _) => Line::new()
            .with(Role::Bad, "Hosts differ: not everything could be brought back.")
            .plain(" `plimsoll status` shows which serves what."),
        (Outcome::PromotedInPart, _) => Line::new()
            .with(Role::Warning, format!("{release} serves on every host that answers."))
            .plain(" `plimsoll deploy --converge` brings the others level when they are back."),
        (Outcome::Promoted, _) => Line::text(format!("{release} serves everywhere.")),
        (_, Some(old)) => Line::new().with(Role::Strong, format!("{old} serves everywhere.")),
        (_, None) => Line::new().with(Role::Strong, "Nothing serves, as before."),
    };
    match outcome {
        Outcome::RolledBack => now.plain(format!(" {release} will not be tried again as it is.")),
        Outcome::Inconclusive => now.plain(format!(" Whether {release} is good could not be shown.")),
        Outcome::Superseded => now.plain(format!(" Another release takes the place of {release}.")),
        Outcome::Refused => now.plain(format!(" A host refused {release} before it took any traffic.")),
        Outcome::Promoted | Outcome::PromotedInPart | Outcome::Mixed | Outcome::Stopped => now,
    }
}

fn refused(ending: &Ending, headed: bool) -> Vec<Line> {
    let EndingStory::Refused { gate, release, serves_in, summary } = &ending.story else { return vec![] };
    let mut lines = vec![];
    if !headed {
        let (line, hang) = Mark::Refused.named(gate.map_or("release", |gate| gate.name()));
        lines.push(line.plain(summary).wrapped(hang));
    }
    lines.push(Line::new());
    let what = release.as_ref().map_or("The release".to_owned(), ToString::to_string);
    let rest = serves_in.as_ref().map_or("; nothing that serves was changed.".to_owned(), |tested| {
        format!("; it serves in {tested}, where it was tested, and nothing else was changed.")
    });
    lines.push(Line::new().with(Role::Bad, format!("{what} was refused")).plain(rest).wrapped(0));
    lines
}

fn waiting(ending: &Ending, style: &Style) -> Vec<Line> {
    let EndingStory::Waiting { environment, release, reason, until } = &ending.story else { return vec![] };
    let clause = hold::clause(reason, *until, ending.at, style);
    vec![
        Line::new(),
        Line::new()
            .with(Role::Warning, format!("{release} {clause}."))
            .plain(format!(" It stays as it is in {environment} until then."))
            .wrapped(0),
    ]
}

fn stopped(summary: &str, detail: &str) -> Vec<Line> {
    let mut lines = vec![Line::new(), Line::new().with(Role::Bad, "error: ").plain(summary).wrapped(7)];
    if !detail.is_empty() {
        lines.push(Line::text("  ").plain(detail).wrapped(2));
    }
    lines
}

/// `hint: plimsoll logs r42 --failed      what the canary said`, aligned.
fn hints(hints: &[Hint]) -> Vec<Line> {
    let width = hints.iter().map(|hint| line::width_of(&hint.command)).max().unwrap_or(0);
    hints
        .iter()
        .map(|Hint { command, gives }| {
            let pad = " ".repeat(width - line::width_of(command));
            let head = Line::text("hint: ").with(Role::Hint, command).plain(pad).plain("   ");
            let hang = head.width();
            head.plain(gives).wrapped(hang)
        })
        .collect()
}

/// `text` as a sentence: a capital first, unless a line goes before it, and a full stop.
fn sentence(head: Line, text: &str) -> Line {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    // Names such as r42 and commands keep their spelling.
    let named =
        text.split(' ').next().is_some_and(|word| word.contains(|c: char| c.is_ascii_digit() || c == '`'));
    let text = if head.width() > 0 || named { text.to_owned() } else { first + letters.as_str() };
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    head.plain(text + stop).wrapped(0)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use plimsoll_model::Timestamp;

    use super::*;
    use crate::fixtures::{label, screen};
    use crate::line::render_all;

    fn told(exit: ExitCode, story: EndingStory) -> String {
        let ending = Ending { at: Timestamp::default(), exit, story, recovered: None, hints: vec![] };
        let style = screen(100);
        render_all(&lines(&ending, Told::default(), &style), &style)
    }

    fn back(outcome: Outcome, serves: Option<ReleaseLabel>) -> String {
        let (environment, release) = ("production".parse().unwrap(), label(42, "7c1f9e2"));
        let summary = "web3 did not answer".to_owned();
        let (timeline, users, printed) = (vec![], None, vec![]);
        told(
            ExitCode::RolledBack,
            EndingStory::Back { environment, release, serves, outcome, summary, timeline, users, printed },
        )
    }

    #[test]
    fn what_serves_is_said_only_where_it_is_known() {
        let old = || Some(label(41, "51ab03d"));
        assert_snapshot!(back(Outcome::Mixed, old()), @r"
          BACK production  web3 did not answer

        Hosts differ: not everything could be brought back. `plimsoll status` shows which serves what.
        ");
        assert_snapshot!(back(Outcome::Inconclusive, old()), @r"
          BACK production  web3 did not answer

        r41 serves everywhere. Whether r42 is good could not be shown.
        ");
        assert_snapshot!(back(Outcome::Superseded, old()), @r"
          BACK production  web3 did not answer

        r41 serves everywhere. Another release takes the place of r42.
        ");
        assert_snapshot!(back(Outcome::Refused, old()), @r"
          no   production  web3 did not answer

        r41 serves everywhere. A host refused r42 before it took any traffic.
        ");
        assert_snapshot!(back(Outcome::RolledBack, None), @r"
          BACK production  web3 did not answer

        Nothing serves, as before. r42 will not be tried again as it is.
        ");
    }

    #[test]
    fn nothing_is_called_shipped_beside_another_exit_code() {
        let (environment, release) = ("production".parse().unwrap(), label(42, "7c1f9e2"));
        let (took, summary) = (Span::from_secs(9), String::new());
        let story = EndingStory::Shipped { environment, release, replaces: None, took, summary };
        assert_snapshot!(told(ExitCode::MixedFleet, story), @"r42: hosts serve different releases, or it is not known what they serve.");
    }

    #[test]
    fn what_was_only_built_or_pruned_is_not_said_to_serve() {
        let built = EndingStory::Built { release: label(42, "7c1f9e2"), took: Span::from_secs(9) };
        assert_snapshot!(told(ExitCode::Success, built), @"r42 is built, inspected, signed and sealed, 9.0 s after the start; nothing was deployed.");
        let (environment, removed) = ("production".parse().unwrap(), vec![]);
        let summary = "removed 2 releases here; kept the newest 5 and what is needed".to_owned();
        let pruned = EndingStory::Pruned { environment, removed, summary };
        assert_snapshot!(told(ExitCode::Success, pruned), @"Removed 2 releases here; kept the newest 5 and what is needed.");
    }

    #[test]
    fn a_refusal_says_what_was_changed_nonetheless() {
        let refused = |serves_in: Option<&str>| {
            let serves_in = serves_in.map(|name| name.parse().unwrap());
            let (release, summary) = (Some(label(42, "7c1f9e2")), "./e2e: exited with 1".to_owned());
            told(ExitCode::Refused, EndingStory::Refused { gate: None, release, serves_in, summary })
        };
        assert!(refused(None).contains("r42 was refused; nothing that serves was changed."));
        assert!(refused(Some("staging")).contains(
            "r42 was refused; it serves in staging, where it was tested, and nothing else was changed."
        ));
    }

    #[test]
    fn a_command_that_could_not_work_says_why() {
        let summary = "the lease of production is held by ben@ci".to_owned();
        let detail = "It runs out in 40 s; nothing was changed.".to_owned();
        assert_snapshot!(told(ExitCode::LockHeld, EndingStory::Stopped { summary, detail }), @r"
        error: the lease of production is held by ben@ci
          It runs out in 40 s; nothing was changed.
        ");
    }
}
