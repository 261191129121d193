//! The suite over instances' own pages, and what is theirs alone.

use std::sync::Arc;

use plimsoll_drivers::metrics::{DirectPages, MetricsReader, Scrape, Side, Target};
use plimsoll_model::ReleaseId;
use plimsoll_model::metrics::Unusable;

use crate::bench::{Bench, QUEUE, Shown, next_millisecond, now, selectors};
use crate::pages::PageServer;
use crate::suite;

struct Pages {
    release: ReleaseId,
    instances: Vec<Option<PageServer>>,
    targets: Vec<Target>,
    scrape: Scrape,
}

impl Pages {
    fn start(count: usize) -> Self {
        let servers: Vec<PageServer> = (0..count).map(|_| PageServer::start()).collect();
        let targets = servers
            .iter()
            .enumerate()
            .map(|(i, s)| Target { name: format!("web{i}"), address: s.address(), place: None })
            .collect();
        let release = "bbbbbbbbbbbb".parse().unwrap();
        let instances = servers.into_iter().map(Some).collect();
        Self { release, instances, targets, scrape: Scrape::new("/metrics", Arc::new(DirectPages::new())) }
    }
}

impl Bench for Pages {
    fn reader(&mut self) -> &mut dyn MetricsReader {
        &mut self.scrape
    }

    fn side(&self) -> Side {
        Side { release: self.release.clone(), instances: self.targets.clone() }
    }

    fn show(&mut self, shown: &Shown) {
        next_millisecond();
        self.instances.iter().flatten().for_each(|server| server.show(shown.page(&self.release)));
    }

    fn stop_instance(&mut self) -> Unusable {
        self.instances.clear();
        Unusable::Unreachable
    }

    fn stop_source(&mut self) {}
}

#[test]
fn pages_conform() {
    suite::run(&mut Pages::start(1));
}

#[test]
fn an_instance_that_does_not_answer_is_named_and_left_out() {
    let mut pages = Pages::start(12);
    pages.show(&Shown::requests(10));
    pages.instances[3] = None;
    pages.instances[5].as_ref().unwrap().show("<html>".to_owned());
    let answer = pages.look().unwrap();
    assert_eq!(answer.value.series.len(), 10);
    assert_eq!(answer.value.series[r#"{code="200",instance="web11",release="bbbbbbbbbbbb"}"#].requests, 10);
    let left_out: Vec<&str> = answer.notes.iter().filter_map(|n| n.split(" is left out").next()).collect();
    assert_eq!(left_out[..2], ["instance web3", "instance web5"]);
    assert!(answer.notes[1].contains("is not a metrics page: line 1"), "{:?}", answer.notes);
}

#[test]
fn a_value_must_be_one_series() {
    let mut pages = Pages::start(2);
    pages.show(&Shown { queue: Some(1.0), ..Shown::default() });
    let unread = pages.ask(QUEUE).unwrap_err();
    assert_eq!(unread.reason, Unusable::Invalid);
    assert!(unread.detail.contains("web0") && unread.detail.contains("web1"), "{unread}");
    let value = pages.ask("queue_length{instance=\"web1\"}").unwrap().value;
    assert!((value - 1.0).abs() < f64::EPSILON);
}

#[test]
fn a_wrong_path_and_no_instances_are_told_apart() {
    let mut pages = Pages::start(1);
    pages.scrape = Scrape::new("nowhere", Arc::new(DirectPages::new()));
    let unread = pages.look().unwrap_err();
    assert_eq!(unread.reason, Unusable::Invalid);
    assert!(unread.detail.ends_with("/nowhere answered 404"), "{unread}");
    let nobody = Side { release: pages.release.clone(), instances: Vec::new() };
    let unread = pages.scrape.snapshot(&nobody, &selectors(), now()).unwrap_err();
    assert_eq!(unread.reason, Unusable::Empty);
}
