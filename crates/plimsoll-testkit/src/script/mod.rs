//! Told stories: a text of commands with the output that each must give.
//!
//! A line that begins with `$ ` is a command, one with `#` a remark; all other lines are what the command before them
//! printed. [`play`] runs the commands and gives the whole text as it should be; a test compares the two. Commands:
//!
//! ```text
//! $ service instances=2 steps=5%,pause:10s,approve,analysis:20s analyses=errors person=30s switch=20s
//! $ service hosts=10 zones=2 max-parallel=25% max-unavailable=1
//! $ traffic 100
//! $ release r2 errors=10%            also slow, crashes, never-healthy, wrong-process
//! $ at 5s promote                    a command, or kill-coordinator, crash, reboot, kill-proxy, cut 10s, rate 0;
//!                                    with several hosts also where: crash web3, cut 10s web3
//! $ ship r2                          also rollback r1, continue, converge; die-after=9 kills it after its ninth record
//! $ run 30s
//! $ show
//! ```

mod parse;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_model::Share;

use crate::breakages::Breakage;
use crate::sim::faults::{Mishap, Point, Upset};
use crate::sim::universe::{Settings, Universe};
use crate::sim::words;
use crate::sim::{Order, Process, Release};

/// A script that cannot be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The command.
    pub command: String,
    /// What is wrong with it.
    pub why: String,
}

/// Plays a script and gives its text with the output that it has now.
pub fn play(script: &str) -> Result<String, Mistake> {
    let (mut text, mut stage) = (String::new(), None);
    for line in script.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            let command_text = command.split('#').next().unwrap_or(command).trim();
            let wrong = |why: String| Mistake { command: command.to_owned(), why };
            let _ = writeln!(text, "{line}");
            text += &perform(&mut stage, command_text).map_err(wrong)?;
        } else if line.starts_with('#') || line.is_empty() {
            let _ = writeln!(text, "{line}");
        }
    }
    Ok(text)
}

struct Stage {
    universe: Arc<Universe>,
    told: usize,
}

fn perform(stage: &mut Option<Stage>, command: &str) -> Result<String, String> {
    let mut words = command.split_whitespace();
    let verb = words.next().ok_or("an empty command")?;
    let rest: Vec<&str> = words.collect();
    if verb == "service" {
        let universe = Universe::new(settings(&rest)?);
        universe.add_release(&Release::new(1));
        universe.lock().traffic.rate = 0.0;
        *stage = Some(Stage { universe, told: 0 });
        return Ok(String::new());
    }
    let stage = stage.as_mut().ok_or("`service` comes first")?;
    match (verb, rest.as_slice()) {
        ("traffic", [rate]) => {
            stage.universe.lock().traffic.rate = rate.parse().map_err(|_| "not a number")?;
        }
        ("release", [name, how @ ..]) => stage.universe.add_release(&parse::release(name, how)?),
        ("at", [after, what @ ..]) => {
            stage.universe.plan_event(parse::span(after)?.duration(), parse::event(what)?);
        }
        ("run", [time]) => stage.universe.advance(parse::span(time)?.duration()),
        ("ship" | "rollback" | "converge" | "continue", rest) => stage.command(verb, rest)?,
        ("show", []) => return Ok(stage.news() + &stage.show()),
        _ => return Err(format!("`{command}` is no command")),
    }
    Ok(stage.news())
}

fn settings(words: &[&str]) -> Result<Settings, String> {
    let mut environment = parse::environment();
    let (mut hosts, mut zones) = (1, 0);
    for word in words {
        let (key, value) = word.split_once('=').ok_or_else(|| format!("`{word}` is not key=value"))?;
        match key {
            "hosts" => hosts = value.parse().map_err(|_| "not a number")?,
            "zones" => zones = value.parse().map_err(|_| "not a number")?,
            _ => parse::setting(&mut environment, key, value)?,
        }
    }
    Ok(Settings {
        seed: 1,
        hosts,
        zones,
        environment,
        step: Duration::from_millis(100),
        tick: Duration::from_millis(500),
        breakage: Breakage::None,
    })
}

impl Stage {
    fn command(&mut self, verb: &str, rest: &[&str]) -> Result<(), String> {
        let die_after = rest.iter().find_map(|w| w.strip_prefix("die-after="));
        let upsets = match die_after {
            None => Vec::new(),
            Some(n) => {
                let at = Point::AfterRecord(n.parse().map_err(|_| "not a number")?);
                vec![Upset { at, what: Mishap::Dies }]
            }
        };
        let release = || {
            let name = rest.first().ok_or("which release?")?;
            Ok::<_, String>(Release::new(parse::number(name)?).id)
        };
        let order = match verb {
            "ship" => Order::Ship(release()?),
            "rollback" => Order::Rollback(release()?),
            "converge" => Order::Converge,
            _ => Order::Continue,
        };
        let _ = Process::new(&self.universe, upsets, false).command(&order);
        Ok(())
    }

    /// What has happened since the last command; looks are many and left out.
    fn news(&mut self) -> String {
        let inner = self.universe.lock();
        let lines = inner.story[self.told..]
            .iter()
            .filter(|l| !l.contains(" looks for ") && !l.contains(" intends "));
        let text = lines.fold(String::new(), |text, line| text + line.trim_end() + "\n");
        self.told = inner.story.len();
        text
    }

    fn show(&self) -> String {
        let inner = self.universe.lock();
        let mut text = String::new();
        for host in &inner.hosts {
            let table = host.memory.table();
            let arms = table.iter().flat_map(|t| &t.arms);
            let arms: Vec<_> = arms.filter(|a| a.weight > Share::NONE).collect();
            let shares: Vec<_> = arms.iter().map(|a| format!("{} {}", a.release, a.weight)).collect();
            let running: Vec<_> = host.memory.running().iter().map(ToString::to_string).collect();
            let current = host.memory.current().map_or_else(|| "nothing".to_owned(), |c| c.to_string());
            let name = &host.name;
            let line = format!(
                "          {name}: traffic {}; running {}; current {current}\n",
                shares.join(", "),
                running.join(" ")
            );
            text += &words::renamed(line, &self.universe.releases);
        }
        if let Some(violation) = inner.watch.violation() {
            let _ = writeln!(text, "{:?} does not hold: {}", violation.invariant, violation.what);
        }
        text
    }
}
