//! `source` of an analysis: where its numbers come from.

use plimsoll_model::rollout::{MetricSource, SeriesSelectors};

use crate::document::{Node, toml_text};
use crate::settings::{Setting, is_word, settings};
use crate::shape::{Rule, Shape};
use crate::sink::Sink;
use crate::slot::Slot;
use crate::values::text::{Filled, HttpUrl, UrlPath};
use crate::values::time::SomeTime;

settings! {
    /// A source of numbers beside the proxy.
    SourceLayer, Rule::ExactlyOne(&["scrape", "prometheus"]);
    /// Path of the instances' own metrics page, in Prometheus' text format.
    "scrape" => scrape: UrlPath;
    /// Address of a Prometheus server.
    "prometheus" => prometheus: HttpUrl;
    /// A counter of all requests: a metric's name with optional label matchers; `{{release}}` stands for the
    /// release's identifier.
    "requests" => requests: Selector;
    /// A counter of the bad requests; where this series is absent and `requests` is not, there were none.
    "errors" => errors: Selector;
    /// A histogram of seconds, its name without `_bucket`; needed by latency checks.
    "latency" => latency: Selector;
    /// prometheus: samples older than this are stale and are not judged.
    "max-age" => max_age: SomeTime = "\"1m\"";
}

/// Where numbers come from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// The proxy.
    Proxy,
    /// A metrics page or a server.
    Other(Box<SourceLayer>),
}

impl Setting for Source {
    fn shape() -> Shape {
        let proxy = Shape::Words(&[("proxy", "plimsoll's own proxy, which every request passes")]);
        Shape::OneOf(vec![proxy, SourceLayer::shape()])
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        if is_word(node.value, "proxy") {
            return Some(Self::Proxy);
        }
        if node.value.as_table().is_none() {
            node.wrong("\"proxy\" or a table", sink)
                .help("others are { scrape = \"/metrics\", ... } and { prometheus = \"http://127.0.0.1:9090\", ... }");
            return None;
        }
        let layer = SourceLayer::read(node, sink)?;
        if let (Some(age), Some(_)) = (layer.max_age.given(), layer.scrape.given()) {
            sink.error(age.key.clone(), "`max-age` has no meaning with `scrape`")
                .help("a page that is scraped is always as it is now");
        }
        if let Some(latency) = layer
            .latency
            .given()
            .filter(|at| at.value.0.split('{').next().is_some_and(|n| n.ends_with("_bucket")))
        {
            sink.error(latency.span.clone(), "`latency` names the histogram, without `_bucket`")
                .help(format!("write {}", toml_text(&latency.value.0.replacen("_bucket", "", 1))));
        }
        Some(Self::Other(Box::new(layer)))
    }
}

impl Source {
    pub(crate) fn is_prometheus(&self) -> bool {
        matches!(self, Self::Other(layer) if !layer.prometheus.is_absent())
    }

    /// Whether a counter is named, or was meant to be.
    pub(crate) fn has(&self, selector: &str) -> bool {
        let Self::Other(layer) = self else { return true };
        match selector {
            "requests" => !layer.requests.is_absent(),
            "errors" => !layer.errors.is_absent(),
            _ => !layer.latency.is_absent(),
        }
    }

    /// The source as the model has it; `None` where something needed is missing or wrong.
    pub(crate) fn resolve(&self, needs_series: bool) -> Option<MetricSource> {
        let Self::Other(layer) = self else { return Some(MetricSource::Proxy) };
        let text = |slot: &Slot<Selector>| slot.value().map(|selector| selector.0.clone());
        let series = match (text(&layer.requests), text(&layer.errors)) {
            (Some(requests), Some(errors)) => {
                Some(SeriesSelectors { requests, errors, latency: text(&layer.latency) })
            }
            _ => None,
        };
        if needs_series && series.is_none() {
            return None;
        }
        match (layer.scrape.value(), layer.prometheus.value()) {
            (Some(path), _) => Some(MetricSource::Scrape { path: path.0.clone(), series: series? }),
            (None, Some(url)) => {
                let series = series.filter(|_| needs_series);
                Some(MetricSource::Prometheus { url: url.0.clone(), max_age: layer.max_age().0, series })
            }
            (None, None) => None,
        }
    }
}

/// A metric's name with optional label matchers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selector(String);

impl Setting for Selector {
    fn shape() -> Shape {
        Shape::Text { what: "selector", pattern: Some(r"^[A-Za-z_:][A-Za-z0-9_:]*\s*(\{.*\})?$") }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let text = Filled::read(node, sink)?.0;
        let text = text.trim();
        let (name, matchers) =
            text.split_once('{').map_or((text, None), |(name, rest)| (name.trim_end(), Some(rest)));
        let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == ':');
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':');
        if begins_well && plain && matchers.is_none_or(|rest| rest.ends_with('}')) {
            return Some(Self(text.to_owned()));
        }
        node.wrong("a metric's name with optional label matchers", sink)
            .help("as `http_requests_total{code=~\"5..\"}`; a whole query stands in `query` of the analysis");
        None
    }
}
