//! The stub against servers of its own: real sockets, made-up answers.

use std::net::TcpListener;

use proptest::prelude::*;
use simple_dns::ResourceRecord;
use simple_dns::rdata::{A, AAAA, CNAME};

use super::*;

/// How a made-up server answers one query.
#[derive(Clone, Copy)]
enum Manner {
    /// With the records.
    Records,
    /// `NXDOMAIN` for everything but `db.corp`.
    OnlyInSearch,
    /// `SERVFAIL`.
    Broken,
    /// Cut short; the whole answer over TCP.
    CutShort,
    /// A forged answer with another number first.
    Forged,
    /// Not at all.
    Silent,
}

fn reply(query: &[u8], manner: Manner, tcp: bool) -> Vec<u8> {
    let query = Packet::parse(query).unwrap();
    let mut reply = Packet::new_reply(query.id());
    let question = query.questions[0].clone();
    let asked = question.qname.clone();
    let kind = question.qtype;
    reply.questions.push(question);
    let known = !matches!(manner, Manner::OnlyInSearch) || asked.to_string() == "db.corp";
    match manner {
        Manner::Broken => *reply.rcode_mut() = RCODE::ServerFailure,
        Manner::CutShort if !tcp => reply.set_flags(PacketFlag::TRUNCATION),
        _ if !known => *reply.rcode_mut() = RCODE::NameError,
        _ => {
            let real = Name::new("real.example").unwrap();
            let alias = RData::CNAME(CNAME(real.clone()));
            let stray = RData::A(A { address: 0xC000_02FF });
            reply.answers.push(ResourceRecord::new(Name::new("stray.example").unwrap(), CLASS::IN, 1, stray));
            reply.answers.push(ResourceRecord::new(asked, CLASS::IN, 1, alias));
            let address = if kind == TYPE::A.into() {
                RData::A(A { address: 0xC000_0207 })
            } else {
                RData::AAAA(AAAA { address: 7 })
            };
            reply.answers.push(ResourceRecord::new(real, CLASS::IN, 1, address));
        }
    }
    reply.build_bytes_vec_compressed().unwrap()
}

/// A server on a free port of this machine, for as many queries as the test asks; it ends with the test.
fn server(manner: Manner) -> SocketAddr {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    let udp = UdpSocket::bind(address).unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((n, from)) = udp.recv_from(&mut buffer) {
            let mut answer = reply(&buffer[..n], manner, false);
            if matches!(manner, Manner::Silent) {
                continue;
            }
            if matches!(manner, Manner::Forged) {
                answer[0] ^= 1;
                udp.send_to(&answer, from).unwrap();
                answer[0] ^= 1;
            }
            udp.send_to(&answer, from).unwrap();
        }
    });
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = tcp.accept() {
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut query).unwrap();
            let answer = reply(&query, manner, true);
            stream.write_all(&u16::try_from(answer.len()).unwrap().to_be_bytes()).unwrap();
            stream.write_all(&answer).unwrap();
        }
    });
    address
}

fn config(servers: &[Manner]) -> Config {
    let mut config = Config::parse("search corp\noptions attempts:1", 53);
    config.servers = servers.iter().map(|manner| server(*manner)).collect();
    config.timeout = Duration::from_millis(200);
    config
}

fn ask_for(config: &Config, host: &str) -> Result<Vec<IpAddr>, ResolveError> {
    lookup(config, host, Instant::now() + Duration::from_secs(5))
}

fn both() -> Vec<IpAddr> {
    vec!["192.0.2.7".parse().unwrap(), "::7".parse().unwrap()]
}

#[test]
fn an_alias_is_followed_and_strays_are_left_out() {
    assert_eq!(ask_for(&config(&[Manner::Records]), "www.example"), Ok(both()));
}

#[test]
fn a_long_answer_comes_over_tcp() {
    assert_eq!(ask_for(&config(&[Manner::CutShort]), "www.example"), Ok(both()));
}

#[test]
fn a_forged_answer_is_passed_over() {
    assert_eq!(ask_for(&config(&[Manner::Forged]), "www.example"), Ok(both()));
}

#[test]
fn the_next_server_is_asked_when_one_is_of_no_use() {
    assert_eq!(ask_for(&config(&[Manner::Broken, Manner::Silent, Manner::Records]), "a.b"), Ok(both()));
}

#[test]
fn the_search_list_is_gone_through() {
    let config = config(&[Manner::OnlyInSearch]);
    assert_eq!(ask_for(&config, "db"), Ok(both()));
    assert_eq!(ask_for(&config, "db."), Err(ResolveError::NotFound("db.".into())));
    assert_eq!(ask_for(&config, "other"), Err(ResolveError::NotFound("other".into())));
}

#[test]
fn failures_are_told_apart_from_absence() {
    let error = ask_for(&config(&[Manner::Broken]), "a.b").unwrap_err().to_string();
    assert_eq!(error, "cannot look up `a.b`: DNS server 127.0.0.1: it answered ServerFailure");
    let error = ask_for(&config(&[Manner::Silent]), "a.b").unwrap_err().to_string();
    assert_eq!(error, "cannot look up `a.b`: DNS server 127.0.0.1: no answer within 200ms");
}

#[test]
fn the_deadline_holds() {
    let mut config = config(&[Manner::Silent]);
    config.timeout = Duration::from_secs(30);
    let start = Instant::now();
    lookup(&config, "a.b", start + Duration::from_millis(100)).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(5));
}

proptest! {
    #[test]
    fn any_bytes_are_survived(mut bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let query = [1, 2];
        if bytes.len() > 2 {
            bytes[..2].copy_from_slice(&query);
        }
        let _ = read(&bytes, &query, "a.example", TYPE::A);
    }
}
