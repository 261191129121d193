//! A small terminal for the tests: what is on the screen and above it after everything was written.

use unicode_width::UnicodeWidthChar;

/// What one column holds; nothing where the character to the left is wide.
type Cell = String;

/// Rows written so far; the last `height` of them are the screen.
pub(crate) struct Emulator {
    width: usize,
    height: usize,
    rows: Vec<Vec<Cell>>,
    row: usize,
    column: usize,
}

impl Emulator {
    /// What a terminal of this size shows after `bytes`, with all that scrolled away.
    pub(crate) fn show(width: usize, height: usize, bytes: &[u8]) -> String {
        let mut emulator = Self::new(width, height);
        emulator.feed(bytes);
        emulator.shown()
    }

    /// An empty terminal.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self { width, height, rows: vec![vec![]], row: 0, column: 0 }
    }

    /// Makes it narrower: rows that do not fit break into several, as most terminals do.
    pub(crate) fn narrow(&mut self, width: usize) {
        self.width = width;
        let below = self.rows.split_off(self.row);
        let broken = |row: &Vec<Cell>| -> Vec<Vec<Cell>> {
            if row.is_empty() { vec![vec![]] } else { row.chunks(width).map(<[Cell]>::to_vec).collect() }
        };
        self.rows = self.rows.iter().flat_map(broken).collect();
        self.row = self.rows.len();
        self.rows.extend(below);
    }

    /// All rows.
    pub(crate) fn shown(&self) -> String {
        let rows = self.rows.iter().map(|row| row.concat().trim_end().to_owned());
        rows.collect::<Vec<_>>().join("\n").trim_end().to_owned()
    }

    /// What a program writes.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        let text = std::str::from_utf8(bytes).expect("reporters write UTF-8");
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\n' => self.down(),
                '\r' => self.column = 0,
                '\x1b' => {
                    assert_eq!(chars.next(), Some('['), "only CSI sequences are used");
                    let sequence: String = chars.by_ref().take_while_inclusive(|c| !c.is_ascii_alphabetic());
                    self.control(&sequence);
                }
                c => self.put(c),
            }
        }
    }

    fn control(&mut self, sequence: &str) {
        let (number, command) = sequence.split_at(sequence.len() - 1);
        match command {
            "A" => {
                let top = self.rows.len().saturating_sub(self.height);
                self.row = self.row.saturating_sub(number.parse().expect("a number")).max(top);
            }
            "K" => self.rows[self.row].truncate(self.column),
            "J" => {
                self.rows[self.row].truncate(self.column);
                let end = self.row + 1;
                // Erased rows stay on the screen as empty ones.
                self.rows[end..].iter_mut().for_each(Vec::clear);
            }
            "m" => {}
            other => panic!("`{other}` is not a sequence that reporters may use"),
        }
    }

    fn put(&mut self, c: char) {
        assert!(!c.is_control(), "{c:?} reached the terminal");
        let wide = if c == '\u{fe0f}' { 1 } else { c.width().unwrap_or(0) };
        if self.column + wide > self.width {
            self.down();
        }
        let row = &mut self.rows[self.row];
        row.resize(row.len().max(self.column + wide), Cell::from(" "));
        match (wide, self.column) {
            // A mark joins the character before it.
            (0, 0) => {}
            (0, column) => row[column - 1].push(c),
            (_, column) => {
                row[column] = c.to_string();
                row[column + 1..column + wide].iter_mut().for_each(Cell::clear);
            }
        }
        self.column += wide;
    }

    fn down(&mut self) {
        self.row += 1;
        self.column = 0;
        if self.row == self.rows.len() {
            self.rows.push(vec![]);
        }
    }
}

trait TakeWhileInclusive: Iterator<Item = char> {
    fn take_while_inclusive(&mut self, keep: impl Fn(&char) -> bool) -> String {
        let mut taken = String::new();
        for c in self {
            taken.push(c);
            if !keep(&c) {
                break;
            }
        }
        taken
    }
}

impl<I: Iterator<Item = char>> TakeWhileInclusive for I {}
