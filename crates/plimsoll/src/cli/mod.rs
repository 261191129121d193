//! The command line, exactly as it is typed. What it means is decided in `commands`.

mod check;
mod hidden;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use plimsoll_model::{EnvironmentName, Span};

pub(crate) use check::{Bundle, Check, CheckFormat, Explain, FailOn, Inspect, Unit};
pub(crate) use hidden::{Agent, Proxy, Runtime, Spec};

/// Heading of the options that every command has.
const EVERYWHERE: &str = "Options of every command";

/// From a commit to healthy production, and back when it is not.
#[derive(Debug, Parser)]
#[command(name = "plimsoll", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Begin with `plimsoll init` in a project's folder, then `plimsoll ship`.")]
pub(crate) struct Cli {
    /// The configuration file.
    #[arg(short, long, global = true, default_value = plimsoll_config::FILE_NAME, value_name = "FILE", help_heading = EVERYWHERE)]
    pub(crate) config: PathBuf,
    /// Print JSON, one object a line.
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub(crate) json: bool,
    /// Print only what needs attention.
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = EVERYWHERE)]
    pub(crate) quiet: bool,
    /// Print every line of builds and tests.
    #[arg(short, long, global = true, help_heading = EVERYWHERE)]
    pub(crate) verbose: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a first plimsoll.toml for the project in this folder.
    #[command(
        after_help = "Never overwrites. Then: `plimsoll doctor`, `plimsoll ship --dry-run`, `plimsoll ship`."
    )]
    Init(Init),
    /// Look for faults in what is there: Dockerfiles, units, Compose, Kubernetes, CI, lock and environment files, secrets. Changes nothing, runs nothing.
    #[command(
        after_help = "A finding is allowed by a comment above it: `# plimsoll: allow RULE until DATE: REASON`; hadolint's comments count too.\n\
                      Exit codes: 0 nothing as bad as --fail-on, 10 something, 14 something could not be read.\n\
                      Then: `plimsoll explain RULE`."
    )]
    Check(Check),
    /// Facts about executables, read from their bytes: what they need, how they are protected, what they were made of.
    #[command(after_help = "Runs nothing. ELF, Mach-O and PE programs and libraries, and scripts.\n\
                      Libraries are searched as the program's loader would; other systems' are only named.\n\
                      Exit codes: 0 every file was read, 14 one could not be read.")]
    Inspect(Inspect),
    /// Put a program, its loader and its libraries into one folder that runs anywhere: on an older system, in an empty root.
    #[command(
        after_help = "Nothing is changed: files are copied byte for byte, and a small program of ours starts the loader.\n\
                      What is opened at run time is found where that can be told from the program; read what is `to do` or `unknown`.\n\
                      Exit codes: 0 the bundle is there, 2 wrong file or folder, 10 something that it needs is not on this machine.\n\
                      Then: `DIR/bin/NAME`, wherever DIR is moved to."
    )]
    Bundle(Bundle),
    /// What a check is about, why it matters and how to mend it.
    #[command(
        after_help = "Takes an identifier, a name, or the identifier of the same check elsewhere: `plimsoll explain DL3025`."
    )]
    Explain(Explain),
    /// The hardened systemd unit that would be installed for this service, and why each line is in it. Installs nothing.
    #[command(
        after_help = "The output is a unit: `plimsoll unit > app.service`, `systemd-analyze security --offline=true app.service`.\n\
                      Without a plimsoll.toml it needs --binary, and takes every default."
    )]
    Unit(Unit),
    /// What the hosts are, and whether they have what is needed. Changes nothing.
    #[command(
        after_help = "What is needed: `[environments.NAME.requires]`, and what the newest release needs by itself.\n\
                      Exit codes: 0 every host is fit, 10 one is not, 14 that could not be told, 15 unreachable."
    )]
    Doctor(Doctor),
    /// Build, inspect, sign, test on staging, and roll out to an environment.
    #[command(
        after_help = "Ctrl-C takes the rollout back. Meanwhile, from elsewhere: `plimsoll status`, `pause`, `promote`, `abort`.\n\
                      Exit codes: 0 serves everywhere, 10 refused before it served, 11 rolled back, 12 hosts differ,\n\
                      13 another command is at work, 14 a person is waited for, 15 unreachable."
    )]
    Ship(Ship),
    /// Build, inspect and seal a release, and deploy nothing.
    #[command(after_help = "Then: `plimsoll plan rN`, `plimsoll deploy rN`.")]
    Build,
    /// Say what `deploy` would do. Changes nothing.
    Plan(Planned),
    /// Roll a sealed release out to an environment.
    Deploy(Deploy),
    /// Go back to the last known good release, or to a named one.
    #[command(
        after_help = "Takes all traffic at once unless --canary is given. A rollout that is under way is taken back instead.\n\
                      What was gone back from is not shipped again until it changes, or `plimsoll retry` allows it."
    )]
    Rollback(Rollback),
    /// Go on now: end the pause, hold or approval that the rollout waits in.
    Promote(Promote),
    /// Take the running rollout back.
    Abort(Chosen),
    /// Allow a release that was rolled back to be tried again.
    Retry(Retry),
    /// Hold the running rollout where it is.
    Pause(Chosen),
    /// Undo a pause.
    Resume(Chosen),
    /// What runs where, and how it is.
    Status(Hosts),
    /// What was released when, and how it went.
    History(Subject),
    /// The journal, record by record, and whether it was edited.
    #[command(
        after_help = "Exit code 1 where the chain of records does not hold, or, with --hosts, where a host's trail does not\n\
                      hold or tells of something that the journal does not know."
    )]
    Audit(Audit),
    /// What the instances print.
    Logs(Logs),
    /// Print the JSON Schema of plimsoll.toml.
    Schema,
    /// Keys that sign releases.
    #[command(subcommand)]
    Key(Key),
    /// Run a command on the hosts, with the release's environment and secrets.
    #[command(
        after_help = "Runs as the instances do: same user, folder and bounds; no shell reads the command. `{artifact}` in it stands\n\
                      for the release's program. Ctrl-C ends it everywhere. Secrets are masked in what it prints.\n\
                      Exit code: the command's own, the highest of all hosts; 124 where it has none.\n\
                      Then: `plimsoll audit` tells who ran what, where, and how it ended."
    )]
    Exec(Exec),
    /// Answer clients with a page instead of the service.
    #[command(subcommand)]
    Maintenance(Maintenance),
    /// Keep a release, whatever `prune` is told.
    Pin(Pin),
    /// Let a pinned release be removed again.
    Unpin(Unpin),
    /// Remove releases that nothing needs any more.
    #[command(
        after_help = "Kept are the newest (`keep-releases`), and whatever serves, served last, runs, is on its way or is pinned."
    )]
    Prune(Chosen),
    /// Stop an environment; its releases and history stay.
    #[command(after_help = "Then: `plimsoll deploy rN` starts a release again.")]
    Down(Down),
    /// Run a host's agent. Started by other commands.
    #[command(hide = true)]
    Agent(Agent),
    /// Run a service's proxy. Started by the agent.
    #[command(hide = true)]
    Proxy(Proxy),
    /// Look after one instance. Started by the agent.
    #[command(hide = true)]
    Shim(Spec),
    /// Become one instance. Started by the shim.
    #[command(hide = true)]
    Launch(Spec),
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Production is on these hosts, as `ssh` knows them: `web1,deploy@10.0.0.3,web4:2222`. Without them: on this machine.
    #[arg(long, value_delimiter = ',', value_name = "HOSTS")]
    pub(crate) hosts: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Ship {
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    #[command(flatten)]
    pub(crate) waiting: Waiting,
    /// Gates that are not asked, separated by commas: `staging`, `test`. They are recorded as skipped by you.
    #[arg(long, value_delimiter = ',', value_name = "GATES", hide_possible_values = true)]
    pub(crate) skip: Vec<Skippable>,
    /// Say what would be done, and build and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// A gate that a person may skip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Skippable {
    /// Do not deploy to the test's environment.
    Staging,
    /// Do not run the regression test.
    Test,
}

#[derive(Debug, Args)]
pub(crate) struct Chosen {
    /// The environment; `production`, or the only one, where none is named.
    #[arg(short, long = "env", value_name = "NAME")]
    pub(crate) environment: Option<EnvironmentName>,
}

/// Which hosts are meant.
#[derive(Debug, Args)]
pub(crate) struct Hosts {
    /// Only hosts whose names fit: `web*`, several separated by commas.
    #[arg(long = "hosts", value_delimiter = ',', value_name = "PATTERN")]
    pub(crate) patterns: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Waiting {
    /// Leave when a person is waited for (exit code 14); the hosts go back by themselves if nobody answers.
    #[arg(long)]
    pub(crate) detach: bool,
    /// Stay when a person is waited for, also where nobody looks on.
    #[arg(long, conflicts_with = "detach")]
    pub(crate) wait: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// The release whose needs are asked about: its number (`r42`) or identifier; the newest where none is named.
    pub(crate) release: Option<String>,
    #[command(flatten)]
    pub(crate) chosen: Chosen,
}

#[derive(Debug, Args)]
pub(crate) struct Planned {
    /// The release: its number (`r42`) or identifier.
    pub(crate) release: String,
    #[command(flatten)]
    pub(crate) chosen: Chosen,
}

#[derive(Debug, Args)]
pub(crate) struct Deploy {
    /// The release: its number (`r42`) or identifier.
    #[arg(required_unless_present = "converge")]
    pub(crate) release: Option<String>,
    /// Bring hosts that serve something else, or with fewer instances, to the release that serves the environment. No
    /// canary, in batches. An unfinished rollout is finished first.
    #[arg(long, conflicts_with = "release")]
    pub(crate) converge: bool,
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    #[command(flatten)]
    pub(crate) waiting: Waiting,
    /// Go back also past a release that blocks it (`rollback = "blocked"`).
    #[arg(long)]
    pub(crate) force_past_block: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Rollback {
    /// The release to go back to: its number (`r41`) or identifier; the last known good one where none is named.
    pub(crate) release: Option<String>,
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    #[command(flatten)]
    pub(crate) waiting: Waiting,
    /// Go through the steps, as an update does.
    #[arg(long)]
    pub(crate) canary: bool,
    /// Go back also past a release that blocks it (`rollback = "blocked"`).
    #[arg(long)]
    pub(crate) force_past_block: bool,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Promote {
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    #[command(flatten)]
    pub(crate) waiting: Waiting,
    /// Skip every step that is left.
    #[arg(long)]
    pub(crate) full: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Retry {
    /// The release: its number or identifier.
    pub(crate) release: String,
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    #[command(flatten)]
    pub(crate) waiting: Waiting,
}

#[derive(Debug, Args)]
pub(crate) struct Subject {
    /// A rollout (`production-3`) or release (`r42`); everything where none is named.
    pub(crate) subject: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Only of this release.
    pub(crate) release: Option<String>,
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    #[command(flatten)]
    pub(crate) hosts: Hosts,
    /// At most so many of the newest lines; 100 where no time is given.
    #[arg(short = 'n', long, value_name = "COUNT")]
    pub(crate) lines: Option<u32>,
    /// Only what is younger than this: `10m`.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Span>,
    /// Go on printing what comes.
    #[arg(short, long)]
    pub(crate) follow: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    /// Show what the environment's hosts wrote down themselves, and whether the journal knows of all of it.
    #[arg(long)]
    pub(crate) hosts: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Exec {
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    #[command(flatten)]
    pub(crate) hosts: Hosts,
    /// With the environment of this release; the current one where none is named.
    #[arg(long, value_name = "RELEASE")]
    pub(crate) release: Option<String>,
    /// With the port of this instance in `PORT`: 0 is the release's first.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) instance: Option<u32>,
    /// The longest time that it may take.
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub(crate) timeout: Span,
    /// The program and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Maintenance {
    /// Answer every request with 503 and a page. Instances go on, and deployments work.
    On(MaintenanceOn),
    /// Serve again.
    Off(Chosen),
}

#[derive(Debug, Args)]
pub(crate) struct MaintenanceOn {
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    /// The page: a file, or its text.
    #[arg(short, long, value_name = "FILE|TEXT")]
    pub(crate) message: Option<String>,
    /// When clients shall try again (`Retry-After`).
    #[arg(long, value_name = "TIME", default_value = "1m")]
    pub(crate) retry_after: Span,
    /// Paths that are served all the same, beside the health path; one that ends with `/` stands for all below it.
    #[arg(long, value_delimiter = ',', value_name = "PATHS")]
    pub(crate) except: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Pin {
    /// The release: its number (`r42`) or identifier.
    pub(crate) release: String,
    /// Why, for whoever finds it later.
    #[arg(short, long, value_name = "WHY")]
    pub(crate) message: String,
}

#[derive(Debug, Args)]
pub(crate) struct Unpin {
    /// The release: its number (`r42`) or identifier.
    pub(crate) release: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key pair in minisign's format, unless there is one.
    Generate,
    /// Print the public key that verifies releases signed here.
    Show,
}

#[derive(Debug, Args)]
pub(crate) struct Down {
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    /// Every environment.
    #[arg(long, conflicts_with = "environment")]
    pub(crate) all: bool,
    /// Even where another command is at work there: it ends.
    #[arg(long)]
    pub(crate) force: bool,
}
