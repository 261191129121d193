//! Ctrl-C and SIGTERM: the first asks for an orderly way back, the second leaves at once.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Exit code of a command that left at the second signal, as shells number it.
const LEFT: i32 = 130;

/// A flag that the first signal sets. At the second the process ends; the hosts then go back by themselves.
pub(crate) fn cancel_flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // Registered first, so that it sees the flag as the signal before left it. A registration fails only for
        // signals that cannot be caught.
        let _ = flag::register_conditional_shutdown(signal, LEFT, Arc::clone(&flag));
        let _ = flag::register(signal, Arc::clone(&flag));
    }
    flag
}
