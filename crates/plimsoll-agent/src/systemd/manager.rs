//! What plimsoll asks of systemd, as typed calls. All of them may be made twice.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use zbus::{OwnedObjectPath, Variant};

use super::Scope;
use super::bus::{Bus, BusError, Via};

const PATH: &str = "/org/freedesktop/systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";
const UNIT: &str = "org.freedesktop.systemd1.Unit";
const SERVICE: &str = "org.freedesktop.systemd1.Service";

/// How often a job is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// A systemd, connected when it is first needed and again when the connection broke.
#[derive(Debug)]
pub(super) struct Systemd {
    scope: Scope,
    bus: Option<Bus>,
}

/// What systemd says of a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct UnitState {
    /// `loaded`, `not-found`, `bad-setting`, `masked`.
    pub(super) load: String,
    /// `active`, `inactive`, `activating`, `deactivating`, `failed`, `reloading`.
    pub(super) active: String,
    /// More exact: `running`, `auto-restart`, `dead` and others.
    pub(super) sub: String,
    /// Names one activation of the unit; empty where it was never active since the boot.
    pub(super) invocation: String,
    /// A job for it waits.
    pub(super) has_job: bool,
    /// The file that it was read from.
    pub(super) fragment: PathBuf,
}

/// What systemd says of a service's main process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct MainProcess {
    /// Its number; 0 where none runs.
    pub(super) pid: u32,
    /// `success`, `exit-code`, `signal`, `oom-kill`, `start-limit-hit` and others.
    pub(super) result: String,
    /// How it ended: 1 by itself, 2 by a signal, 3 by a signal with a core file; 0 where it did not.
    pub(super) code: i32,
    /// Its exit code or the signal.
    pub(super) status: i32,
}

/// A file that systemd knows by name: its path and whether it is enabled.
type UnitFile = (String, String);
/// A link that was made or removed.
type Change = (String, String, String);

impl Systemd {
    /// The systemd of this scope. Nothing is connected yet.
    pub(super) fn new(scope: Scope) -> Self {
        Self { scope, bus: None }
    }

    /// Its scope.
    pub(super) fn scope(&self) -> Scope {
        self.scope
    }

    /// Connects where that has not happened, and says which way.
    pub(super) fn via(&mut self) -> Result<Via, BusError> {
        Ok(self.bus()?.via())
    }

    fn bus(&mut self) -> Result<&mut Bus, BusError> {
        if self.bus.is_none() {
            self.bus = Some(Bus::connect(self.scope)?);
        }
        Ok(self.bus.as_mut().expect("it was connected above"))
    }

    /// Asks once more with a new connection where the old one broke: a bus daemon may be restarted at any time.
    fn with_bus<T>(&mut self, ask: impl Fn(&mut Bus) -> Result<T, BusError>) -> Result<T, BusError> {
        let fresh = self.bus.is_none();
        match ask(self.bus()?) {
            Err(error) if error.is_lost() => {
                self.bus = None;
                if fresh { Err(error) } else { ask(self.bus()?) }
            }
            other => other,
        }
    }

    /// Reads all unit files again.
    pub(super) fn reload(&mut self) -> Result<(), BusError> {
        self.with_bus(|bus| bus.call(PATH, MANAGER, "Reload", &()))
    }

    /// Asks for a start; does not wait.
    pub(super) fn start(&mut self, unit: &str) -> Result<(), BusError> {
        self.job("StartUnit", unit)
    }

    /// Asks for a stop; does not wait.
    pub(super) fn stop(&mut self, unit: &str) -> Result<(), BusError> {
        forgive_unknown(self.job("StopUnit", unit))
    }

    /// Asks for a restart; does not wait.
    pub(super) fn restart(&mut self, unit: &str) -> Result<(), BusError> {
        self.job("RestartUnit", unit)
    }

    fn job(&mut self, method: &str, unit: &str) -> Result<(), BusError> {
        let _: OwnedObjectPath = self.with_bus(|bus| bus.call(PATH, MANAGER, method, &(unit, "replace")))?;
        Ok(())
    }

    /// Sends a signal to every process of the unit.
    pub(super) fn kill(&mut self, unit: &str, signal: i32) -> Result<(), BusError> {
        forgive_unknown(self.with_bus(|bus| bus.call(PATH, MANAGER, "KillUnit", &(unit, "all", signal))))
    }

    /// Forgets that the unit failed and how often it was started.
    pub(super) fn reset_failed(&mut self, unit: &str) -> Result<(), BusError> {
        forgive_unknown(self.with_bus(|bus| bus.call(PATH, MANAGER, "ResetFailedUnit", &(unit,))))
    }

    /// Has the unit started with every boot. Takes effect on disk at once.
    pub(super) fn enable(&mut self, unit: &str) -> Result<(), BusError> {
        let units = vec![unit];
        let body = (units, false, true);
        let _: (bool, Vec<Change>) =
            self.with_bus(|bus| bus.call(PATH, MANAGER, "EnableUnitFiles", &body))?;
        Ok(())
    }

    /// Has it not started any more with a boot.
    pub(super) fn disable(&mut self, unit: &str) -> Result<(), BusError> {
        let body = (vec![unit], false);
        let changes: Result<Vec<Change>, _> =
            self.with_bus(|bus| bus.call(PATH, MANAGER, "DisableUnitFiles", &body));
        forgive_unknown(changes.map(drop))
    }

    /// Unit files with this name, wherever systemd looks for them.
    pub(super) fn unit_files(&mut self, name: &str) -> Result<Vec<PathBuf>, BusError> {
        let body = (Vec::<&str>::new(), vec![name]);
        let found: Vec<UnitFile> =
            self.with_bus(|bus| bus.call(PATH, MANAGER, "ListUnitFilesByPatterns", &body))?;
        Ok(found.into_iter().map(|(path, _)| PathBuf::from(path)).collect())
    }

    /// What systemd says of the unit, which is loaded where it was not.
    pub(super) fn unit(&mut self, unit: &str) -> Result<UnitState, BusError> {
        self.with_bus(|bus| {
            let path = load(bus, unit)?;
            let invocation: Vec<u8> = bus.get(&path, UNIT, "InvocationID")?;
            let job: (u32, OwnedObjectPath) = bus.get(&path, UNIT, "Job")?;
            let mut text = |name| bus.get::<String>(&path, UNIT, name);
            Ok(UnitState {
                load: text("LoadState")?,
                active: text("ActiveState")?,
                sub: text("SubState")?,
                invocation: hexadecimal(&invocation),
                has_job: job.0 != 0,
                fragment: text("FragmentPath")?.into(),
            })
        })
    }

    /// What systemd says of a service's main process.
    pub(super) fn main_process(&mut self, unit: &str) -> Result<MainProcess, BusError> {
        self.with_bus(|bus| {
            let path = load(bus, unit)?;
            Ok(MainProcess {
                pid: bus.get(&path, SERVICE, "MainPID")?,
                result: bus.get(&path, SERVICE, "Result")?,
                code: bus.get(&path, SERVICE, "ExecMainCode")?,
                status: bus.get(&path, SERVICE, "ExecMainStatus")?,
            })
        })
    }

    /// Waits until no job of the unit is left, and answers with its state.
    pub(super) fn settle(&mut self, unit: &str, patience: Duration) -> Result<UnitState, BusError> {
        let began = Instant::now();
        loop {
            let state = self.unit(unit)?;
            if !state.has_job || began.elapsed() > patience {
                return Ok(state);
            }
            thread::sleep(LOOK);
        }
    }

    /// Runs a program once, as a transient service, and waits for its end.
    pub(super) fn run(
        &mut self,
        unit: &str,
        command: &[&str],
        patience: Duration,
    ) -> Result<MainProcess, BusError> {
        let exec: Vec<(String, Vec<String>, bool)> =
            vec![(command[0].to_owned(), command.iter().map(|&word| word.to_owned()).collect(), false)];
        let properties: Vec<(&str, Variant<'_>)> = vec![
            ("Description", Variant::from("plimsoll: one step of preparing a service")),
            ("Type", Variant::from("oneshot")),
            // Stays as it ended until it is looked at.
            ("RemainAfterExit", Variant::from(true)),
            ("ExecStart", Variant::new(exec)),
        ];
        let others: Vec<(&str, Vec<(&str, Variant<'_>)>)> = Vec::new();
        // What an interrupted attempt left.
        self.stop(unit)?;
        self.settle(unit, patience)?;
        self.reset_failed(unit)?;
        let body = (unit, "replace", properties, others);
        let _: OwnedObjectPath = self.with_bus(|bus| bus.call(PATH, MANAGER, "StartTransientUnit", &body))?;
        self.settle(unit, patience)?;
        let ended = self.main_process(unit)?;
        self.stop(unit)?;
        self.reset_failed(unit)?;
        Ok(ended)
    }
}

fn load(bus: &mut Bus, unit: &str) -> Result<String, BusError> {
    let path: OwnedObjectPath = bus.call(PATH, MANAGER, "LoadUnit", &(unit,))?;
    Ok(path.as_str().to_owned())
}

/// A unit that systemd does not know has been dealt with.
fn forgive_unknown(result: Result<(), BusError>) -> Result<(), BusError> {
    match result {
        Err(error) if error.is_no_such_unit() => Ok(()),
        other => other,
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
