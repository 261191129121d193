//! Processes that run once, as units of their own: `plimsoll-<service>-once@<run>.service`.
//!
//! Each run has a unit that no other run ever has. Systemd keeps what has ended in view (`RemainAfterExit`, or failed)
//! until its end is written down; only then the unit is taken away. What was asked for before a reboot and not seen is
//! not started again.

use std::fs;
use std::time::Duration;

use plimsoll_model::Span;

use super::{Order, PrepareError, SystemdRuntime, remove_file, write_secrets};
use crate::process::procfs;
use crate::runtime::InstanceOrder;
use crate::systemd::label;
use crate::systemd::units::{InstanceUnit, instance_secrets, once};

/// How much later than the core systemd ends it: the core's word is the better one.
const GRACE: Duration = Duration::from_secs(5);

impl SystemdRuntime {
    /// Starts one that is not known to have been started.
    pub(super) fn begin_once(&mut self, order: &InstanceOrder, timeout: Span) -> Result<(), PrepareError> {
        let unit = self.names.once(order.process.run);
        let run = self.run(&order.process);
        let log = self.layout.log(&order.process.instance);
        // Its lines are looked for from now on.
        fs::create_dir_all(&log).map_err(|source| PrepareError::Write { path: log, source })?;
        let changed = self.prepare_once(order, timeout, &unit)?;
        if run.order().is_none() {
            let before = self.systemd.unit(&unit)?.invocation;
            let asked = Order { unit: unit.clone(), before, boot: Some(procfs::boot_id()) };
            let written = run.write_order(&asked);
            written.map_err(|source| PrepareError::Write { path: run.0.clone(), source })?;
        }
        if changed {
            self.systemd.reload()?;
        }
        Ok(self.systemd.start(&unit)?)
    }

    fn prepare_once(
        &mut self,
        order: &InstanceOrder,
        timeout: Span,
        unit: &str,
    ) -> Result<bool, PrepareError> {
        let shared = super::absolute(self.layout.shared());
        let account = self.account(&order.run_spec, &shared)?;
        // The host's own programs keep the labels that they have.
        if order.executable.starts_with(self.layout.folder()) {
            label::as_program(&order.executable);
        }
        let secrets = self.secrets(unit);
        let changed = write_secrets(&secrets, &instance_secrets(order))?;
        let described = InstanceUnit {
            order,
            service: self.service.as_str(),
            shared: &shared,
            account: account.as_ref().map(|account| account.name.as_str()),
            secrets: &secrets,
            scope: self.systemd.scope(),
        };
        let timeout = Span::from(timeout.duration() + GRACE);
        let text = once(&described, timeout, self.layout.folder(), env!("CARGO_PKG_VERSION"));
        Ok(changed | self.files.write(&mut self.systemd, unit, &text)?)
    }

    /// Ends what one left behind, and removes what was written for it. Its end must have been written down.
    pub(super) fn take_once_away(&mut self, unit: &str) -> Result<(), PrepareError> {
        if self.files.read(unit).is_none() {
            return Ok(());
        }
        self.systemd.stop(unit)?;
        remove_file(&self.secrets(unit))?;
        // Last, because it is what is looked for above.
        self.files.remove(unit)?;
        Ok(self.systemd.reset_failed(unit)?)
    }
}
