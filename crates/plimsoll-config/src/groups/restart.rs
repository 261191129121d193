//! `[run.restart]`

use plimsoll_model::release::Restart;

use crate::settings::settings;
use crate::values::number::Whole;
use crate::values::time::{AnyTime, SomeTime};

settings! {
    /// What happens when an instance exits by itself. After `attempts` restarts within `window` it is given up as a
    /// crash loop.
    RestartLayer;
    /// Restarts allowed within the window; 0 never restarts.
    "attempts" => attempts: Whole<0, 1000> = "3";
    /// The window.
    "window" => window: SomeTime = "\"1m\"";
    /// Pause before a restart.
    "delay" => delay: AnyTime = "\"1s\"";
}

impl RestartLayer {
    pub(crate) fn resolve(&self) -> Restart {
        Restart { attempts: self.attempts().0, window: self.window().0, delay: self.delay().0 }
    }
}
