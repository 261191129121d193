//! Reads what `cargo test -- --show-output` prints, line by line, and counts.
//!
//! A test that printed a line beginning with `skipped:` counts as skipped and not as passed, even though libtest
//! says `ok`; so does one that is ignored.

use std::collections::BTreeSet;

/// What was counted so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
    ignored: u64,
    /// What was skipped, and why.
    pub(super) skips: Vec<String>,
    pub(super) failures: Vec<Failure>,
    /// Tests that said that they were skipped.
    skipping: u64,
    program: String,
    section: Section,
    block: Option<Block>,
    /// Tests of the program at hand that passed, and of those the ones that were skipped.
    skipped_here: BTreeSet<String>,
    ignored_here: Vec<String>,
}

/// A test that failed, with what it printed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) test: String,
    pub(super) program: String,
    pub(super) output: String,
}

/// What a line told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    None,
    Failed { test: String },
    Ended { program: String, passed: u64, failed: u64, seconds: String },
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Section {
    #[default]
    Running,
    Successes,
    Failures,
}

#[derive(Debug)]
struct Block {
    test: String,
    output: String,
}

impl Tally {
    /// How many tests were skipped or ignored.
    pub(super) fn skipped(&self) -> u64 {
        self.skipping + self.ignored
    }

    /// Reads one line.
    pub(super) fn line(&mut self, line: &str) -> News {
        if let Some(test) = heading(line).filter(|_| self.section != Section::Running) {
            self.close_block();
            self.block = Some(Block { test: test.to_owned(), output: String::new() });
            return News::None;
        }
        if let Some(section) = section(line) {
            self.close_block();
            self.section = section;
            return News::None;
        }
        if let Some(block) = &mut self.block {
            if let Some(why) = line.trim_start().strip_prefix("skipped:") {
                self.skips.push(skip(&block.test, why));
                self.skipped_here.insert(block.test.clone());
            }
            block.output.push_str(line);
            block.output.push('\n');
            return News::None;
        }
        self.plain(line)
    }

    /// The output is at its end: a program that crashed leaves things open.
    pub(super) fn end_of_input(&mut self) {
        self.close_block();
        self.section = Section::Running;
        self.skipped_here.clear();
        self.ignored_here.clear();
    }

    fn plain(&mut self, line: &str) -> News {
        if let Some(program) = program(line) {
            self.end_of_input();
            self.program = program;
        } else if let Some(result) = line.strip_prefix("test result: ") {
            return self.result(result);
        } else if let Some(test) = line.strip_prefix("test ").and_then(|t| t.strip_suffix(" ... FAILED")) {
            return News::Failed { test: test.to_owned() };
        } else if let Some((test, why)) =
            line.strip_prefix("test ").and_then(|t| t.split_once(" ... ignored"))
        {
            let why = why.trim_start_matches(", ");
            self.ignored_here.push(skip(test, if why.is_empty() { "only with --all" } else { why }));
        } else if let Some(why) = line.strip_prefix("skipped:") {
            // Printed past libtest, by a program of its own.
            self.skips.push(why.trim().to_owned());
            self.skipping += 1;
        }
        News::None
    }

    fn result(&mut self, result: &str) -> News {
        let count = |word: &str| {
            let part = result.split(['.', ';']).find_map(|part| part.trim().strip_suffix(word));
            part.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
        };
        let (passed, failed) = (count(" passed"), count(" failed"));
        let skipped = u64::try_from(self.skipped_here.len()).unwrap_or(0);
        self.passed += u64::saturating_sub(passed, skipped);
        self.skipping += skipped;
        self.failed += failed;
        self.ignored += count(" ignored");
        self.skips.append(&mut self.ignored_here);
        let seconds = result.rsplit_once("finished in ").map_or("", |(_, seconds)| seconds).to_owned();
        self.end_of_input();
        if passed + failed == 0 {
            return News::None;
        }
        News::Ended { program: self.program.clone(), passed, failed, seconds }
    }

    fn close_block(&mut self) {
        let Some(Block { test, output }) = self.block.take() else { return };
        if self.section == Section::Failures {
            self.skipped_here.remove(&test);
            self.failures.push(Failure { test, program: self.program.clone(), output });
        }
    }
}

/// `---- name stdout ----`
fn heading(line: &str) -> Option<&str> {
    line.strip_prefix("---- ")?.strip_suffix(" stdout ----")
}

fn section(line: &str) -> Option<Section> {
    match line {
        "successes:" => Some(Section::Successes),
        "failures:" => Some(Section::Failures),
        _ => None,
    }
}

/// `     Running unittests src/lib.rs (target/debug/deps/plimsoll_plan-0123)`
fn program(line: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(format!("{name} (documentation)"));
    }
    let (source, file) = line.strip_prefix("Running ")?.strip_suffix(')')?.split_once(" (")?;
    let file = file.rsplit('/').next()?;
    let name = file.rsplit_once('-').map_or(file, |(name, _)| name);
    let source = source.trim_start_matches("unittests ");
    Some(if source.starts_with("tests/") { format!("{name} ({source})") } else { name.to_owned() })
}

/// What is told about a skip. Tests name themselves in it; those that do not are named here.
fn skip(test: &str, why: &str) -> String {
    let name = test.rsplit("::").next().unwrap_or(test);
    let why = why.trim();
    if why.contains(name) { why.to_owned() } else { format!("{name}: {why}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
   Compiling plimsoll-model v0.1.0
     Running unittests src/lib.rs (target/debug/deps/plimsoll_model-0a1b)

running 4 tests
test a::good ... ok
test a::elsewhere ... ok
test slow ... ignored, takes an hour
test b::bad ... FAILED

successes:

---- a::elsewhere stdout ----
some noise
skipped: elsewhere: there is no `go` here
test result: ok. 99 passed; 0 failed

successes:
    a::elsewhere
    a::good

failures:

---- b::bad stdout ----
thread panicked
skipped: not really

failures:
    b::bad

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.52s

   Doc-tests plimsoll_model

running 1 test
test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s
";

    #[test]
    fn a_run_is_counted() {
        let mut tally = Tally::default();
        let news: Vec<News> =
            OUTPUT.lines().map(|line| tally.line(line)).filter(|n| *n != News::None).collect();
        assert_eq!((tally.passed, tally.failed, tally.skipped()), (2, 1, 2));
        assert_eq!(tally.failures.len(), 1);
        assert_eq!(
            (tally.failures[0].test.as_str(), tally.failures[0].program.as_str()),
            ("b::bad", "plimsoll_model")
        );
        assert!(tally.failures[0].output.starts_with("thread panicked"));
        assert!(tally.skips.contains(&"elsewhere: there is no `go` here".to_owned()), "{:?}", tally.skips);
        assert!(tally.skips.contains(&"slow: takes an hour".to_owned()), "{:?}", tally.skips);
        assert_eq!(news[0], News::Failed { test: "b::bad".to_owned() });
        assert!(
            matches!(&news[2], News::Ended { program, .. } if program == "plimsoll_model (documentation)")
        );
    }

    #[test]
    fn programs_have_names() {
        let name = |line| program(line).unwrap();
        assert_eq!(name("     Running unittests src/main.rs (target/debug/deps/xtask-12ab)"), "xtask");
        assert_eq!(name("     Running tests/full.rs (target/debug/deps/full-12ab)"), "full (tests/full.rs)");
        assert_eq!(program("test running (this)"), None);
    }
}
