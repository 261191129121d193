//! A client that sends requests at a steady rate to a service of this machine, and counts what it loses.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;

use plimsoll_testkit::load::{Client, ClientOptions, Counts};

/// A running client.
pub struct Load(Client);

impl Load {
    /// Sends `rate` requests a second to a port of this machine until it is stopped.
    pub fn start(port: u16, rate: u32) -> Self {
        let addresses = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, port))];
        Self(Client::start(ClientOptions { addresses, rate, workers: 4, ..ClientOptions::default() }))
    }

    /// Stops, and says what came of it.
    pub fn stop(self) -> Counts {
        self.0.stop()
    }
}

impl Deref for Load {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}
