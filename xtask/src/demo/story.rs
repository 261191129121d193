//! What a person sees of the demo.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::load::RATE;
use super::ship::Run;
use super::summary::{Outcome, Row, Summary};
use super::versions::{Trouble, Version};

pub(super) fn opening(folder: &Path) {
    println!("\nfive versions of a small service, {RATE} requests a second, everything on this machine");
    println!("the service: {}", folder.display());
}

pub(super) fn version(version: &Version, commit: &str) {
    let about = match version.trouble {
        Trouble::None if version.number == 1 => "the first version: there is nothing to compare it with",
        Trouble::None => "a good version",
        Trouble::Errors => "one answer in ten is a 500, which no test noticed",
        Trouble::Slow => "300 ms slower than before; the limit is a P99 of 250 ms",
        Trouble::Killed => "a good version, but the command that ships it is killed in the middle",
    };
    println!("\nv{} {commit} \"{}\"  ({about})", version.number, version.subject);
}

pub(super) fn killed() {
    println!("  KILL the command gets SIGKILL; the next `plimsoll ship` finds what it left");
}

/// Time between two pictures of a rollout, in seconds.
const PICTURES: f64 = 2.0;

/// Tells a run's events, those that are worth a line, with releases called by their numbers.
#[derive(Default)]
pub(super) struct Story {
    names: BTreeMap<String, String>,
    /// When the last picture was shown.
    shown: f64,
}

impl Story {
    pub(super) fn event(&mut self, line: &Value) {
        let event = &line["event"];
        match event["what"].as_str() {
            Some("sealed") => self.learn(&event["release"]),
            Some("gate-finished") if event["evidence"]["gate"] != "rollout" => gate(&event["evidence"]),
            Some("rollout-started") => {
                self.learn(&event["release"]);
                self.learn(&event["replaces"]);
                if let Some(resumed) = event["resumed"].as_str() {
                    println!("  ...  found a rollout that nobody had ended: {resumed}");
                }
            }
            Some("recorded") if event["record"]["environment"] == "production" => {
                self.entry(&event["record"]["entry"]);
            }
            Some("watching") if event["view"]["environment"] == "production" => {
                self.picture(line["at"].as_str(), &event["view"]);
            }
            Some("warning") => println!("  warn {}", text(&event["message"])),
            _ => {}
        }
    }

    /// Remembers a release's number.
    fn learn(&mut self, release: &Value) {
        if let (Some(id), Some(number)) = (release["release"].as_str(), release["number"].as_u64()) {
            self.names.insert(id.to_owned(), format!("r{number}"));
        }
    }

    fn entry(&self, entry: &Value) {
        match entry["kind"].as_str() {
            Some("performed") => {
                for action in entry["actions"].as_array().into_iter().flatten() {
                    self.routed(action);
                }
            }
            Some("going-back") => println!("  BACK {}", reason(&entry["reason"])),
            Some("held") => println!("  wait for a person: {}", entry["reason"]),
            _ => {}
        }
    }

    fn routed(&self, action: &Value) {
        let action = &action["action"];
        if action["do"] != "route" {
            return;
        }
        let arms = action["weights"].as_array().into_iter().flatten();
        let side = |arm: &Value| {
            let id = text(&arm["release"]);
            let name = self.names.get(id).map_or(id, String::as_str);
            format!("{name} {}", text(&arm["weight"]).replace('%', " %"))
        };
        println!("  ...  traffic: {}", arms.map(side).collect::<Vec<_>>().join(", "));
    }

    /// Both sides as they are now, every two seconds.
    fn picture(&mut self, at: Option<&str>, view: &Value) {
        let Some(at) = at.and_then(super::moments::seconds) else { return };
        let sides = [("stable", &view["stable"]), ("canary", &view["canary"])];
        let both_serve = sides.iter().all(|(_, side)| !side["weight"].is_null() && side["weight"] != "0%");
        if !both_serve || at - self.shown < PICTURES {
            return;
        }
        self.shown = at;
        let sides: Vec<String> = sides.into_iter().map(|(name, side)| picture_of(name, side)).collect();
        println!("       {}", sides.join("   "));
    }
}

fn picture_of(name: &str, side: &Value) -> String {
    let number = side["release"]["number"].as_u64().map_or("?".to_owned(), |number| format!("r{number}"));
    let weight = text(&side["weight"]).replace('%', " %");
    match (side["rate"].as_f64(), side["error-rate"].as_f64()) {
        (Some(rate), Some(errors)) => {
            format!("{name} {number} {weight:>5}  {rate:>4.0}/s, {:.1} % errors", errors * 100.0)
        }
        _ => format!("{name} {number} {weight:>5}  no figures yet     "),
    }
}

fn gate(evidence: &Value) {
    let word = match evidence["decision"].as_str() {
        Some("passed") => "ok",
        Some("warned") => "warn",
        Some("skipped") => "skip",
        Some("unknown") => "?",
        _ => "no",
    };
    println!("  {word:<4} {:<10} {}", text(&evidence["gate"]), text(&evidence["summary"]));
}

fn reason(reason: &Value) -> String {
    let words = ["summary", "detail", "error", "waiting-for", "by"];
    let found = words.iter().find_map(|word| reason[word].as_str());
    found.map_or_else(|| reason.to_string(), str::to_owned)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

pub(super) fn ended(run: &Run, took: Duration) {
    let code = run.code.map_or("a signal".to_owned(), |code| format!("exit code {code}"));
    println!("       {code} after {:.1} s", took.as_secs_f64());
    let timeline = run.ending.as_ref().and_then(|ending| ending["story"]["timeline"].as_array());
    for entry in timeline.into_iter().flatten() {
        let time = text(&entry["at"]).get(11..21).unwrap_or("?");
        println!("       {time}  {}", text(&entry["text"]));
    }
    if let Some(recovered) = run.ending.as_ref().and_then(|ending| ending["recovered"].as_str()) {
        println!("       recovered: {recovered}");
    }
    if !run.complaint.trim().is_empty() {
        println!("{}", run.complaint.trim_end());
    }
}

pub(super) fn verdict(version: &Version, row: &Row) {
    if row.outcome != version.expected {
        println!(
            "  no   v{} should be {}, and is {}",
            version.number,
            version.expected.name(),
            row.outcome.name()
        );
    }
    if let Some(seconds) = row.seconds_to_weight_0 {
        println!("       {} bad answers; {seconds:.1} s from the first one to weight 0", row.bad_answers);
    }
}

/// The figures of all versions.
pub(super) fn table(summary: &Summary, seconds: f64) {
    println!("\nversion  outcome       exit   requests  failed  bad answers  first bad answer to weight 0");
    for row in &summary.rows {
        let exit = row.exit_code.map_or("-".to_owned(), |code| code.to_string());
        let back = row.seconds_to_weight_0.map_or("-".to_owned(), |seconds| format!("{seconds:.1} s"));
        println!(
            "v{:<7} {:<12} {exit:>5} {:>10} {:>7} {:>12}  {back}",
            row.version,
            row.outcome.name(),
            thousands(row.requests),
            thousands(row.failed),
            thousands(row.bad_answers),
        );
    }
    let requests: u64 = summary.rows.iter().map(|row| row.requests).sum();
    let failed: u64 = summary.rows.iter().map(|row| row.failed).sum();
    println!(
        "\n{} requests at {:.0} a second, {} failed; {seconds:.0} s in all",
        thousands(requests),
        summary.requests_per_second,
        thousands(failed)
    );
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How an outcome is called, on screen and in the summary.
impl Outcome {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Promoted => "promoted",
            Self::RolledBack => "rolled-back",
            Self::Recovered => "recovered",
            Self::Other => "something else",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
