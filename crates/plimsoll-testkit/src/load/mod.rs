//! A load, and an honest account of what came of it: requests at a fixed rate to services that are being changed.
//!
//! [`Client`] sends and counts; [`Connection`] is as much of HTTP/1.1 as that needs.

mod client;
mod connection;
mod counts;

pub use client::{Client, ClientOptions, Exchange};
pub use connection::{Answer, Connection, Lost};
pub use counts::{Counts, Loss};
