//! Go programs that a Dockerfile builds in one stage and ships in another.

use super::bases::Base;
use super::paths;
use crate::dockerfile::{Body, Dockerfile, Instruction, Transfer};
use crate::shell::Command as ShellCommand;

/// A program that is built and shipped.
#[derive(Debug)]
pub(super) struct GoBuild<'f> {
    /// The `RUN` that builds it.
    pub(super) run: &'f Instruction,
    /// The `COPY` that takes it over.
    pub(super) copy: &'f Instruction,
    /// Where it is then.
    pub(super) target: String,
    /// The image that it is in then, as it is named.
    pub(super) image: &'f str,
    /// What is known of that.
    pub(super) base: Base,
    /// Whether nothing keeps cgo out of it.
    pub(super) uses_cgo: bool,
    /// Whether a tag puts the time zones into it.
    pub(super) embeds_zones: bool,
}

/// The programs that are built with `go build` in a stage and copied into the image.
pub(super) fn shipped(file: &Dockerfile) -> Vec<GoBuild<'_>> {
    let Some(last) = file.last_stage() else { return Vec::new() };
    let first = file.lineage(last).last().unwrap_or(last);
    let image = &file.stages[first].image;
    let mut found: Vec<GoBuild<'_>> = Vec::new();
    for copy in file.lineage(last).flat_map(|stage| file.in_stage(stage)) {
        let Body::Copy(transfer) = &copy.body else { continue };
        let Some(stage) = copy.flag("from").and_then(|from| stage_called(file, from)) else { continue };
        let Some((run, command)) =
            builds(file, stage).into_iter().rfind(|(_, command)| makes(command, transfer))
        else {
            continue;
        };
        let flags = Flags::of(command);
        found.push(GoBuild {
            run,
            copy,
            target: target(transfer),
            image: &image.text,
            base: Base::of(image),
            uses_cgo: cgo_is_on(file, stage, run, command) && !flags.is_static,
            embeds_zones: flags.tags.contains("timetzdata"),
        });
    }
    found
}

/// Whether something of these names is copied or installed into the image.
pub(super) fn brings(file: &Dockerfile, names: &[&str]) -> bool {
    let Some(last) = file.last_stage() else { return false };
    let named = |text: &str| names.iter().any(|name| text.contains(name));
    file.lineage(last).flat_map(|stage| file.in_stage(stage)).any(|instruction| match &instruction.body {
        Body::Copy(transfer) | Body::Add(transfer) => {
            // A whole file system or an archive may hold anything.
            let anything = |source: &String| source == "/" || source.contains(".tar") || named(source);
            transfer.sources.iter().any(anything) || named(&transfer.target)
        }
        Body::Run(command) => {
            named(&command.text) || command.heredocs.iter().any(|heredoc| named(&heredoc.body))
        }
        Body::Env(pairs) => pairs
            .iter()
            .any(|pair| ["ZONEINFO", "SSL_CERT_FILE", "SSL_CERT_DIR"].contains(&pair.key.as_str())),
        _ => false,
    })
}

fn stage_called(file: &Dockerfile, name: &str) -> Option<usize> {
    let called = |own: &Option<String>| own.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(name));
    let number = name.parse().ok().filter(|number| *number < file.stages.len());
    file.stages.iter().rposition(|stage| called(&stage.name)).or(number)
}

/// The commands of a stage that build Go programs, each with its `RUN`.
fn builds(file: &Dockerfile, stage: usize) -> Vec<(&Instruction, &ShellCommand)> {
    let mut found = Vec::new();
    for instruction in file.in_stage(stage) {
        let Body::Run(command) = &instruction.body else { continue };
        let builds =
            command.script.named(&["go"]).filter(|go| go.words.first().is_some_and(|word| word == "build"));
        found.extend(builds.map(|command| (instruction, command)));
    }
    found
}

/// Whether what a command builds is among what is copied, as far as names tell.
fn makes(command: &ShellCommand, transfer: &Transfer) -> bool {
    match command.values(&["-o"]).next() {
        None => true,
        Some(output) => transfer.sources.iter().any(|source| {
            let (source, output) = (source.trim_end_matches('/'), output.trim_end_matches('/'));
            paths::file_name(source) == paths::file_name(output)
                || output.starts_with(source)
                || source.contains('*')
        }),
    }
}

fn target(transfer: &Transfer) -> String {
    if transfer.target.ends_with('/') || paths::is_this_folder(&transfer.target) {
        let source = transfer.sources.first().map(|source| paths::file_name(source)).unwrap_or_default();
        return format!("{}/{source}", transfer.target.trim_end_matches(['/', '.']));
    }
    transfer.target.clone()
}

struct Flags<'c> {
    tags: &'c str,
    is_static: bool,
}

impl<'c> Flags<'c> {
    fn of(command: &'c ShellCommand) -> Self {
        let tags = command.values(&["-tags", "--tags"]).next().unwrap_or_default();
        // Whether they had the effect is only told by the program itself.
        let is_static = (tags.contains("netgo") && tags.contains("osusergo"))
            || command.words.iter().any(|word| word.contains("-static"));
        Self { tags, is_static }
    }
}

/// Whether cgo is on: nothing switches it off, nothing makes it a cross build, and there may be a C compiler.
fn cgo_is_on(file: &Dockerfile, stage: usize, run: &Instruction, command: &ShellCommand) -> bool {
    let switches = |name: &str| ["CGO_ENABLED", "GOOS", "GOARCH", "GOFLAGS"].contains(&name);
    let in_run = |run: &Instruction| {
        let Body::Run(run) = &run.body else { return false };
        run.script.commands.iter().any(|command| {
            let exported = command.words.iter().filter_map(|word| word.split_once('='));
            ["export", "go", "env"].contains(&command.name.as_str())
                && exported.into_iter().any(|(name, _)| switches(name))
        })
    };
    if command
        .assignments
        .iter()
        .any(|(name, value)| switches(name) && (name != "CGO_ENABLED" || value != "1"))
    {
        return false;
    }
    let before = file.lineage(stage).flat_map(|stage| file.in_stage(stage));
    let declared = before.into_iter().any(|instruction| match &instruction.body {
        Body::Env(pairs) => pairs.iter().any(|pair| switches(&pair.key) && pair.value != "1"),
        Body::Arg(names) => names.iter().any(|(name, _)| switches(name)),
        Body::Run(_) => in_run(instruction),
        _ => false,
    });
    let first = file.lineage(stage).last().unwrap_or(stage);
    // Where there is no C compiler, Go switches cgo off by itself; Alpine's images have none.
    let is_small = file.stages[first].image.tag.as_deref().is_some_and(|tag| tag.contains("alpine"));
    !declared && !in_run(run) && !is_small
}
