//! Steering a proxy of another process over a Unix socket.
//!
//! [`wire`] says what is sent, `server` is the proxy's side, [`client`] the steering side: blocking, without an
//! event loop, with a time limit on everything.

pub mod client;
mod server;
pub mod wire;

pub use client::{ControlClient, ControlError};
pub(crate) use server::{Socket, bind};
