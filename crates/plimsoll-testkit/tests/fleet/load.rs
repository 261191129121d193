//! The client that counts, against hosts that go away.

use std::net::SocketAddr;

use plimsoll_testkit::fleet::{Client, ClientOptions, FleetOptions, Host};

use crate::{fleet, inside, wait_for};

/// A service for one connection at a time; every Debian host has perl.
const SERVICE: &str = r#"
use IO::Socket::INET;
my $listener = IO::Socket::INET->new(LocalPort => 8080, Listen => 99, ReuseAddr => 1) or die;
while (my $client = $listener->accept) {
    while (defined(my $line = <$client>)) { last if $line eq "\r\n" }
    print $client "HTTP/1.1 200 OK\r\nx-plimsoll-release: r1\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi";
    close $client;
}"#;

#[test]
fn a_host_without_power_loses_its_requests_and_no_others() {
    let options = FleetOptions { hosts: 2, ..FleetOptions::default() };
    let Some(fleet) = fleet("a_host_without_power_loses_its_requests_and_no_others", options) else { return };
    let port = |host: &Host| SocketAddr::from((host.address(), 8080));
    let [dying, staying] = fleet.hosts() else { panic!("it has two hosts") };
    for host in fleet.hosts() {
        inside(host, &["systemd-run", "--quiet", "--unit=service", "perl", "-e", SERVICE]);
        wait_for("the service", || std::net::TcpStream::connect(port(host)).is_ok());
    }
    let addresses = vec![port(dying), port(staying)];
    let client = Client::start(ClientOptions { addresses, rate: 50, ..ClientOptions::default() });
    wait_for("good answers", || client.counts().ok > 100);
    client.lost_nothing("both are there");
    dying.kill().unwrap();
    wait_for("losses", || client.counts().lost.len() > 20);
    let counts = client.stop();
    assert!(counts.lost.iter().all(|loss| loss.address == port(dying)), "{:?}", counts.lost);
    assert_eq!((counts.bad, counts.releases["r1"]), (0, counts.ok));
}
