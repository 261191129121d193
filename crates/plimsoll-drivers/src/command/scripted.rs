//! Commands in memory, for simulations: what is not in the script does not exist.

use std::sync::Mutex;
use std::time::Duration;

use super::{CommandOrder, Commands, Ending, Form, Outcome, Output, StartError, Stream};

/// What a scripted command answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What it writes to standard output.
    pub stdout: String,
    /// What it writes to standard error, after that.
    pub stderr: String,
    /// How it ends.
    pub ending: Ending,
    /// How long it says that it took. Nothing waits for it; longer than the order's timeout is a timeout.
    pub took: Duration,
}

impl Reply {
    /// A success that writes `stdout`.
    pub fn says(stdout: impl Into<String>) -> Self {
        let ending = Ending::Exited(0);
        Self { stdout: stdout.into(), stderr: String::new(), ending, took: Duration::from_millis(1) }
    }

    /// A failure with an exit code, that writes `stderr`.
    pub fn fails(code: i32, stderr: impl Into<String>) -> Self {
        let ending = Ending::Exited(code);
        Self { stdout: String::new(), stderr: stderr.into(), ending, took: Duration::from_millis(1) }
    }
}

type Act = Box<dyn FnMut(&CommandOrder) -> Reply + Send>;

struct Rule {
    words: Vec<String>,
    act: Act,
}

impl Rule {
    fn fits(&self, said: &[String]) -> bool {
        let mut said = said.iter();
        let program = said.next() == self.words.first();
        program && self.words.iter().skip(1).all(|word| said.any(|other| other == word))
    }
}

/// Answers from a script.
#[derive(Default)]
pub struct ScriptedCommands {
    rules: Mutex<Vec<Rule>>,
    orders: Mutex<Vec<CommandOrder>>,
    variables: std::collections::BTreeMap<String, String>,
}

impl ScriptedCommands {
    /// A world without programs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets commands be answered by `act`, which may do to the file system what the command would. `words` are
    /// the program and any of its arguments, in their order: `go build`, `git status`. Of several rules that fit, the
    /// last one added answers.
    #[must_use]
    pub fn on(self, words: &str, act: impl FnMut(&CommandOrder) -> Reply + Send + 'static) -> Self {
        let words = words.split(' ').map(str::to_owned).collect();
        self.rules().push(Rule { words, act: Box::new(act) });
        self
    }

    /// Lets commands always be answered by `reply`; see [`ScriptedCommands::on`].
    #[must_use]
    pub fn reply(self, words: &str, reply: Reply) -> Self {
        self.on(words, move |_| reply.clone())
    }

    /// Adds a git for which `folder` is a repository, clean at a commit of the given hash and first line.
    #[must_use]
    pub fn clean_repository(self, folder: &str, commit: &str, subject: &str) -> Self {
        self.reply("git rev-parse --show-toplevel", Reply::says(format!("{folder}\n")))
            .reply("git check-ignore", Reply::fails(1, ""))
            .reply("git rev-parse --verify", Reply::says(""))
            .reply("git log", Reply::says(format!("{commit}\0{}\0{subject}\n", 1_700_000_000)))
            .reply("git ls-files", Reply::says(""))
            .reply("git status", Reply::says(""))
    }

    /// Everything that was run, in order.
    pub fn orders(&self) -> Vec<CommandOrder> {
        self.orders.lock().expect("no holder of this lock panics").clone()
    }

    fn rules(&self) -> std::sync::MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn answer(&self, order: &CommandOrder) -> Reply {
        let said: Vec<String> = std::iter::once(order.program.clone())
            .chain(order.args.iter().map(|arg| arg.to_string_lossy().into_owned()))
            .collect();
        if let Some(rule) = self.rules().iter_mut().rev().find(|rule| rule.fits(&said)) {
            return (rule.act)(order);
        }
        let program = order.program.clone();
        let ending = Ending::NotStarted(StartError::NotInPath { program });
        Reply { ending, ..Reply::says("") }
    }
}

impl Commands for ScriptedCommands {
    fn run(&self, order: &CommandOrder, on_output: &mut dyn FnMut(Output<'_>)) -> Outcome {
        self.orders.lock().expect("no holder of this lock panics").push(order.clone());
        let mut reply = self.answer(order);
        if reply.took > order.timeout {
            reply.took = order.timeout;
            reply.ending = Ending::TimedOut(order.timeout);
        }
        let mut lines = Vec::new();
        if order.stdout == Form::Bytes {
            on_output(Output::Bytes(reply.stdout.as_bytes()));
        } else {
            lines.extend(reply.stdout.lines().map(|text| (Stream::Out, text)));
        }
        lines.extend(reply.stderr.lines().map(|text| (Stream::Err, text)));
        for (stream, text) in &lines {
            on_output(Output::Line { stream: *stream, text });
        }
        let kept = lines.len().saturating_sub(order.keep_lines);
        let last_lines = lines[kept..].iter().map(|(_, text)| (*text).to_owned()).collect();
        Outcome { ending: reply.ending, took: reply.took, last_lines }
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_in_the_script_does_not_exist() {
        let commands = ScriptedCommands::new().reply("go version", Reply::says("go version go1.26.8\n"));
        let order = CommandOrder::new("go", "/").arg("version");
        let mut heard = Vec::new();
        let outcome = commands.run(&order, &mut |output| {
            if let Output::Line { text, .. } = output {
                heard.push(text.to_owned());
            }
        });
        assert!(outcome.success());
        assert_eq!(heard, ["go version go1.26.8"]);
        let other = commands.run(&CommandOrder::new("go", "/").arg("build"), &mut |_| {});
        assert_eq!(other.ending.to_string(), "did not start: `go` is not in PATH");
        assert_eq!(commands.orders().len(), 2);
    }

    #[test]
    fn a_script_times_out_like_the_world() {
        let slow = Reply { took: Duration::from_secs(90), ..Reply::says("") };
        let commands = ScriptedCommands::new().reply("make", slow);
        let order = CommandOrder::new("make", "/").timeout(Duration::from_secs(60));
        assert_eq!(commands.run(&order, &mut |_| {}).ending, Ending::TimedOut(Duration::from_secs(60)));
    }
}
