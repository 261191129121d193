//! The reporters over whole runs: what is on the screen, in the pipe and in the JSON when all is over.

use std::cell::RefCell;
use std::io;

use insta::assert_snapshot;
use jiff::tz::TimeZone;
use plimsoll_model::event::News;

use crate::emulator::Emulator;
use crate::fixtures::{Script, screen};
use crate::{JsonLinesReporter, LiveReporter, PlainReporter, QuietReporter, ReportError, Reporter, Style};

fn tell(reporter: &mut impl Reporter, script: &Script) {
    for event in &script.events {
        reporter.event(event);
    }
    reporter.finish(&script.ending).unwrap();
}

fn live(script: &Script, width: usize) -> String {
    let mut out = vec![];
    tell(&mut LiveReporter::new(&mut out, screen(width)), script);
    Emulator::show(width, 24, &out)
}

/// The screen in the middle of things: before the first event that `is` the one.
fn live_before(script: &Script, width: usize, is: impl Fn(&News) -> bool) -> String {
    let mut out = vec![];
    let mut reporter = LiveReporter::new(&mut out, screen(width));
    script.events.iter().take_while(|event| !is(&event.news)).for_each(|event| reporter.event(event));
    drop(reporter);
    Emulator::show(width, 24, &out)
}

fn plain(script: &Script) -> String {
    let mut out = vec![];
    tell(&mut PlainReporter::new(&mut out, Style::plain(TimeZone::UTC)), script);
    String::from_utf8(out).unwrap()
}

fn is_warning(news: &News) -> bool {
    matches!(news, News::Warning { .. })
}

#[test]
fn a_release_on_its_way() {
    assert_snapshot!(live_before(&Script::promote(), 120, is_warning), @r#"
    greeter 7c1f9e2 "Answer in the caller's language" (clean) -> release r42, replacing r41

      ok   build       linux/amd64, go 1.26, 6.2 MB                                                2.3 s
      ok   inspect     static; no libraries; time zones embedded; CA roots on 10 of 10 hosts       60 ms
      ok   sign        key RWQf6LRC..., manifest                                                   12 ms
      ok   staging     1 of 1 instances proved                                                    800 ms
      ok   test        go test ./e2e: 41 passed                                                    6.0 s
      ...  production  canary on web3: 1 of 10 hosts, 5 % of requests                               3m3s

           stable r41  95 %  [===================.]  0.09 % errors  p99 25-50 ms  412/s  10 ready
           canary r42   5 %  [=...................]  0.08 % errors  p99 25-50 ms  21/s   1 ready
           step 2 of 5: pause 10m, 10s left
           errors   r42 0.08 % (1 of 1,200)   stable 0.09 % (21 of 22,800)   limit 1 %
                    evidence against r42: -3.9 (rolls back at 4.6)   for it: 1.9 (promotes at 3.0)
    "#);
}

#[test]
fn a_release_on_its_way_on_eighty_columns() {
    assert_snapshot!(live_before(&Script::promote(), 80, is_warning), @r#"
    greeter 7c1f9e2 "Answer in the caller's language" (clean) -> release r42,
        replacing r41

      ok   build       linux/amd64, go 1.26, 6.2 MB                           2.3 s
      ok   inspect     static; no libraries; time zones embedded; CA roots …  60 ms
      ok   sign        key RWQf6LRC..., manifest                              12 ms
      ok   staging     1 of 1 instances proved                               800 ms
      ok   test        go test ./e2e: 41 passed                               6.0 s
      ...  production  canary on web3: 1 of 10 hosts, 5 % of requests          3m3s

           stable r41  95 %  [=========.]  0.09 % errors  p99 25-50 ms  412/s
           canary r42   5 %  [=.........]  0.08 % errors  p99 25-50 ms  21/s
           step 2 of 5: pause 10m, 10s left
           errors   r42 0.08 % (1 of 1,200)   stable 0.09 % (21 of 22,800)
                    limit 1 %   evidence against r42: -3.9 (rolls back at 4.6)
                    for it: 1.9 (promotes at 3.0)
    "#);
}

#[test]
fn a_release_on_its_way_on_a_narrow_terminal() {
    assert_snapshot!(live_before(&Script::promote(), 50, is_warning), @r#"
    greeter 7c1f9e2 "Answer in the caller's language"
        (clean) -> release r42, replacing r41

      ok   build       linux/amd64, go 1.26, …  2.3 s
      ok   inspect     static; no libraries; …  60 ms
      ok   sign        key RWQf6LRC..., manif…  12 ms
      ok   staging     1 of 1 instances prov…  800 ms
      ok   test        go test ./e2e: 41 pass…  6.0 s
      ...  production  canary on web3: 1 of 10…  3m3s

           stable r41  95 %  0.09 % errors
           canary r42   5 %  0.08 % errors
           step 2 of 5: pause 10m, 10s left
           errors   r42 0.08 % (1 of 1,200)
                    stable 0.09 % (21 of 22,800)
                    limit 1 %
                    evidence against r42: -3.9 (rolls
                    back at 4.6)
                    for it: 1.9 (promotes at 3.0)
    "#);
}

#[test]
fn a_release_that_arrived() {
    assert_snapshot!(live(&Script::promote(), 100), @r#"
    greeter 7c1f9e2 "Answer in the caller's language" (clean) -> release r42, replacing r41

      ok   build       linux/amd64, go 1.26, 6.2 MB                                               2.3 s
      ok   inspect     static; no libraries; time zones embedded; CA roots on 10 of 10 hosts      60 ms
      ok   sign        key RWQf6LRC..., manifest                                                  12 ms
      ok   staging     1 of 1 instances proved                                                   800 ms
      ok   test        go test ./e2e: 41 passed                                                   6.0 s
      warn web7 answered after 4.2 s; its clock is 0.8 s behind
      ok   production  r42 on 10 of 10 hosts; errors 0.06 % (limit 1 %)                           4m12s
      ok   verify      10 of 10 hosts answer with r42                                            400 ms

    r42 serves everywhere in production, 4m26s after the start; r41 is kept to go back to.
    "#);
}

#[test]
fn a_release_that_came_back() {
    assert_snapshot!(live(&Script::rollback(), 100), @r#"
    greeter 7c1f9e2 "Answer in the caller's language" (clean) -> release r42, replacing r41

      ok   build       linux/amd64, go 1.26, 6.2 MB                                               2.3 s
      ok   inspect     static; no libraries; time zones embedded; CA roots on 10 of 10 hosts      60 ms
      ok   sign        key RWQf6LRC..., manifest                                                  12 ms
      ok   staging     1 of 1 instances proved                                                   800 ms
      ok   test        go test ./e2e: 41 passed                                                   6.0 s
      BACK production  rolled back: 7 of 71 canary requests bad, 0 of 1,331 stable ones (p < 0.0001)

           14:03:12  first bad answer
           14:03:19  decided to go back
           14:03:19  weight 0 on web3, confirmed by its proxy; r42 drained and stopped
           users hit 7 of 1,402 requests

    r41 serves everywhere. r42 will not be tried again as it is.
    hint: plimsoll logs r42 --failed   what the canary said
    hint: plimsoll history r42         every gate, every number
    "#);
}

#[test]
fn a_refusal_shows_the_output_and_obeys_none_of_it() {
    assert_snapshot!(live(&Script::refusal(), 80), @r#"
    greeter 7c1f9e2 "Answer in the caller's language" (clean) -> release r42,
        replacing r41

      ok   build       linux/amd64, go 1.26, 6.2 MB                           2.3 s
      ok   inspect     static; no libraries; time zones embedded; CA roots …  60 ms
      ok   sign        key RWQf6LRC..., manifest                              12 ms
      no   test        go test ./e2e: 40 passed, 1 failed: TestGreeting
           | === RUN   TestGreeting
           | \x1b[2J\x1b[31mFAIL\x1b[0m: want "hej", got "\u{202e}hello"

    r42 was refused; nothing that serves was changed.
    hint: plimsoll ship -v   with all output
    "#);
}

#[test]
fn a_held_run_leaves_its_picture() {
    assert_snapshot!(live(&Script::held(), 100), @r"
      note an earlier command was killed at step 2; continued from there
      ...  production  r42 replaces r41

           stable r41  50 %  [=====.....]  0.1 % errors   p99 25-50 ms  412/s  10 ready
           canary r42  50 %  [=====.....]  0.09 % errors  p99 25-50 ms  21/s   1 ready
           step 5 of 5: approval by ops
           errors   shown good   r42 0.09 % (8 of 9,000)   stable 0.1 % (9 of 9,100)   limit 1 %
                    evidence against r42: -9.0 (rolls back at 4.6)   for it: 4.5 (promotes at 3.0)

    r42 waits for approval by ops until 14:02 tomorrow, then it goes back. It stays as it is in
    production until then.
    hint: plimsoll promote -e production   to go on
    ");
}

#[test]
fn a_pipe_gets_each_line_once() {
    assert_snapshot!(plain(&Script::promote()), @r#"
    2026-01-31T14:02:40Z  greeter 7c1f9e2 "Answer in the caller's language" (clean)
    2026-01-31T14:02:43Z  ok   build       linux/amd64, go 1.26, 6.2 MB  (2.3 s)
    2026-01-31T14:02:43Z  ok   inspect     static; no libraries; time zones embedded; CA roots on 10 of 10 hosts  (60 ms)
    2026-01-31T14:02:43Z  ok   sign        key RWQf6LRC..., manifest  (12 ms)
    2026-01-31T14:02:43Z  release r42, replacing r41
    2026-01-31T14:02:43Z  ...  staging     r42
    2026-01-31T14:02:43Z  ok   staging     1 of 1 instances proved  (800 ms)
    2026-01-31T14:02:49Z  ok   test        go test ./e2e: 41 passed  (6.0 s)
    2026-01-31T14:02:49Z  ...  production  r42 replaces r41
    2026-01-31T14:02:49Z       step 1 of 5: set weight 5 %
    2026-01-31T14:02:52Z       step 1 done: weight verified
    2026-01-31T14:02:52Z       step 2 of 5: pause 10m
    2026-01-31T14:02:52Z       r42 5 %, 1 ready; r41 95 %, 10 ready
    2026-01-31T14:03:52Z       step 2 of 5: pause 10m, 9m left; errors: r42 0.25 % (1 of 400), stable 0.28 % (21 of 7,600), limit 1 %, evidence against r42: -0.8 (rolls back at 4.6), for it: 0.4 (promotes at 3.0)
    2026-01-31T14:04:52Z       step 2 of 5: pause 10m, 6m12s left; errors: r42 0.12 % (1 of 800), stable 0.14 % (21 of 15,200), limit 1 %, evidence against r42: -2.4 (rolls back at 4.6), for it: 1.2 (promotes at 3.0)
    2026-01-31T14:05:52Z       step 2 of 5: pause 10m, 10s left; errors: r42 0.08 % (1 of 1,200), stable 0.09 % (21 of 22,800), limit 1 %, evidence against r42: -3.9 (rolls back at 4.6), for it: 1.9 (promotes at 3.0)
    2026-01-31T14:05:52Z  warn web7 answered after 4.2 s; its clock is 0.8 s behind
    2026-01-31T14:06:02Z       `errors` shown good: canary 0.06 % (1 of 1,600); stable 0.1 % (29 of 30,400); limit 1 %
    2026-01-31T14:06:02Z       step 2 done: time over
    2026-01-31T14:06:02Z       promoting to all: shown good early
    2026-01-31T14:06:02Z       r42 100 %, 1 ready; r41 0 %, 10 ready
    2026-01-31T14:10:14Z  ok   production  r42 on 10 of 10 hosts; errors 0.06 % (limit 1 %)  (4m12s)
    2026-01-31T14:10:15Z  ok   verify      10 of 10 hosts answer with r42  (400 ms)
    2026-01-31T14:10:15Z  r42 serves everywhere in production, 4m26s after the start; r41 is kept to go back to.
    "#);
}

#[test]
fn a_rollback_in_a_pipe() {
    assert_snapshot!(plain(&Script::rollback()), @r#"
    2026-01-31T14:02:40Z  greeter 7c1f9e2 "Answer in the caller's language" (clean)
    2026-01-31T14:02:43Z  ok   build       linux/amd64, go 1.26, 6.2 MB  (2.3 s)
    2026-01-31T14:02:43Z  ok   inspect     static; no libraries; time zones embedded; CA roots on 10 of 10 hosts  (60 ms)
    2026-01-31T14:02:43Z  ok   sign        key RWQf6LRC..., manifest  (12 ms)
    2026-01-31T14:02:43Z  release r42, replacing r41
    2026-01-31T14:02:43Z  ...  staging     r42
    2026-01-31T14:02:43Z  ok   staging     1 of 1 instances proved  (800 ms)
    2026-01-31T14:02:49Z  ok   test        go test ./e2e: 41 passed  (6.0 s)
    2026-01-31T14:02:49Z  ...  production  r42 replaces r41
    2026-01-31T14:02:49Z       step 1 of 5: set weight 5 %
    2026-01-31T14:02:52Z       step 1 done: weight verified
    2026-01-31T14:02:52Z       step 2 of 5: pause 10m
    2026-01-31T14:03:12Z       r42 5 %, 1 ready; r41 95 %, 10 ready
    2026-01-31T14:03:19Z       decided to go back: 7 of 71 canary requests bad, 0 of 1,331 stable ones (p < 0.0001)
    2026-01-31T14:03:20Z  BACK production  rolled back: 7 of 71 canary requests bad, 0 of 1,331 stable ones (p < 0.0001)
    2026-01-31T14:03:20Z       2026-01-31T14:03:12Z  first bad answer
    2026-01-31T14:03:20Z       2026-01-31T14:03:19Z  decided to go back
    2026-01-31T14:03:20Z       2026-01-31T14:03:19Z  weight 0 on web3, confirmed by its proxy; r42 drained and stopped
    2026-01-31T14:03:20Z       users hit 7 of 1,402 requests
    2026-01-31T14:03:20Z  r41 serves everywhere. r42 will not be tried again as it is.
    2026-01-31T14:03:20Z  hint: plimsoll logs r42 --failed   what the canary said
    2026-01-31T14:03:20Z  hint: plimsoll history r42         every gate, every number
    2026-01-31T14:03:20Z  exit 11: the release was rolled back; what served before it, if anything did, serves everywhere
    "#);
}

#[test]
fn a_held_run_in_a_pipe() {
    assert_snapshot!(plain(&Script::held()), @r"
    2026-01-31T14:02:40Z  note an earlier command was killed at step 2; continued from there
    2026-01-31T14:02:40Z  ...  production  r42 replaces r41
    2026-01-31T14:02:40Z       step 5 of 5: approval by ops
    2026-01-31T14:02:40Z       waits for approval by ops until 2026-02-01T14:02:40Z
    2026-01-31T14:02:41Z       r42 50 %, 1 ready; r41 50 %, 10 ready
    2026-01-31T14:02:41Z  r42 waits for approval by ops until 2026-02-01T14:02:40Z, then it goes back. It stays as it is in production until then.
    2026-01-31T14:02:41Z  hint: plimsoll promote -e production   to go on
    2026-01-31T14:02:41Z  exit 14: neither good nor bad could be shown, or a person is waited for
    ");
}

#[test]
fn quiet_tells_only_what_is_needed() {
    let mut out = vec![];
    tell(&mut QuietReporter(PlainReporter::new(&mut out, Style::plain(TimeZone::UTC))), &Script::refusal());
    assert_snapshot!(String::from_utf8(out).unwrap(), @r"
    2026-01-31T14:02:50Z  no   test        go test ./e2e: 40 passed, 1 failed: TestGreeting
    2026-01-31T14:02:50Z  r42 was refused; nothing that serves was changed.
    2026-01-31T14:02:50Z  hint: plimsoll ship -v   with all output
    2026-01-31T14:02:50Z  exit 10: a gate refused; the environment that was aimed at is as it was
    ");
}

#[test]
fn json_is_one_object_a_line() {
    let script = Script::refusal();
    let mut out = vec![];
    tell(&mut JsonLinesReporter::new(&mut out), &script);
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().count(), script.events.len() + 1);
    for (line, event) in text.lines().zip(&script.events) {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(object["format"], 1);
        assert_eq!(object["at"], event.at.to_string());
        assert_eq!(serde_json::from_value::<News>(object["event"].clone()).unwrap(), event.news);
    }
    let shown: Vec<&str> = text
        .lines()
        .take(2)
        .chain(text.lines().filter(|line| line.contains("FAIL")))
        .chain(text.lines().last())
        .collect();
    assert_snapshot!(shown.join("\n"), @r#"
    {"format":1,"at":"2026-01-31T14:02:40.000Z","event":{"what":"begun","service":"greeter","source":{"commit":"7c1f9e2d4c8a7c1f9e2d4c8a7c1f9e2d4c8a7c1f","subject":"Answer in the caller's language","committed-at":null,"tree":{"state":"clean"}}}}
    {"format":1,"at":"2026-01-31T14:02:40.000Z","event":{"what":"gate-started","gate":"build","detail":"go build, linux/amd64"}}
    {"format":1,"at":"2026-01-31T14:02:44.172Z","event":{"what":"output","gate":"test","line":"\u001b[2J\u001b[31mFAIL\u001b[0m: want \"hej\", got \"\u202ehello\""}}
    {"format":1,"at":"2026-01-31T14:02:50.172Z","ending":{"at":"2026-01-31T14:02:50.172Z","exit":"refused","story":{"what":"refused","gate":"test","release":{"number":42,"release":"8c29417a658c","commit":"7c1f9e2"},"serves-in":null,"summary":"go test ./e2e: 40 passed, 1 failed: TestGreeting"},"recovered":null,"hints":[{"command":"plimsoll ship -v","gives":"with all output"}]}}
    "#);
}

struct Screen<'a>(&'a RefCell<Emulator>);

impl io::Write for Screen<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().feed(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_terminal_made_narrower_is_drawn_over() {
    let script = Script::promote();
    let terminal = RefCell::new(Emulator::new(120, 24));
    let mut reporter = LiveReporter::new(Screen(&terminal), screen(120));
    let (first, rest) = script.events.split_at(script.events.len() - 9);
    for event in first {
        reporter.event(event);
    }
    // The terminal breaks the rows that are there before the program learns of it.
    terminal.borrow_mut().narrow(60);
    reporter.resize(60, 24);
    for event in rest {
        reporter.event(event);
    }
    reporter.finish(&script.ending).unwrap();
    let shown = terminal.borrow().shown();
    assert_eq!(shown.matches("ok   build").count(), 1, "{shown}");
    assert_eq!(shown.matches("...  production").count(), 0, "{shown}");
}

#[test]
fn clocks_go_on_without_events() {
    let script = Script::promote();
    let mut out = vec![];
    let mut reporter = LiveReporter::new(&mut out, screen(100));
    script.events.iter().take_while(|event| !is_warning(&event.news)).for_each(|event| reporter.event(event));
    let last = script.events.iter().rev().find(|event| matches!(event.news, News::Warning { .. })).unwrap();
    reporter.tick(last.at + std::time::Duration::from_secs(4));
    drop(reporter);
    let shown = Emulator::show(100, 24, &out);
    assert!(shown.contains("step 2 of 5: pause 10m, 6s left"), "{shown}");
}

struct Broken;

impl io::Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_broken_writer_is_surfaced_once_at_the_end() {
    let script = Script::promote();
    let plain = Style::plain(TimeZone::UTC);
    let reporters: [Box<dyn Reporter>; 3] = [
        Box::new(LiveReporter::new(Broken, screen(80))),
        Box::new(PlainReporter::new(Broken, plain)),
        Box::new(JsonLinesReporter::new(Broken)),
    ];
    for mut reporter in reporters {
        for event in &script.events {
            reporter.event(event);
        }
        let error = reporter.finish(&script.ending).unwrap_err();
        assert!(
            matches!(error, ReportError::Write { source } if source.kind() == io::ErrorKind::StorageFull)
        );
    }
}
