//! `[run.limits]`

use plimsoll_model::release::Limits;

use crate::settings::settings;
use crate::values::number::{Cores, Whole};
use crate::values::size::Memory;

settings! {
    /// Bounds on what one instance may use; what is absent is not limited.
    LimitsLayer;
    /// Memory; beyond it the kernel ends the instance. Units: kB, MB, GB, TB (1000) and KiB, MiB, GiB, TiB (1024).
    "memory" => memory: Memory;
    /// Processor time in cores, as `0.5` or `2`.
    "cpu" => cpu: Cores;
    /// Files and connections that it may have open.
    "open-files" => open_files: Whole<16, 1_048_576>;
}

impl LimitsLayer {
    pub(crate) fn resolve(&self) -> Limits {
        Limits {
            memory: self.memory.value().map(|memory| memory.0),
            cpu: self.cpu.value().map(|cpu| cpu.0),
            open_files: self.open_files.value().map(|files| files.0.into()),
        }
    }
}
