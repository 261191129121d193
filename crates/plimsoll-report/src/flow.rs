//! Pieces of text set one after the other, as many on a line as fit. A piece is never broken between its words, so
//! a figure stays beside its base.

use crate::line::Line;

/// Sets `pieces` behind `head`; further lines begin below the first piece.
pub(crate) fn flow(head: Line, pieces: Vec<Line>, columns: Option<usize>) -> Vec<Line> {
    const GAP: &str = "   ";
    let indent = head.width();
    let columns = columns.unwrap_or(usize::MAX);
    let mut lines = vec![];
    let mut line = head;
    let mut fresh = true;
    for piece in pieces {
        if !fresh && line.width() + GAP.len() + piece.width() > columns {
            lines.push(std::mem::replace(&mut line, Line::text(" ".repeat(indent))));
            fresh = true;
        }
        if !fresh {
            line = line.plain(GAP);
        }
        line.append(piece);
        fresh = false;
    }
    lines.push(line);
    // A piece that is wider than the screen by itself wraps.
    lines.into_iter().map(|line| line.wrapped(indent)).collect()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::line::render_all;
    use crate::style::Style;

    #[test]
    fn pieces_stay_whole() {
        let pieces = ["7 of 71 bad", "stable 0 of 1,331", "limit 1 %"].map(Line::text).to_vec();
        let lines = flow(Line::text("  errors  "), pieces, Some(45));
        let text = render_all(&lines, &Style::plain(TimeZone::UTC));
        assert_eq!(text, "  errors  7 of 71 bad   stable 0 of 1,331\n          limit 1 %\n");
    }
}
