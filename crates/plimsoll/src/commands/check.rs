//! `plimsoll check`: look for faults in what is there.

use std::path::PathBuf;
use std::time::Instant;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use plimsoll_drivers::{Clock as _, SystemClock};
use plimsoll_model::finding::CheckReport;
use plimsoll_model::{ExitCode, Severity};
use plimsoll_report::CheckView;
use plimsoll_rules::{LabelFormat, Question, Settings};

use crate::cli::{Check, CheckFormat, FailOn};
use crate::failure::Failure;
use crate::output::Output;

pub(crate) fn run(output: Output, arguments: &Check) -> Result<ExitCode, Failure> {
    let question = question(arguments)?;
    let began = Instant::now();
    let report = plimsoll_rules::check(&question);
    // Whoever names a path that is not there has misspelt it.
    if let Some(path) = arguments.paths.iter().find(|path| path.symlink_metadata().is_err()) {
        return Err(Failure::usage(format!("there is no {}", path.display()))
            .help("plimsoll check    looks at this folder"));
    }
    let limit = limit(arguments.fail_on);
    let exit = exit_of(&report, limit);
    let view = CheckView { report, took: began.elapsed(), limit };
    let format = if output.is_json() { CheckFormat::Json } else { arguments.format };
    let text = match format {
        CheckFormat::Text => plimsoll_report::check(&view, &output.style()),
        CheckFormat::Json => plimsoll_report::check_json(&view) + "\n",
        CheckFormat::Sarif => {
            plimsoll_report::sarif(&view.report, &plimsoll_rules::sheets(), env!("CARGO_PKG_VERSION")) + "\n"
        }
        CheckFormat::Junit => plimsoll_report::junit(&view.report),
        CheckFormat::Github => plimsoll_report::github(&view.report),
        CheckFormat::Gitlab => plimsoll_report::gitlab(&view.report) + "\n",
    };
    output.text(&text)?;
    Ok(exit)
}

fn question(arguments: &Check) -> Result<Question, Failure> {
    let labels = arguments.require_label.iter().map(|text| {
        let pair =
            text.split_once(':').and_then(|(name, form)| Some((name.to_owned(), LabelFormat::new(form)?)));
        let forms: Vec<_> = LabelFormat::words().collect();
        pair.ok_or_else(|| {
            Failure::usage(format!("`{text}` is no LABEL:FORM; forms are {}", forms.join(", ")))
        })
    });
    let settings = Settings {
        only: arguments.only.clone(),
        also: arguments.also.clone(),
        skip: arguments.skip.clone(),
        trusted_registries: arguments.trusted_registry.clone(),
        labels: labels.collect::<Result<_, _>>()?,
        only_these_labels: arguments.strict_labels,
        most_exposure: None,
    };
    if let Some(word) = settings.unknown().next() {
        return Err(unknown_rule(word));
    }
    let here = || vec![PathBuf::from(".")];
    Ok(Question {
        paths: if arguments.paths.is_empty() { here() } else { arguments.paths.clone() },
        exclude: arguments.exclude.clone(),
        settings,
        today: today(),
    })
}

/// The day, in UTC as in every file.
fn today() -> Date {
    let millis = i64::try_from(SystemClock.now().as_millis()).unwrap_or(i64::MAX);
    let now = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::MAX);
    TimeZone::UTC.to_datetime(now).date()
}

/// A word that is the name of no rule.
pub(super) fn unknown_rule(word: &str) -> Failure {
    let failure = Failure::usage(format!("there is no rule `{word}`"));
    match plimsoll_rules::registry::like(word) {
        Some(name) => failure.help(format!("did you mean `{name}`?")),
        None => failure.help("`plimsoll check` names the rule of each finding, as DF3025 or K8S002"),
    }
}

fn limit(fail_on: FailOn) -> Option<Severity> {
    match fail_on {
        FailOn::Error => Some(Severity::Error),
        FailOn::Warning => Some(Severity::Warning),
        FailOn::Info => Some(Severity::Info),
        FailOn::Never => None,
    }
}

/// What could not be read is neither good nor bad.
fn exit_of(report: &CheckReport, limit: Option<Severity>) -> ExitCode {
    match (report.worst(), limit) {
        (Some(worst), Some(limit)) if worst >= limit => ExitCode::Refused,
        _ if !report.unread.is_empty() => ExitCode::Inconclusive,
        _ => ExitCode::Success,
    }
}
