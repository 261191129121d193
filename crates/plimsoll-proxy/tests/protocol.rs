//! HTTP itself: framing, hygiene, streaming, changes of protocol, HTTP/2.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic, and so may its helpers")]

mod support;

use std::io::{Read, Write};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use plimsoll_proxy::Proxy;
use support::{
    Client, Instance, Message, STABLE, arm, counters, eventually, in_flight, ok, proxy, read_head, table,
};

fn in_front_of(instance: &Instance) -> Proxy {
    let proxy = proxy();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &[instance.address])])).unwrap();
    proxy
}

/// An instance that remembers what it was asked and answers `answer`.
fn recording(answer: String) -> (Instance, mpsc::Receiver<Message>) {
    let (seen, asked) = mpsc::channel();
    let seen = Mutex::new(seen);
    let instance = Instance::answering(move |request| {
        seen.lock().unwrap().send(request.clone()).unwrap();
        answer.clone()
    });
    (instance, asked)
}

#[test]
fn a_request_arrives_clean_and_says_who_asked() {
    let (instance, asked) = recording(ok("x"));
    let proxy = in_front_of(&instance);
    Client::connect(proxy.local_addr()).get(
        "/path?q=1",
        "connection: keep-alive, x-secret\r\nx-secret: 1\r\nkeep-alive: timeout=9\r\nproxy-connection: keep-alive\r\n\
         x-forwarded-for: 10.1.1.1\r\nx-forwarded-proto: https\r\naccept: */*\r\n",
    );
    let request = asked.recv().unwrap();
    assert_eq!(request.first_line, "GET /path?q=1 HTTP/1.1");
    for gone in ["connection", "x-secret", "keep-alive", "proxy-connection"] {
        assert_eq!(request.header(gone), None, "{gone}");
    }
    assert_eq!(request.header("host"), Some("shop"));
    assert_eq!(request.header("accept"), Some("*/*"));
    assert_eq!(request.header("x-forwarded-for"), Some("10.1.1.1, 127.0.0.1"));
    assert_eq!(request.header("x-forwarded-proto"), Some("http"));
    assert_eq!(request.header("x-forwarded-host"), Some("shop"));
}

#[test]
fn an_answer_arrives_clean_and_says_which_release_gave_it() {
    let answer = "HTTP/1.1 201 Made\r\nconnection: x-internal\r\nx-internal: 1\r\nkeep-alive: timeout=5\r\n\
                  x-plimsoll-release: forged\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 2\r\n\r\nok";
    let instance = Instance::answering(move |_| answer.to_owned());
    let proxy = in_front_of(&instance);
    let answer = Client::connect(proxy.local_addr()).get("/", "");
    assert_eq!(answer.first_line, "HTTP/1.1 201 Made");
    assert_eq!((answer.header("x-internal"), answer.header("keep-alive")), (None, None));
    assert_eq!(answer.headers.iter().filter(|(name, _)| name == "set-cookie").count(), 2);
    let releases: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "x-plimsoll-release").collect();
    assert_eq!(releases.len(), 1);
    assert_eq!(answer.release(), STABLE);
}

#[test]
fn answers_without_a_body_end_where_they_should() {
    let instance = Instance::answering(|request| {
        let line = |status: &str, rest: &str| format!("HTTP/1.1 {status}\r\n{rest}\r\n");
        match request.first_line.split(' ').nth(1).unwrap() {
            "/204" => line("204 No Content", ""),
            "/304" => line("304 Not Modified", "etag: \"x\"\r\n"),
            "/hints" => format!("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n{}", ok("after")),
            _ if request.first_line.starts_with("HEAD") => line("200 OK", "content-length: 1234\r\n"),
            _ => ok("body"),
        }
    });
    let proxy = in_front_of(&instance);
    let mut client = Client::connect(proxy.local_addr());
    let head = client.send("HEAD / HTTP/1.1\r\nhost: shop\r\n\r\n").head();
    assert_eq!((head.status(), head.header("content-length")), (200, Some("1234")));
    for (path, status, text) in
        [("/204", 204, ""), ("/304", 304, ""), ("/hints", 200, "after"), ("/", 200, "body")]
    {
        let answer = client.get(path, "");
        assert_eq!((answer.status(), answer.text().as_str()), (status, text), "{path}");
    }
    assert_eq!(
        instance.connections.load(std::sync::atomic::Ordering::SeqCst),
        1,
        "one connection served all"
    );
    assert_eq!(in_flight(&proxy), 0);
}

#[test]
fn chunks_and_trailers_pass_in_both_directions() {
    let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n\
                  4\r\nabcd\r\n2\r\nef\r\n0\r\nx-sum: 7\r\n\r\n";
    let (instance, asked) = recording(answer.to_owned());
    let proxy = in_front_of(&instance);
    let mut client = Client::connect(proxy.local_addr());
    let request = "POST / HTTP/1.1\r\nhost: shop\r\nte: trailers\r\ntransfer-encoding: chunked\r\ntrailer: x-check\r\n\r\n\
                   3\r\none\r\n0\r\nx-check: 9\r\n\r\n";
    let answer = client.send(request).answer();
    assert_eq!((answer.text().as_str(), answer.header("x-sum")), ("abcdef", Some("7")));
    let request = asked.recv().unwrap();
    assert_eq!((request.text().as_str(), request.header("x-check")), ("one", Some("9")));
    assert_eq!(request.header("content-length"), None);
    // A body with GET is unusual and allowed.
    client
        .send("GET / HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: chunked\r\n\r\n3\r\nget\r\n0\r\n\r\n")
        .answer();
    assert_eq!(asked.recv().unwrap().text(), "get");
}

#[test]
fn a_body_that_ends_with_its_connection_is_passed_on() {
    let instance = Instance::raw(|mut reader| {
        read_head(&mut reader);
        reader.get_mut().write_all(b"HTTP/1.0 200 OK\r\n\r\nuntil the end").unwrap();
    });
    let proxy = in_front_of(&instance);
    let mut client = Client::connect(proxy.local_addr());
    assert_eq!(client.get("/", "").text(), "until the end");
    // A client of HTTP/1.0 knows no chunks, and gets the end in the same way.
    client.send("GET / HTTP/1.0\r\n\r\n");
    let answer = client.head();
    assert_eq!(answer.header("transfer-encoding"), None);
    let mut rest = String::new();
    client.reader.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "until the end");
}

#[test]
fn ambiguous_and_broken_requests_are_refused() {
    let (instance, asked) = recording(ok("x"));
    let proxy = in_front_of(&instance);
    let head = "POST / HTTP/1.1\r\nhost: shop\r\n";
    let long = format!("GET /{} HTTP/1.1\r\nhost: shop\r\n\r\n", "a".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\nhost: shop\r\n{}\r\n", "a: 1\r\n".repeat(200));
    for (request, statuses) in [
        (format!("{head}content-length: 1\r\ncontent-length: 2\r\n\r\nab"), &[400][..]),
        (format!("{head}content-length: -1\r\n\r\n"), &[400]),
        (format!("{head}content-length: 1, 2\r\n\r\n"), &[400]),
        (format!("{head}transfer-encoding: gzip\r\n\r\n"), &[400, 501]),
        (format!("{head}transfer-encoding: chunked, gzip\r\n\r\n"), &[400, 501]),
        (format!("{head}transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), &[501]),
        (format!("{head}transfer-encoding : chunked\r\n\r\n0\r\n\r\n"), &[400]),
        (format!("{head}host: other\r\n\r\n"), &[400]),
        (format!("{head}a: b\r\n folded\r\n\r\n"), &[400]),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), &[400]),
        ("GET / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(), &[400]),
        ("CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n".to_owned(), &[501]),
        (long, &[414, 431]),
        (many, &[431]),
        ("\u{1}\u{2}\r\n\r\n".to_owned(), &[400]),
    ] {
        let answer = Client::connect(proxy.local_addr()).send(&request).answer();
        let shown = &request[..request.len().min(90)];
        assert!(statuses.contains(&answer.status()), "{} for {shown:?}", answer.first_line);
    }
    assert!(asked.try_recv().is_err(), "nothing of it reached the instance");
}

#[test]
fn two_lengths_at_once_reach_the_instance_as_one_and_end_the_connection() {
    for (first, second) in [
        ("content-length: 6", "transfer-encoding: chunked"),
        ("transfer-encoding: chunked", "content-length: 6"),
    ] {
        let (instance, asked) = recording(ok("x"));
        let proxy = in_front_of(&instance);
        let mut client = Client::connect(proxy.local_addr());
        let smuggled = "0\r\n\r\nGET /admin HTTP/1.1\r\nhost: shop\r\n\r\n";
        let answer = client
            .send(format!("POST / HTTP/1.1\r\nhost: shop\r\n{first}\r\n{second}\r\n\r\n{smuggled}"))
            .answer();
        let mut rest = Vec::new();
        let _ = client.reader.read_to_end(&mut rest);
        assert!(rest.is_empty(), "what follows is not read as a request");
        if let Ok(request) = asked.try_recv() {
            assert_eq!(answer.status(), 200);
            assert!(request.body.is_empty() && request.header("content-length").is_none(), "{request:?}");
        }
        assert!(asked.try_recv().is_err());
    }
}

#[test]
fn expect_is_answered_before_the_body_is_sent() {
    let (instance, asked) = recording(ok("done"));
    let proxy = in_front_of(&instance);
    let mut client = Client::connect(proxy.local_addr());
    client.send("POST / HTTP/1.1\r\nhost: shop\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n");
    assert_eq!(client.head().status(), 100);
    assert_eq!(client.send("body").answer().text(), "done");
    let request = asked.recv().unwrap();
    assert_eq!((request.text().as_str(), request.header("expect")), ("body", None));
}

#[test]
fn nobody_asks_for_a_body_that_no_instance_can_take() {
    let proxy = proxy();
    let mut client = Client::connect(proxy.local_addr());
    client.send("POST / HTTP/1.1\r\nhost: shop\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n");
    assert_eq!(client.head().status(), 503);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let instance = Instance::answering(|request| ok(request.first_line.split(' ').nth(1).unwrap()));
    let proxy = in_front_of(&instance);
    let mut client = Client::connect(proxy.local_addr());
    client.send(
        (0..20).map(|n| format!("GET /{n} HTTP/1.1\r\nhost: shop\r\n\r\n")).collect::<Vec<_>>().concat(),
    );
    for n in 0..20 {
        assert_eq!(client.answer().text(), format!("/{n}"));
    }
}

#[test]
fn a_trickling_body_is_seen_as_it_comes() {
    let (word, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let instance = Instance::raw(move |mut reader| {
        read_head(&mut reader);
        let stream = reader.get_mut();
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").unwrap();
        for n in 0..3 {
            stream.write_all(format!("6\r\nevent{n}\r\n").as_bytes()).unwrap();
            // The next part is written only once the client has seen this one.
            wait.lock().unwrap().recv().unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
    });
    let proxy = in_front_of(&instance);
    let mut client = Client::connect(proxy.local_addr());
    client.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n").head();
    for n in 0..3 {
        let mut chunk = [0; 11];
        client.reader.read_exact(&mut chunk).unwrap();
        assert_eq!(chunk, format!("6\r\nevent{n}\r\n").as_bytes());
        assert_eq!(in_flight(&proxy), 1);
        word.send(()).unwrap();
    }
    let mut end = [0; 5];
    client.reader.read_exact(&mut end).unwrap();
    eventually("the end", || in_flight(&proxy) == 0);
}

/// Resident memory of this process in bytes.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn a_large_body_passes_in_both_directions_without_being_held() {
    const SIZE: usize = 200 << 20;
    let instance = Instance::raw(|mut reader| {
        read_head(&mut reader);
        let mut buffer = vec![0; 64 << 10];
        let mut left = SIZE;
        while left > 0 {
            left -= reader.read(&mut buffer).unwrap();
        }
        let stream = reader.get_mut();
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n").unwrap();
        for _ in 0..SIZE / buffer.len() {
            stream.write_all(&buffer).unwrap();
        }
    });
    let proxy = in_front_of(&instance);
    let before = resident();
    let mut client = Client::connect(proxy.local_addr());
    let buffer = vec![7; 64 << 10];
    client.send(format!("POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: {SIZE}\r\n\r\n"));
    for _ in 0..SIZE / buffer.len() {
        client.send(&buffer);
    }
    assert_eq!(client.head().status(), 200);
    // Nobody reads for a while: the answer must wait at its source, not in the proxy.
    thread::sleep(Duration::from_millis(200));
    let mut buffer = vec![0; 64 << 10];
    let (mut left, mut most) = (SIZE, 0);
    while left > 0 {
        left -= client.reader.read(&mut buffer).unwrap();
        most = most.max(resident());
    }
    assert!(most < before + (60 << 20), "{} MB were held", (most - before) >> 20);
}

#[test]
fn a_changed_protocol_is_a_tunnel_that_counts_as_in_flight() {
    let instance = Instance::raw(|mut reader| {
        let request = read_head(&mut reader).unwrap();
        assert_eq!(request.header("upgrade"), Some("websocket"));
        assert_eq!(request.header("connection"), Some("upgrade"));
        assert_eq!(request.header("sec-websocket-key"), Some("abc"));
        let answer =
            "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\nhello";
        reader.get_mut().write_all(answer.as_bytes()).unwrap();
        let mut buffer = [0; 1024];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            reader.get_mut().write_all(&buffer[..count]).unwrap();
        }
    });
    let proxy = in_front_of(&instance);
    let mut client = Client::connect(proxy.local_addr());
    let request = "GET /chat HTTP/1.1\r\nhost: shop\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n\
                   sec-websocket-key: abc\r\n\r\n";
    let answer = client.send(request).head();
    assert_eq!((answer.status(), answer.header("upgrade")), (101, Some("websocket")));
    assert_eq!(answer.header("connection"), Some("upgrade"));
    let mut buffer = [0; 5];
    client.reader.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"hello", "what came with the head is not lost");
    for word in [b"frame", b"other"] {
        client.send(word).reader.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, word);
    }
    assert_eq!(in_flight(&proxy), 1);
    // A new table does not cut it.
    proxy.set_table(table(2, vec![])).unwrap();
    client.send(b"still").reader.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"still");
    drop(client);
    eventually("the tunnel's end", || in_flight(&proxy) == 0);
    assert_eq!(counters(&proxy.report(), STABLE).by_class, [1, 0, 0, 0, 0]);
}

#[test]
fn shutdown_waits_for_tunnels() {
    let instance = Instance::raw(|mut reader| {
        read_head(&mut reader);
        let answer = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
        reader.get_mut().write_all(answer.as_bytes()).unwrap();
        let mut buffer = [0; 5];
        while reader.read_exact(&mut buffer).is_ok() {
            reader.get_mut().write_all(&buffer).unwrap();
        }
    });
    let proxy = in_front_of(&instance);
    let mut client = Client::connect(proxy.local_addr());
    client.send("GET / HTTP/1.1\r\nhost: shop\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n").head();
    let address = proxy.local_addr();
    proxy.shutdown(Duration::from_secs(20));
    eventually("a closed port", || std::net::TcpStream::connect(address).is_err());
    let mut buffer = [0; 5];
    client.send(b"still").reader.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"still");
    drop(client);
    let started = std::time::Instant::now();
    proxy.wait();
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_refused_change_of_protocol_is_a_plain_answer() {
    let instance = Instance::saying("no");
    let proxy = in_front_of(&instance);
    let mut client = Client::connect(proxy.local_addr());
    let answer = client.get("/", "connection: upgrade\r\nupgrade: websocket\r\n");
    assert_eq!(answer.text(), "no");
    assert_eq!(client.get("/", "").text(), "no");
}

#[test]
fn a_client_may_speak_http_2_at_once() {
    let (instance, asked) =
        recording("HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nok".into());
    let proxy = in_front_of(&instance);
    let address = proxy.local_addr();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async move {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let io = hyper_util::rt::TokioIo::new(stream);
        let executor = hyper_util::rt::TokioExecutor::new();
        let (sender, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
        tokio::spawn(connection);
        let ask = |n: u32| {
            let mut sender = sender.clone();
            async move {
                let request = http::Request::get(format!("http://shop.example/{n}"))
                    .header("cookie", "a=1")
                    .header("cookie", "b=2")
                    .body(String::new())
                    .unwrap();
                sender.send_request(request).await.unwrap()
            }
        };
        let answers = [tokio::spawn(ask(1)), tokio::spawn(ask(2)), tokio::spawn(ask(3))];
        for answer in answers {
            let mut answer = answer.await.unwrap();
            assert_eq!(answer.status(), 200);
            assert_eq!(answer.version(), http::Version::HTTP_2);
            assert_eq!(answer.headers()["x-plimsoll-release"], STABLE);
            assert!(!answer.headers().contains_key("connection"));
            let frame = std::future::poll_fn(|cx| {
                http_body::Body::poll_frame(std::pin::Pin::new(answer.body_mut()), cx)
            });
            assert_eq!(frame.await.unwrap().unwrap().into_data().unwrap(), "ok");
        }
    });
    let requests: Vec<Message> = asked.try_iter().collect();
    assert_eq!(requests.len(), 3);
    for request in requests {
        assert!(request.first_line.ends_with(" HTTP/1.1"), "{}", request.first_line);
        assert_eq!(request.header("host"), Some("shop.example"));
        assert_eq!(request.header("cookie"), Some("a=1; b=2"));
    }
}

#[test]
fn half_a_head_does_not_hold_a_connection_for_ever() {
    let limit = Duration::from_millis(200);
    let options = plimsoll_proxy::ProxyOptions { request_header_timeout: limit, ..support::options() };
    let proxy = Proxy::start(options).unwrap();
    let mut silent = Client::connect(proxy.local_addr());
    let mut slow = Client::connect(proxy.local_addr());
    slow.send("GET / HTTP/1.1\r\nho");
    assert!(silent.is_closed());
    let mut rest = Vec::new();
    slow.reader.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"), "{rest:?}");
}

#[test]
fn connections_beyond_the_limit_wait() {
    let instance = Instance::saying("ok");
    let proxy =
        Proxy::start(plimsoll_proxy::ProxyOptions { max_connections: 1, ..support::options() }).unwrap();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &[instance.address])])).unwrap();
    let mut first = Client::connect(proxy.local_addr());
    assert_eq!(first.get("/", "").status(), 200);
    let mut second = Client::connect(proxy.local_addr());
    second.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n");
    second.reader.get_ref().set_read_timeout(Some(Duration::from_millis(150))).unwrap();
    assert!(second.reader.get_ref().peek(&mut [0]).is_err(), "it is not served while the first is open");
    drop(first);
    second.reader.get_ref().set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(second.answer().status(), 200);
}

#[test]
fn the_release_is_not_named_where_that_is_not_wanted() {
    let instance = Instance::saying("ok");
    let proxy =
        Proxy::start(plimsoll_proxy::ProxyOptions { release_header: false, ..support::options() }).unwrap();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &[instance.address])])).unwrap();
    assert_eq!(support::get(&proxy).header("x-plimsoll-release"), None);
    drop(Arc::new(proxy));
}
