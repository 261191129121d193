//! `[service]`

use plimsoll_model::ServiceName;

use crate::settings::settings;
use crate::values::number::Whole;

settings! {
    /// The service itself.
    ServiceLayer;
    /// Its name. It is part of paths, unit names and metric labels.
    "name" => name: ServiceName, required;
    /// How many releases a host keeps beside the current, the last known good and the pinned ones.
    "keep-releases" => keep_releases: Whole<1, 1000> = "5";
}
