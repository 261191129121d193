//! Rows of cells under each other. No rules are drawn; alignment and gaps are enough.

use crate::line::{Line, width_of};
use crate::palette::Role;

/// On which side a column's cells begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A piece of text with its meaning.
pub(crate) type Cell = (Role, String);

/// Rows of cells.
pub(crate) struct Table {
    indent: usize,
    align: Vec<Align>,
    rows: Vec<Vec<Cell>>,
}

const GAP: usize = 2;

/// A plain cell.
pub(crate) fn cell(text: impl Into<String>) -> Cell {
    (Role::Plain, text.into())
}

impl Table {
    /// A table whose columns are aligned so; columns beyond are on the left.
    pub(crate) fn new(indent: usize, align: &[Align]) -> Self {
        Self { indent, align: align.to_vec(), rows: vec![] }
    }

    /// Adds a row; rows may be of different lengths.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Takes columns away from the right until the table fits.
    pub(crate) fn fit(mut self, columns: Option<usize>) -> Self {
        let Some(columns) = columns else { return self };
        let mut widths = self.widths();
        while widths.len() > 2 && self.indent + widths.iter().map(|w| w + GAP).sum::<usize>() - GAP > columns
        {
            widths.pop();
            self.rows.iter_mut().for_each(|row| row.truncate(widths.len()));
        }
        self
    }

    /// The rows as lines. What is too long wraps below its last cell.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let widths = self.widths();
        self.rows.iter().map(|row| self.line(row, &widths)).collect()
    }

    fn line(&self, row: &[Cell], widths: &[usize]) -> Line {
        let mut line = Line::text(" ".repeat(self.indent));
        let mut hang = self.indent;
        for (i, (role, text)) in row.iter().enumerate() {
            let pad = " ".repeat(widths[i] - width_of(&crate::visible::visible(text)));
            let last = i + 1 == row.len();
            hang = line.width();
            line = match self.align.get(i) {
                Some(Align::Right) => line.plain(pad).with(*role, text),
                _ if last => line.with(*role, text),
                _ => line.with(*role, text).plain(pad),
            };
            if !last {
                line = line.plain(" ".repeat(GAP));
            }
        }
        line.wrapped(hang)
    }

    fn widths(&self) -> Vec<usize> {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|(_, text)| width_of(&crate::visible::visible(text))).max().unwrap_or(0)
        };
        // A long last cell must not push the shorter cells of other rows: it is the one that wraps.
        (0..count).map(width).collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::line::render_all;
    use crate::style::Style;

    fn table() -> Table {
        let mut table = Table::new(2, &[Align::Left, Align::Right]);
        table.row(vec![cell("stable"), cell("95 %"), cell("412/s")]);
        table.row(vec![cell("canary"), cell("5 %"), cell("你/s")]);
        table
    }

    #[test]
    fn columns_are_aligned() {
        let text = render_all(&table().lines(), &Style::plain(TimeZone::UTC));
        assert_eq!(text, "  stable  95 %  412/s\n  canary   5 %  你/s\n");
    }

    #[test]
    fn what_does_not_fit_goes_from_the_right() {
        let text = render_all(&table().fit(Some(16)).lines(), &Style::plain(TimeZone::UTC));
        assert_eq!(text, "  stable  95 %\n  canary   5 %\n");
    }
}
