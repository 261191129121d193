//! Holds waivers against findings.

use jiff::civil::Date;
use plimsoll_model::finding::{Finding, Note, Waived};

use super::rules::{EXPIRED, NOT_UNDERSTOOD, WITHOUT_FINDING, WITHOUT_REASON};
use super::{Layout, Remark, Waiver, read};
use crate::rule::Rule;
use crate::settings::Settings;
use crate::sheet::Sheet;
use crate::source::Source;

/// Waivers of one file that count.
const MOST: usize = 1000;

/// Lines that belong together: an instruction.
pub(crate) type Block = (u32, u32);

/// What is left, and what is allowed.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    pub(crate) findings: Vec<Finding>,
    pub(crate) waived: Vec<Waived>,
}

/// A waiver and the lines that it is about.
struct Placed {
    waiver: Waiver,
    line: u32,
    /// Absent where it is about the whole file.
    block: Option<Block>,
    used: bool,
}

/// Takes the allowed findings out. Comments and blocks are in the order of their lines.
pub(crate) fn apply(
    source: &Source,
    remarks: &[Remark],
    layout: &Layout,
    findings: Vec<Finding>,
    settings: &Settings,
    today: Date,
) -> Applied {
    let mut complaints = Complaints { source, settings, findings: Vec::new() };
    let mut placed = placed(remarks, layout, &mut complaints);
    let mut applied = Applied::default();
    for mut finding in findings {
        let waiver = placed
            .iter_mut()
            .filter(|waiver| waiver.is_about(&finding))
            .min_by_key(|w| w.waiver.is_over(today));
        let Some(waiver) = waiver else {
            applied.findings.push(finding);
            continue;
        };
        waiver.used = true;
        if waiver.waiver.is_over(today) {
            let until = waiver.waiver.until.map(|date| date.to_string()).unwrap_or_default();
            finding.notes.push(Note {
                name: "waiver".to_owned(),
                text: format!("line {} allowed it until {until}", waiver.line),
            });
            applied.findings.push(finding);
            continue;
        }
        let (reason, until) =
            (waiver.waiver.reason.clone(), waiver.waiver.until.map(|date| date.to_string()));
        applied.waived.push(Waived { finding, by_line: waiver.line, reason, until });
    }
    for waiver in &placed {
        waiver.complain(today, &mut complaints);
    }
    applied.findings.extend(complaints.findings);
    applied
}

fn placed(remarks: &[Remark], layout: &Layout, complaints: &mut Complaints<'_>) -> Vec<Placed> {
    let mut placed = Vec::new();
    let ends = ends_of_comments(remarks);
    for (index, remark) in remarks.iter().enumerate() {
        let waiver = match read(&remark.text) {
            None => continue,
            Some(Err(what)) => {
                let fix = "write `allow RULE until DATE: REASON` behind `plimsoll:`";
                complaints.add(&NOT_UNDERSTOOD, remark.line, what, fix);
                continue;
            }
            Some(Ok(_)) if placed.len() >= MOST => {
                let what = format!("this file has more than {MOST} waivers; this one allows nothing");
                complaints.add(&NOT_UNDERSTOOD, remark.line, what, "allow a rule for the whole file, once");
                break;
            }
            Some(Ok(waiver)) => waiver,
        };
        if waiver.ours && waiver.reason.is_empty() {
            complaints.add(
                &WITHOUT_REASON,
                remark.line,
                "a waiver without a reason allows nothing".to_owned(),
                "say behind a colon why it is all right",
            );
            continue;
        }
        if !waiver.ours && remark.inside && !waiver.same_line {
            continue;
        }
        // Ours may stand further above; others' only where nothing but comments is between.
        let last = if waiver.ours { u32::MAX } else { ends[index] + 1 };
        let block = if waiver.whole_file {
            None
        } else if waiver.same_line {
            Some((remark.line, remark.line))
        } else {
            let below = layout.about(complaints.source, remark);
            let Some(block) = below.filter(|(begin, _)| *begin <= last) else {
                if waiver.ours {
                    let what = "nothing is below it that it could be about".to_owned();
                    complaints.add(&WITHOUT_FINDING, remark.line, what, "remove it");
                }
                continue;
            };
            Some(block)
        };
        placed.push(Placed { waiver, line: remark.line, block, used: false });
    }
    placed
}

/// Of each comment the last line of those that follow it without a gap.
fn ends_of_comments(remarks: &[Remark]) -> Vec<u32> {
    let mut ends: Vec<u32> = remarks.iter().map(|remark| remark.line).collect();
    for index in (1..ends.len()).rev() {
        if remarks[index - 1].line + 1 == remarks[index].line {
            ends[index - 1] = ends[index];
        }
    }
    ends
}

impl Waiver {
    fn is_over(&self, today: Date) -> bool {
        self.until.is_some_and(|until| until < today)
    }
}

impl Placed {
    fn is_about(&self, finding: &Finding) -> bool {
        let line = finding.place.map_or(1, |place| place.line);
        let in_block = self.block.is_none_or(|(begin, end)| (begin..=end).contains(&line));
        let names = || [&finding.rule, &finding.name].into_iter().chain(&finding.aliases);
        in_block && self.waiver.rules.iter().any(|rule| names().any(|name| name.eq_ignore_ascii_case(rule)))
    }

    fn complain(&self, today: Date, complaints: &mut Complaints<'_>) {
        if !self.waiver.ours {
            return;
        }
        let names = self.waiver.rules.join(", ");
        if self.waiver.is_over(today) {
            let until = self.waiver.until.map(|date| date.to_string()).unwrap_or_default();
            let what = format!("the waiver of {names} ended on {until}");
            complaints.add(
                &EXPIRED,
                self.line,
                what,
                "mend what it allowed, or give it a new date and say why",
            );
        } else if !self.used {
            complaints.add(
                &WITHOUT_FINDING,
                self.line,
                format!("{names} finds nothing here"),
                "remove the waiver",
            );
        }
    }
}

/// What is wrong with the waivers themselves.
struct Complaints<'a> {
    source: &'a Source,
    settings: &'a Settings,
    findings: Vec<Finding>,
}

impl Complaints<'_> {
    fn add(&mut self, rule: &Rule, line: u32, what: String, fix: &str) {
        // Whoever asks about some rules only is not told that waivers of others find nothing.
        if !self.settings.asks(rule) {
            return;
        }
        let mut sheet = Sheet::new(rule, self.source);
        sheet.add(self.source.whole_lines(line, line), what, fix);
        self.findings.extend(sheet.findings());
    }
}
