//! Where events and texts go: the only place that writes to standard output and standard error.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::tz::TimeZone;
use plimsoll_drivers::{Clock as _, SystemClock};
use plimsoll_model::Masker;
use plimsoll_model::event::Event;
use plimsoll_model::free_text::FreeText as _;
use plimsoll_report::{
    Ending, JsonLinesReporter, LiveReporter, Names, PlainReporter, QuietReporter, ReportError, Reporter,
    Style,
};

use crate::cli::Cli;
use crate::failure::Failure;

/// How often clocks on a screen go on while nothing happens.
const TICK: Duration = Duration::from_millis(100);

/// What is masked in everything that is written, whoever writes it.
static SECRETS: OnceLock<Masker> = OnceLock::new();

/// Masks these values in all that is written from now on. The first call counts: a command is about one project.
pub(crate) fn keep_secret(masker: Masker) {
    let _ = SECRETS.set(masker);
}

fn secrets() -> &'static Masker {
    // Not initialised here: what is written before a project is known must not keep its secrets from being masked.
    static NONE: Masker = Masker::NONE;
    SECRETS.get().unwrap_or(&NONE)
}

/// What the command line says about output.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
    verbose: bool,
}

impl Output {
    pub(crate) fn new(cli: &Cli) -> Self {
        Self { json: cli.json, quiet: cli.quiet, verbose: cli.verbose }
    }

    /// Whether programs read what is printed.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Whether a person looks on.
    pub(crate) fn is_watched(self) -> bool {
        !self.json && io::stdout().is_terminal()
    }

    /// How text is to look on standard output.
    pub(crate) fn style(self) -> Style {
        let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
        let mut style = if io::stdout().is_terminal() {
            let (width, height) = size();
            let mut style = Style::terminal(width, height, zone);
            let dumb = std::env::var("TERM").is_ok_and(|t| t == "dumb");
            style.colour = std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()) && !dumb;
            style.unicode = ["LC_ALL", "LC_CTYPE", "LANG"]
                .iter()
                .find_map(|v| std::env::var(v).ok().filter(|v| !v.is_empty()))
                .is_some_and(|v| v.to_lowercase().contains("utf"));
            style
        } else {
            Style::plain(zone)
        };
        style.verbose = self.verbose;
        style
    }

    /// A reporter on a thread of its own, so that a slow reader never holds work up for long. It calls releases by
    /// these names.
    pub(crate) fn reporter(self, names: Names) -> Reports {
        let style = self.style();
        let stdout = io::stdout();
        let reporter: Box<dyn Reporter + Send> = match (self.json, stdout.is_terminal(), self.quiet) {
            (true, _, _) => Box::new(JsonLinesReporter::new(stdout)),
            (_, _, true) => Box::new(QuietReporter(PlainReporter::new(stdout, style).knowing(names))),
            (_, true, _) if is_dumb() => Box::new(PlainReporter::new(stdout, style).knowing(names)),
            (_, true, _) => Box::new(LiveReporter::new(stdout, style).knowing(names)),
            (_, false, _) => Box::new(PlainReporter::new(stdout, style).knowing(names)),
        };
        Reports::start(reporter)
    }

    /// Prints a text, or a value as JSON.
    pub(crate) fn print<T: serde::Serialize>(
        self,
        value: &T,
        text: impl FnOnce(&Style) -> String,
    ) -> Result<(), Failure> {
        if self.json {
            let json = serde_json::to_string(value)
                .map_err(|e| Failure::from(anyhow::anyhow!("the answer has no JSON: {e}")))?;
            return self.line(&json);
        }
        self.text(&text(&self.style()))
    }

    /// Prints a text as it is.
    #[expect(clippy::unused_self, reason = "every way out leads through here")]
    pub(crate) fn text(self, text: &str) -> Result<(), Failure> {
        let text = secrets().mask(text);
        pass_closed_pipe(io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()))
    }

    /// Prints a sentence; for programs an object with it.
    pub(crate) fn sentence(self, text: &str) -> Result<(), Failure> {
        self.print(&serde_json::json!({ "text": text }), |_| format!("{text}\n"))
    }

    /// Prints a line.
    pub(crate) fn line(self, line: &str) -> Result<(), Failure> {
        self.text(&format!("{line}\n"))
    }
}

/// Prints what went wrong and what to do about it: as text on standard error, as JSON on standard output, where programs
/// read everything else.
pub(crate) fn complain(failure: &Failure, json: bool) {
    // Either may be closed; there is nobody left to tell.
    if json {
        let (message, help) = (&failure.message, &failure.help);
        let error =
            serde_json::json!({ "message": message, "help": help, "exit_code": failure.exit.number() });
        let line = serde_json::json!({ "error": error }).to_string();
        let _ = writeln!(io::stdout(), "{}", secrets().mask(&line));
        return;
    }
    let rendered = failure.message.starts_with("error:");
    let mut text = if rendered { String::new() } else { "error: ".to_owned() };
    text.push_str(&failure.message);
    text.push('\n');
    for help in &failure.help {
        text.push_str(&format_hint(help));
    }
    let _ = io::stderr().write_all(secrets().mask(&text).as_bytes());
}

/// Prints a remark that stops nothing.
pub(crate) fn remark(text: &str) {
    let _ = writeln!(io::stderr(), "{}", secrets().mask(text));
}

fn format_hint(help: &str) -> String {
    format!("hint: {help}\n")
}

/// A reader that has gone is no reason to complain.
fn pass_closed_pipe(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(Failure::from(anyhow::anyhow!("cannot write to standard output: {e}"))),
        Ok(()) => Ok(()),
    }
}

fn is_dumb() -> bool {
    std::env::var("TERM").is_ok_and(|t| t == "dumb")
}

/// Columns and rows of the terminal; the usual ones where it does not say.
fn size() -> (usize, usize) {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok().filter(|s| s.ws_col > 0 && s.ws_row > 0);
    size.map_or((80, 24), |s| (usize::from(s.ws_col), usize::from(s.ws_row)))
}

enum Message {
    Event(Box<Event>),
    End(Box<Ending>),
}

/// A running reporter.
pub(crate) struct Reports {
    sender: Sender<Message>,
    thread: JoinHandle<Result<(), ReportError>>,
}

impl Reports {
    fn start(mut reporter: Box<dyn Reporter + Send>) -> Self {
        let (sender, receiver) = mpsc::channel::<Message>();
        let thread = std::thread::spawn(move || {
            loop {
                match receiver.recv_timeout(TICK) {
                    Ok(Message::Event(event)) => reporter.event(&event),
                    Ok(Message::End(ending)) => return reporter.finish(&ending),
                    Err(RecvTimeoutError::Timeout) => reporter.tick(SystemClock.now()),
                    Err(RecvTimeoutError::Disconnected) => return Ok(()),
                }
            }
        });
        Self { sender, thread }
    }

    /// A function that tells the reporter.
    pub(crate) fn teller(&self) -> impl FnMut(Event) + use<> {
        let sender = self.sender.clone();
        // A reporter that died must not stop the work.
        move |mut event| {
            event.mask(secrets());
            drop(sender.send(Message::Event(Box::new(event))));
        }
    }

    /// Says how it ended, and waits until all is written.
    pub(crate) fn finish(self, mut ending: Ending) {
        ending.mask(secrets());
        let _ = self.sender.send(Message::End(Box::new(ending)));
        match self.thread.join() {
            Ok(Err(ReportError::Write { source })) if source.kind() == io::ErrorKind::BrokenPipe => {}
            Ok(Err(error)) => remark(&format!("warning: {error}")),
            Ok(Ok(())) => {}
            Err(_) => remark("warning: the report broke off; the work itself is not affected"),
        }
    }
}
