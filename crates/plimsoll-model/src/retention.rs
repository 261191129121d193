//! Which releases may be removed: the same rule on hosts and in the project's own folder.

use std::collections::BTreeSet;

use crate::ReleaseId;

/// Of the releases that are there, newest first, those that may be removed: beyond the newest `keep`, and not needed.
/// What is needed is never named, whatever `keep` is.
pub fn removable(newest_first: &[ReleaseId], keep: usize, needed: &BTreeSet<ReleaseId>) -> Vec<ReleaseId> {
    newest_first.iter().skip(keep).filter(|release| !needed.contains(release)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn releases() -> impl Strategy<Value = Vec<ReleaseId>> {
        let id = |n: u8| format!("{n:012x}").parse().expect("twelve digits");
        proptest::collection::vec(any::<u8>().prop_map(id), 0..20)
    }

    proptest! {
        #[test]
        fn what_is_needed_or_new_stays(there in releases(), needed in releases(), keep in 0_usize..25) {
            let needed: BTreeSet<_> = needed.into_iter().collect();
            let removed = removable(&there, keep, &needed);
            let left = there.iter().filter(|release| !removed.contains(release));
            prop_assert!(needed.iter().all(|release| !removed.contains(release)));
            prop_assert!(removed.iter().all(|release| there.contains(release)));
            // Nothing is left that is neither new nor needed.
            let new: BTreeSet<_> = there.iter().take(keep).collect();
            for release in left {
                prop_assert!(needed.contains(release) || new.contains(release));
            }
        }

        #[test]
        fn removing_twice_is_as_once(there in releases(), needed in releases(), keep in 0_usize..25) {
            let needed: BTreeSet<_> = needed.into_iter().collect();
            let unique: Vec<_> = {
                let mut seen = BTreeSet::new();
                there.into_iter().filter(|release| seen.insert(release.clone())).collect()
            };
            let removed = removable(&unique, keep, &needed);
            let left: Vec<_> = unique.into_iter().filter(|release| !removed.contains(release)).collect();
            prop_assert_eq!(removable(&left, keep, &needed), Vec::<ReleaseId>::new());
        }
    }
}
