//! What makes a route table valid. The proxy refuses any other, so the request path need not ask again.

use std::collections::BTreeSet;

use http::header::HeaderName;
use plimsoll_model::traffic::{LARGEST_PAGE, RouteTable, Stickiness};
use plimsoll_model::{InstanceId, ReleaseId, Share};
use serde::{Deserialize, Serialize};

/// Buckets of a histogram at most, so that a table cannot make every answer expensive to count.
const MAX_BOUNDS: usize = 200;

/// Why a table is not valid.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum TableError {
    /// The weights are not the whole.
    #[error("the weights add up to {}.{:02} %, expected 100 % (or no arms at all)", points / 100, points % 100)]
    Weights {
        /// Their sum in hundredths of a percent.
        points: u64,
    },
    /// A release is on two sides.
    #[error("release {release} is in two arms; a release has one weight")]
    DuplicateRelease {
        /// The release.
        release: ReleaseId,
    },
    /// An instance appears twice.
    #[error("instance {instance} is listed twice")]
    DuplicateInstance {
        /// The instance.
        instance: InstanceId,
    },
    /// The histogram's bounds cannot be used.
    #[error("the latency bounds must be at most 200 positive numbers of seconds, each above the one before")]
    Bounds,
    /// The maintenance page is too large.
    #[error("the maintenance page has {size} bytes; at most {LARGEST_PAGE} are served")]
    Page {
        /// Its size in bytes.
        size: usize,
    },
    /// A cookie or header name cannot be used.
    #[error("`{name}` cannot be the name of the {what} that clients are recognised by")]
    StickyName {
        /// `cookie` or `header`.
        what: String,
        /// The name.
        name: String,
    },
}

/// Says whether `table` can be served.
pub(crate) fn validate(table: &RouteTable) -> Result<(), TableError> {
    let points: u64 = table.arms.iter().map(|arm| u64::from(arm.weight.points())).sum();
    if !table.arms.is_empty() && points != u64::from(Share::ALL.points()) {
        return Err(TableError::Weights { points });
    }
    let (mut releases, mut instances) = (BTreeSet::new(), BTreeSet::new());
    for arm in &table.arms {
        if !releases.insert(&arm.release) {
            return Err(TableError::DuplicateRelease { release: arm.release.clone() });
        }
        for backend in &arm.backends {
            if !instances.insert(&backend.instance) {
                return Err(TableError::DuplicateInstance { instance: backend.instance.clone() });
            }
        }
    }
    validate_bounds(&table.latency_bounds)?;
    if let Some(size) = table.maintenance.as_ref().map(|m| m.page.len()).filter(|size| *size > LARGEST_PAGE) {
        return Err(TableError::Page { size });
    }
    validate_stickiness(&table.stickiness)
}

fn validate_bounds(bounds: &[f64]) -> Result<(), TableError> {
    let ascending = bounds.windows(2).all(|pair| pair[0] < pair[1]);
    let positive = bounds.iter().all(|bound| bound.is_finite() && *bound > 0.0);
    if ascending && positive && bounds.len() <= MAX_BOUNDS { Ok(()) } else { Err(TableError::Bounds) }
}

fn validate_stickiness(stickiness: &Stickiness) -> Result<(), TableError> {
    let (what, name) = match stickiness {
        Stickiness::None => return Ok(()),
        Stickiness::Cookie { name } => ("cookie", name),
        Stickiness::Header { name } => ("header", name),
    };
    // A cookie's name is a token, as a header's is (RFC 6265, 4.1.1).
    match HeaderName::from_bytes(name.as_bytes()) {
        Ok(_) => Ok(()),
        Err(_) => Err(TableError::StickyName { what: what.to_owned(), name: name.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::traffic::{Arm, Backend};

    use super::*;

    fn arm(release: &str, percent: u32, ordinals: &[u32]) -> Arm {
        let release: ReleaseId = release.parse().unwrap();
        let backends = ordinals
            .iter()
            .map(|n| Backend {
                instance: InstanceId::new(release.clone(), *n),
                address: ([127, 0, 0, 1], 1).into(),
                ready: true,
            })
            .collect();
        Arm { release, weight: Share::percent(percent), backends }
    }

    fn table(arms: Vec<Arm>) -> RouteTable {
        RouteTable {
            version: 1,
            arms,
            stickiness: Stickiness::None,
            latency_bounds: vec![0.1, 1.0],
            maintenance: None,
        }
    }

    const A: &str = "aaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbb";

    #[test]
    fn weights_are_the_whole_or_absent() {
        assert_eq!(validate(&table(vec![])), Ok(()));
        assert_eq!(validate(&table(vec![arm(A, 95, &[0]), arm(B, 5, &[0])])), Ok(()));
        let error = validate(&table(vec![arm(A, 95, &[0]), arm(B, 4, &[0])])).unwrap_err();
        assert_eq!(error.to_string(), "the weights add up to 99.00 %, expected 100 % (or no arms at all)");
        assert!(validate(&table(vec![arm(A, 100, &[]), arm(B, 100, &[])])).is_err());
    }

    #[test]
    fn releases_and_instances_are_unique() {
        assert!(matches!(
            validate(&table(vec![arm(A, 50, &[0]), arm(A, 50, &[1])])),
            Err(TableError::DuplicateRelease { .. })
        ));
        assert!(matches!(
            validate(&table(vec![arm(A, 100, &[0, 0])])),
            Err(TableError::DuplicateInstance { .. })
        ));
    }

    #[test]
    fn bounds_ascend() {
        for bad in [vec![0.2, 0.1], vec![0.1, 0.1], vec![0.0], vec![f64::NAN], vec![f64::INFINITY]] {
            let table = RouteTable { latency_bounds: bad, ..table(vec![]) };
            assert_eq!(validate(&table), Err(TableError::Bounds));
        }
    }

    #[test]
    fn a_cookie_name_cannot_split_the_header() {
        let stickiness = Stickiness::Cookie { name: "a=b; c".into() };
        assert!(validate(&RouteTable { stickiness, ..table(vec![]) }).is_err());
    }
}
