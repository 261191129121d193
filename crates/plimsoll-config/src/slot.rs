//! A key of the file layer: not there, there but wrong, or given. The second is kept apart from the first so that a
//! wrong value is not also reported as a missing one.

use std::ops::Range;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    /// Bytes of the value.
    pub(crate) span: Range<usize>,
    /// Bytes of its key; the value's own in an array.
    pub(crate) key: Range<usize>,
}

/// What the file says about one key.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Slot<T> {
    /// Nothing.
    #[default]
    Absent,
    /// Something that is not a value of this kind; it has been reported.
    Wrong,
    /// A value.
    Given(At<T>),
}

impl<T> Slot<T> {
    pub(crate) fn given(&self) -> Option<&At<T>> {
        match self {
            Self::Given(at) => Some(at),
            _ => None,
        }
    }

    pub(crate) fn value(&self) -> Option<&T> {
        self.given().map(|at| &at.value)
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}
