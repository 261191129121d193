//! `plimsoll unit`: the unit that would be installed for this service, why each line is in it, and how exposed it leaves the
//! service. Nothing is installed, and no host is asked.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use plimsoll_agent::runtime::{InstanceOrder, ProcessHandle};
use plimsoll_agent::systemd::Scope;
use plimsoll_agent::systemd::units::text::Section;
use plimsoll_agent::systemd::units::{UnitText, preview};
use plimsoll_model::inspection::Exposure;
use plimsoll_model::release::{Hardening, RunSpec};
use plimsoll_model::service::{Environment, Target};
use plimsoll_model::{Digest, ExitCode, InstanceId, ServiceName, ssh};
use plimsoll_report::Style;
use plimsoll_rules::Source;
use plimsoll_rules::systemd::{Unit, UnitName, exposure, program};
use serde::Serialize;

use super::work::show_warnings;
use crate::cli;
use crate::failure::Failure;
use crate::output::Output;
use crate::project::Project;

/// Ways to lower the score that are shown; `--json` has all.
const SHOWN: usize = 8;

/// The port and the release of the example: what they are is decided when a release goes out.
const PORT: u16 = 20_000;
const RELEASE: &str = "000000000000";

/// What the unit is made of.
struct Subject {
    service: ServiceName,
    environment: String,
    run: RunSpec,
    root: PathBuf,
    scope: Scope,
}

/// The answer, as programs read it.
#[derive(Debug, Serialize)]
struct Answer {
    /// The unit's name.
    name: String,
    /// Its text.
    text: String,
    /// Each line with its reason.
    lines: Vec<Reason>,
    /// What the binary changed, or should change.
    notes: Vec<String>,
    exposure: Exposure,
}

#[derive(Debug, Serialize)]
struct Reason {
    section: &'static str,
    key: &'static str,
    value: String,
    why: &'static str,
}

pub(crate) fn run(config: &Path, output: Output, arguments: &cli::Unit) -> Result<ExitCode, Failure> {
    let mut subject = subject(config, arguments)?;
    let mut notes = Vec::new();
    if let Some(binary) = &arguments.binary {
        if !binary.is_file() {
            return Err(Failure::usage(format!("there is no file {}", binary.display()))
                .help("name the program that is released: `plimsoll unit --binary target/release/app`"));
        }
        notes = adapt(&mut subject.run, binary);
    }
    let answer = answer(&subject, arguments.binary.as_deref(), notes)?;
    output.print(&answer, |style| text(&answer, style))?;
    Ok(ExitCode::Success)
}

/// The service of the project; without one, a service called as the binary with all defaults.
fn subject(config: &Path, arguments: &cli::Unit) -> Result<Subject, Failure> {
    if !config.exists() {
        let Some(binary) = &arguments.binary else {
            return Err(Failure::usage(format!("there is no {} here", config.display()))
                .help("run it in a project's folder, or name a program: `plimsoll unit --binary FILE`"));
        };
        let root = PathBuf::from(ssh::Scope::System.default_root().as_str());
        let (environment, run) = ("production".to_owned(), RunSpec::default());
        return Ok(Subject { service: service_of(binary), environment, run, root, scope: Scope::System });
    }
    let project = Project::load(config)?;
    show_warnings(&project);
    let environment = project.environment(arguments.environment.as_ref())?;
    let (root, scope) = place(environment);
    let (service, run) = (project.service.name.clone(), environment.run.clone());
    Ok(Subject { service, environment: environment.name.to_string(), run, root, scope })
}

/// Where an environment's hosts have it. This machine has no units of its own; what a host would have is shown for it.
fn place(environment: &Environment) -> (PathBuf, Scope) {
    match &environment.target {
        Target::Local { .. } => (PathBuf::from(ssh::Scope::System.default_root().as_str()), Scope::System),
        Target::Ssh(target) => {
            let scope = match target.scope {
                ssh::Scope::System => Scope::System,
                ssh::Scope::User => Scope::User,
            };
            // Whose home it is turns out on the host.
            let root = target.root.as_str().replacen('~', &["", "home", "USER"].join("/"), 1);
            (PathBuf::from(root), scope)
        }
    }
}

/// A name for the service of a binary: that of the file, as far as services may be called so.
fn service_of(binary: &Path) -> ServiceName {
    let name = binary.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let fallback = || "app".parse().expect("it is a name");
    plain.trim_matches('-').parse().unwrap_or_else(|_| fallback())
}

/// Relaxes what the program cannot live with, and says so; what only a person can decide is said too.
fn adapt(run: &mut RunSpec, binary: &Path) -> Vec<String> {
    let mut notes = Vec::new();
    match program::compiler_in(binary) {
        Some(what) if run.hardening == Hardening::Strict => {
            run.hardening = Hardening::Jit;
            notes.push(format!(
                "relaxed: the program makes code while it runs ({what}); MemoryDenyWriteExecute= and SystemCallFilter= are left \
                 out. Say so in [run]: hardening = \"jit\""
            ));
        }
        Some(what) => notes
            .push(format!("the program makes code while it runs ({what}); `hardening` in [run] allows it")),
        None => notes.push("nothing in the program is known to need less than all of the sandbox".to_owned()),
    }
    match (program::notifies(binary), run.notify) {
        (Some(true), false) => notes.push(
            "the program seems to tell systemd when it is ready; `notify = true` in [run] waits for that".to_owned(),
        ),
        (Some(false), true) => notes.push(
            "`notify = true` in [run], and nothing in the program speaks to systemd: the start would end in a timeout".to_owned(),
        ),
        _ => {}
    }
    notes
}

fn answer(subject: &Subject, binary: Option<&Path>, notes: Vec<String>) -> Result<Answer, Failure> {
    let file = binary
        .and_then(Path::file_name)
        .map_or_else(|| subject.service.to_string(), |name| name.to_string_lossy().into_owned());
    let executable = subject.root.join(subject.service.as_str()).join("releases").join(RELEASE).join(file);
    let instance: InstanceId = format!("{RELEASE}.0")
        .parse()
        .map_err(|_| Failure::from(anyhow::anyhow!("{RELEASE} is no release")))?;
    let process = ProcessHandle { instance, run: 1 };
    let order = InstanceOrder::of_release(
        process,
        executable,
        Digest::of(b""),
        &subject.run,
        &subject.environment,
        PORT,
    );
    let (name, unit) =
        preview(&subject.service, &subject.root, subject.scope, &order, env!("CARGO_PKG_VERSION"));
    let text = unit.render();
    let parsed = Unit::of_texts(
        UnitName::new(&name).ok_or_else(|| anyhow::anyhow!("{name} is no name of a unit"))?,
        [Source::new(name.clone(), text.clone())],
    );
    Ok(Answer { name, text, lines: reasons(&unit), notes, exposure: exposure(&parsed) })
}

fn reasons(unit: &UnitText) -> Vec<Reason> {
    let of_section = |section: &Section| {
        let name = section.name;
        let lines = section.lines.iter();
        lines
            .map(move |line| Reason {
                section: name,
                key: line.key,
                value: line.value.clone(),
                why: line.why,
            })
            .collect::<Vec<_>>()
    };
    unit.sections.iter().flat_map(of_section).collect()
}

/// The unit with a reason above each line, so that it can be saved as it is.
fn text(answer: &Answer, _style: &Style) -> String {
    let Answer { name, exposure, .. } = answer;
    let mut text = format!(
        "# {name}: an instance as plimsoll would install it (the port and the release are examples)\n"
    );
    let mut section = "";
    for line in &answer.lines {
        if line.section != section {
            section = line.section;
            let _ = writeln!(text, "\n[{section}]");
        }
        let _ = writeln!(text, "# {}\n{}={}", line.why, line.key, line.value);
    }
    let _ = writeln!(
        text,
        "\n# exposure {} of 10 ({}), as `systemd-analyze security` of systemd {} computes it",
        exposure.score,
        exposure.level.word(),
        exposure.systemd
    );
    let left = exposure
        .rows
        .iter()
        .filter_map(|row| Some((row.exposure?, row.lower.as_ref()?, row.breaks.as_ref()?)));
    for (part, lower, breaks) in left.take(SHOWN) {
        let _ = writeln!(text, "#   -{part}  {lower}\n#         would break {breaks}");
    }
    for note in &answer.notes {
        let _ = writeln!(text, "# {note}");
    }
    text
}
