//! How many tests there were, from what well-known test tools print.
//!
//! `cargo test`, `cargo nextest`, `go test -v` and `-json`, `pytest`. Where several speak, their numbers are added.

/// Numbers of tests. Absent where the output does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Passed.
    pub passed: Option<u64>,
    /// Failed, those among them that could not be set up.
    pub failed: Option<u64>,
    /// Not run because the project says so.
    pub skipped: Option<u64>,
}

impl Counts {
    fn all(passed: u64, failed: u64, skipped: u64) -> Self {
        Self { passed: Some(passed), failed: Some(failed), skipped: Some(skipped) }
    }

    fn add(&mut self, other: Self) {
        let add = |a: &mut Option<u64>, b: Option<u64>| {
            if let Some(b) = b {
                *a = Some(a.unwrap_or(0).saturating_add(b));
            }
        };
        add(&mut self.passed, other.passed);
        add(&mut self.failed, other.failed);
        add(&mut self.skipped, other.skipped);
    }
}

/// Reads lines of output.
#[derive(Debug, Default)]
pub(super) struct Counter {
    counts: Counts,
    /// Go's tests one by one. Without `-v` only failures are printed, so what passed is known only after a
    /// `=== RUN`.
    go: (u64, u64, u64),
    go_is_verbose: bool,
}

impl Counter {
    pub(super) fn line(&mut self, line: &str) {
        if let Some(counts) = cargo(line).or_else(|| nextest(line)).or_else(|| pytest(line)) {
            self.counts.add(counts);
        } else if line.starts_with('{') {
            self.go_json(line);
        } else {
            self.go_text(line);
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let mut counts = self.counts;
        let (passed, failed, skipped) = self.go;
        if self.go_is_verbose {
            counts.add(Counts::all(passed, failed, skipped));
        } else if failed > 0 {
            counts.add(Counts { failed: Some(failed), ..Counts::default() });
        }
        counts
    }

    fn go_text(&mut self, line: &str) {
        let line = line.trim_start();
        self.go_is_verbose |= line.starts_with("=== RUN ");
        let Some(rest) = line.strip_prefix("--- ") else { return };
        match rest.split(": ").next() {
            Some("PASS") => self.go.0 += 1,
            Some("FAIL") => self.go.1 += 1,
            Some("SKIP") => self.go.2 += 1,
            _ => {}
        }
    }

    fn go_json(&mut self, line: &str) {
        let Ok(event) = serde_json::from_str::<serde_json::Value>(line) else { return };
        // Without a test, the event is about the whole package.
        let (Some(action), true) = (event["Action"].as_str(), event["Test"].is_string()) else { return };
        match action {
            "run" => self.go_is_verbose = true,
            "pass" => self.go.0 += 1,
            "fail" => self.go.1 += 1,
            "skip" => self.go.2 += 1,
            _ => {}
        }
    }
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s`
fn cargo(line: &str) -> Option<Counts> {
    let rest = line.trim_start().strip_prefix("test result: ")?.split_once(". ")?.1;
    let numbers = Numbers::read(rest, ';');
    Some(Counts::all(numbers.of("passed")?, numbers.of("failed")?, numbers.of("ignored")?))
}

/// `     Summary [   0.012s] 3 tests run: 2 passed (1 slow), 1 failed, 4 skipped`
fn nextest(line: &str) -> Option<Counts> {
    let rest = line.trim_start().strip_prefix("Summary [")?.split_once(" run: ")?.1;
    let numbers = Numbers::read(rest, ',');
    let failed = ["failed", "exec failed", "timed out"].iter().filter_map(|word| numbers.of(word)).sum();
    Some(Counts::all(numbers.of("passed")?, failed, numbers.of("skipped").unwrap_or(0)))
}

/// `=== 3 passed, 1 failed, 2 skipped, 1 error, 1 xfailed, 1 warning in 0.12s ===`
fn pytest(line: &str) -> Option<Counts> {
    let (rest, time) = line.trim_matches(|c| c == '=' || c == ' ').rsplit_once(" in ")?;
    let seconds = time.split(' ').next()?.strip_suffix('s')?;
    seconds.parse::<f64>().ok()?;
    if rest == "no tests ran" {
        return Some(Counts::all(0, 0, 0));
    }
    let numbers = Numbers::read(rest, ',');
    let sum = |words: &[&str]| words.iter().filter_map(|word| numbers.of(word)).sum::<u64>();
    let known = ["passed", "failed", "skipped", "error", "errors", "xfailed", "xpassed", "deselected"];
    if !numbers.parts.iter().any(|(_, word)| known.contains(word)) {
        return None;
    }
    let skipped = sum(&["skipped", "xfailed"]);
    Some(Counts::all(sum(&["passed", "xpassed"]), sum(&["failed", "error", "errors"]), skipped))
}

/// A list of numbers with their words.
struct Numbers<'a> {
    parts: Vec<(u64, &'a str)>,
}

impl<'a> Numbers<'a> {
    fn read(text: &'a str, separator: char) -> Self {
        let part = |part: &'a str| {
            let (number, word) = part.trim().split_once(' ')?;
            let word = word.split(" (").next().unwrap_or(word);
            Some((number.parse().ok()?, word))
        };
        Self { parts: text.split(separator).filter_map(part).collect() }
    }

    fn of(&self, word: &str) -> Option<u64> {
        self.parts.iter().find(|(_, name)| *name == word).map(|(number, _)| *number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(text: &str) -> Counts {
        let mut counter = Counter::default();
        text.lines().for_each(|line| counter.line(line));
        counter.counts()
    }

    #[test]
    fn known_tools_are_read() {
        let cargo = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s\n\
                     test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1s";
        assert_eq!(counts(cargo), Counts::all(4, 2, 1));
        let nextest =
            "     Summary [   0.012s] 7 tests run: 4 passed (1 slow), 1 failed, 2 timed out, 4 skipped";
        assert_eq!(counts(nextest), Counts::all(4, 3, 4));
        for (line, expected) in [
            (
                "=== 3 passed, 1 failed, 2 skipped, 1 error, 1 xfailed, 1 warning in 0.12s ===",
                Counts::all(3, 2, 3),
            ),
            ("3 passed in 61.20s (0:01:01)", Counts::all(3, 0, 0)),
            ("===== no tests ran in 0.01s =====", Counts::all(0, 0, 0)),
            ("2 errors in 0.01s", Counts::all(0, 2, 0)),
        ] {
            assert_eq!(counts(line), expected, "{line}");
        }
        let go = "=== RUN   TestA\n    --- PASS: TestA/sub (0.00s)\n--- PASS: TestA (0.00s)\n\
                  --- FAIL: TestB (0.00s)\n--- SKIP: TestC (0.00s)\nFAIL";
        assert_eq!(counts(go), Counts::all(2, 1, 1));
        let json = r#"{"Action":"run","Package":"p","Test":"TestA"}
                      {"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
                      {"Action":"pass","Package":"p","Elapsed":0.002}"#;
        let json: Vec<&str> = json.lines().map(str::trim).collect();
        assert_eq!(counts(&json.join("\n")), Counts::all(1, 0, 0));
    }

    #[test]
    fn what_is_not_said_is_unknown() {
        let quiet_go = "--- FAIL: TestB (0.00s)\nFAIL\tgreeter\t0.002s";
        assert_eq!(counts(quiet_go), Counts { failed: Some(1), ..Counts::default() });
        for unknown in
            ["ok  \tgreeter\t0.002s", "5 passed", "believe in 2s", "{not json", "test result: ok", ""]
        {
            assert_eq!(counts(unknown), Counts::default(), "{unknown}");
        }
    }
}
