//! The instances' own metrics pages, without any server between.
//!
//! Instances are asked at the same time, a few at once. One that does not answer, or not with a page, is named in the
//! notes and left out: its counters stand still, which is what a dead instance's counters do, and it is the health
//! check's matter that it is dead. Only where none can be read is the look unusable. A caller that keeps the last
//! known counters of each series as its baseline loses nothing when the instance answers again.
//!
//! As in Prometheus, each series gets the label `instance`, here the target's name; one that the page has itself
//! becomes `exported_instance`. A value's query must be a selector that means exactly one series: there is nothing
//! here that could evaluate more.

use std::sync::Arc;

use plimsoll_model::Timestamp;
use plimsoll_model::metrics::{Snapshot, Unusable};
use plimsoll_model::rollout::SeriesSelectors;

use super::assemble::{self, Found, Series, Wanted};
use super::filter::Filter;
use super::page::{self, Line};
use super::selector::{Selector, series_name};
use super::{Answer, MetricsReader, Pages, Side, Target, Unread, finite, for_release};

/// Pages that are fetched at the same time, and so the most memory: this many times 16 MB, and what is kept of them.
const AT_ONCE: usize = 8;
/// The most lines that are kept of all pages of one look.
const MAX_LINES: usize = 200_000;

/// The reader.
pub struct Scrape {
    pages: Arc<dyn Pages>,
    path: String,
}

impl Scrape {
    /// A reader of the pages at this path of each instance.
    pub fn new(path: &str, pages: Arc<dyn Pages>) -> Self {
        let slash = if path.starts_with('/') { "" } else { "/" };
        Self { pages, path: format!("{slash}{path}") }
    }

    /// The lines of all pages that can be read, and what is wrong with the others.
    fn lines(
        &self,
        side: &Side,
        wanted: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Answer<Vec<Line>>, Unread> {
        let mut answer = Answer { value: Vec::new(), notes: Vec::new() };
        let mut failed: Vec<(&Target, Unread)> = Vec::new();
        for group in side.instances.chunks(AT_ONCE) {
            for (target, result) in group.iter().zip(self.at_once(group, wanted)) {
                match result {
                    Ok(lines) => answer.value.extend(lines),
                    Err(unread) => failed.push((target, unread)),
                }
            }
            if answer.value.len() > MAX_LINES {
                return Err(too_many());
            }
        }
        if failed.len() == side.instances.len() {
            return Err(nothing_read(side, failed));
        }
        let note =
            |(target, unread): &(&Target, Unread)| format!("instance {} is left out: {unread}", target.name);
        answer.notes = failed.iter().map(note).collect();
        Ok(answer)
    }

    fn at_once(
        &self,
        targets: &[Target],
        wanted: &(dyn Fn(&str) -> bool + Sync),
    ) -> Vec<Result<Vec<Line>, Unread>> {
        std::thread::scope(|scope| {
            let asked: Vec<_> =
                targets.iter().map(|target| scope.spawn(|| self.fetch(target, wanted))).collect();
            let died = || Err(Unread::new(Unusable::Invalid, "reading its page failed"));
            asked.into_iter().map(|thread| thread.join().unwrap_or_else(|_| died())).collect()
        })
    }

    fn fetch(&self, target: &Target, wanted: &(dyn Fn(&str) -> bool + Sync)) -> Result<Vec<Line>, Unread> {
        let url = format!("http://{}{}", target.address, self.path);
        let page = self.pages.page(target, &self.path)?;
        if page.status != 200 {
            return Err(Unread::new(Unusable::Invalid, format!("{url} answered {}", page.status)));
        }
        let mut lines = page::read(&page.body, wanted).map_err(|error| {
            Unread::new(Unusable::Invalid, format!("{url} is not a metrics page: {error}"))
        })?;
        for line in &mut lines {
            if let Some(own) = line.labels.insert("instance".to_owned(), target.name.clone()) {
                line.labels.insert("exported_instance".to_owned(), own);
            }
        }
        Ok(lines)
    }
}

impl MetricsReader for Scrape {
    fn snapshot(
        &mut self,
        side: &Side,
        series: &SeriesSelectors,
        now: Timestamp,
    ) -> Result<Answer<Snapshot>, Unread> {
        let wanted = Wanted::new(series, side)?;
        let latency = |ending| wanted.latency.as_ref().map(|l| l.with_suffix(ending).compile()).transpose();
        let (requests, errors) = (wanted.requests.compile()?, wanted.errors.compile()?);
        let (buckets, sums) = (latency("_bucket")?, latency("_sum")?);
        let filters: Vec<&Filter> = [&requests, &errors].into_iter().chain(&buckets).chain(&sums).collect();
        let Answer { value: lines, notes } =
            self.lines(side, &|name| filters.iter().any(|filter| filter.name() == name))?;
        let of = |filter: &Filter| of_filter(&lines, filter, now);
        let found = Found {
            requests: of(&requests),
            errors: of(&errors),
            buckets: buckets.as_ref().map(of).unwrap_or_default(),
            sums: sums.as_ref().map(of).unwrap_or_default(),
        };
        if found.requests.is_empty() {
            return Err(absent(&wanted.requests, &notes));
        }
        let mut answer = assemble::snapshot(&wanted, found)?;
        answer.notes.splice(0..0, notes);
        Ok(answer)
    }

    fn value(&mut self, side: &Side, query: &str, now: Timestamp) -> Result<Answer<f64>, Unread> {
        let selector: Selector = for_release(query, &side.release).parse()?;
        let filter = selector.compile()?;
        let Answer { value: lines, notes } = self.lines(side, &|name| filter.name() == name)?;
        match &of_filter(&lines, &filter, now)[..] {
            [] => Err(absent(&selector, &notes)),
            [one] => Ok(Answer { value: finite(one.value, query)?, notes }),
            [one, other, ..] => Err(Unread::new(
                Unusable::Invalid,
                format!(
                    "`{selector}` means several series where one is needed: {} and {}; a metrics page cannot sum \
                     them, a Prometheus server can",
                    series_name(&one.labels),
                    series_name(&other.labels),
                ),
            )),
        }
    }
}

/// Why no page could be read. One that is nonsense says more than one that is not there: it can be repaired.
fn nothing_read(side: &Side, failed: Vec<(&Target, Unread)>) -> Unread {
    let worst = failed.into_iter().min_by_key(|(_, unread)| unread.reason == Unusable::Unreachable);
    worst.map_or_else(
        || {
            let detail = format!("release {} has no instances that could be asked", side.release);
            Unread::new(Unusable::Empty, detail)
        },
        |(_, unread)| unread,
    )
}

fn too_many() -> Unread {
    let detail = format!("the instances have more than {MAX_LINES} series of the metrics asked for");
    Unread::new(Unusable::Invalid, detail)
}

fn of_filter(lines: &[Line], filter: &Filter, at: Timestamp) -> Vec<Series> {
    let meant = lines.iter().filter(|line| filter.accepts(&line.name, &line.labels));
    meant.map(|line| Series { labels: line.labels.clone(), value: line.value, at }).collect()
}

fn absent(selector: &Selector, notes: &[String]) -> Unread {
    let mut detail = format!("no metrics page has a series `{selector}`: check its name and labels");
    for note in notes {
        detail.push_str("; ");
        detail.push_str(note);
    }
    Unread::new(Unusable::Empty, detail)
}
