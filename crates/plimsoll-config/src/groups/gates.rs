//! `[gates]`

use plimsoll_model::service::{DirtyPolicy, GatesSpec};

use crate::settings::settings;
use crate::values::words::words;

settings! {
    /// Gates between build and deployment.
    GatesLayer;
    /// What happens when the tree holds changes that the commit does not.
    "dirty" => dirty: DirtyPolicy = "\"warn\"";
}

words!(
    DirtyPolicy,
    [
        ("warn", DirtyPolicy::Warn, "go on, and say it in every place that names the release"),
        ("refuse", DirtyPolicy::Refuse, "make no release"),
    ]
);

impl GatesLayer {
    pub(crate) fn resolve(&self) -> GatesSpec {
        GatesSpec { dirty: self.dirty() }
    }
}
