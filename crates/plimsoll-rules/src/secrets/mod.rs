//! Finding secrets in text and in binaries, and never showing them.
//!
//! [`scan`] looks for keywords in one pass, and looks closer only where one stands: at the [`format`]s of [`providers`], at
//! [`private_key`]s, at the passwords of addresses ([`url`]), and at values behind names that say that they are secret
//! ([`assignment`], [`names`]). What stands in for a secret ([`measure`]) is none. Each place is reported once, by what is known
//! best about it. [`mask`] is how secrets are shown.

mod assignment;
mod format;
mod mask;
pub(crate) mod measure;
pub(crate) mod names;
mod private_key;
mod providers;
mod scan;
mod url;

pub(crate) use mask::hide;
#[cfg(test)]
pub(crate) use scan::sample;
pub use scan::{Certainty, Hit, Style, scan};
