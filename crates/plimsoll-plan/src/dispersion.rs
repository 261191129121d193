//! Overdispersion: how much more the stable side's bad events scatter than independent ones would.
//!
//! Errors come in bursts (one client retrying, one dependency stalling). Treated as independent they look like more
//! evidence than they are, so the evidence is divided by this factor, Pearson's statistic over its degrees of
//! freedom, never less than 1 (`McCullagh` and Nelder, "Generalized linear models", 4.5).

use std::time::Duration;

use plimsoll_model::Timestamp;

/// Looks are gathered into windows of at least this length, so that a burst falls into one of them.
const WINDOW: Duration = Duration::from_secs(10);
/// Fewer windows say nothing about scatter.
const MIN_WINDOWS: u64 = 3;

/// Estimates the overdispersion of one side from its looks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dispersion {
    /// Start of the open window, and its events.
    open: Option<(Timestamp, u64, u64)>,
    windows: u64,
    /// Sum of bad²/total over the closed windows.
    squares: f64,
    bad: u64,
    total: u64,
}

impl Dispersion {
    /// Adds a look that ended at `at`.
    pub fn add(&mut self, at: Timestamp, bad: u64, total: u64) {
        let (start, open_bad, open_total) = self.open.unwrap_or((at, 0, 0));
        let (open_bad, open_total) = (open_bad + bad, open_total + total);
        if at.since(start) < WINDOW {
            self.open = Some((start, open_bad, open_total));
            return;
        }
        self.open = Some((at, 0, 0));
        if open_total > 0 {
            self.windows += 1;
            self.bad += open_bad;
            self.total += open_total;
            self.squares += (open_bad as f64).powi(2) / open_total as f64;
        }
    }

    /// The factor, at least 1. With too few windows, or no bad event at all, it is 1.
    pub fn factor(&self) -> f64 {
        let (bad, total) = (self.bad as f64, self.total as f64);
        if self.windows < MIN_WINDOWS || self.bad == 0 || self.bad >= self.total {
            return 1.0;
        }
        let rate = bad / total;
        let pearson = (self.squares - bad * rate) / (rate * (1.0 - rate));
        (pearson / (self.windows - 1) as f64).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(counts: &[u64]) -> f64 {
        let mut dispersion = Dispersion::default();
        for (i, bad) in counts.iter().enumerate() {
            dispersion.add(Timestamp::from_millis(20_000 * (i as u64 + 1)), *bad, 1000);
        }
        // Each look but the first closes a window of its own.
        dispersion.factor()
    }

    #[test]
    fn even_errors_are_not_overdispersed() {
        assert!((looks(&[2; 20]) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn bursts_are() {
        let factor = looks(&[0, 0, 0, 40, 0, 0, 0, 0, 40, 0, 0, 0]);
        assert!(factor > 10.0, "{factor}");
    }

    #[test]
    fn few_or_no_errors_say_nothing() {
        assert!((looks(&[5, 0]) - 1.0).abs() < 1e-9);
        assert!((looks(&[0; 50]) - 1.0).abs() < 1e-9);
    }
}
