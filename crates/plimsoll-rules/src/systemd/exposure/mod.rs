//! The exposure of a service: the score of `systemd-analyze security`, computed from the unit alone.
//!
//! A table of rows, each with a weight, says how much worse the service is for what it may do ([`table`]). What it may do
//! follows from the *effective* unit ([`effective`]): settings that imply others, capability sets, groups of system
//! calls. The score is the weighted share of the badness of the rows that apply, rounded up to a tenth.

pub mod address;
pub mod calls;
pub mod capabilities;
pub mod effective;
pub mod families;
pub mod judge;
mod report;
pub mod table;

pub use report::{SYSTEMD, exposure};
