//! The moments that matter in a run, picked out of what `plimsoll --json` reports.

use serde_json::Value;

/// What was seen, with times in seconds since the Unix epoch.
#[derive(Debug, Default)]
pub(super) struct Moments {
    /// The release's identifier.
    pub(super) release: Option<String>,
    /// When the first weight was verified at the data plane.
    pub(super) first_weight: Option<f64>,
    /// When it was decided to go back.
    pub(super) going_back: Option<f64>,
    /// When the new release had no traffic any more.
    pub(super) weight_0: Option<f64>,
}

impl Moments {
    /// Reads one line of the report.
    pub(super) fn note(&mut self, line: &Value) {
        let event = &line["event"];
        match event["what"].as_str() {
            Some("sealed") => self.release = event["release"]["release"].as_str().map(str::to_owned),
            Some("rollout-started") if event["environment"] == "production" => {
                self.release = event["release"]["release"].as_str().map(str::to_owned);
            }
            Some("recorded") => self.record(&event["record"]),
            _ => {}
        }
    }

    fn record(&mut self, record: &Value) {
        if record["environment"] != "production" {
            return;
        }
        let at = record["at"].as_str().and_then(seconds);
        let entry = &record["entry"];
        match entry["kind"].as_str() {
            Some("step-done") if self.first_weight.is_none() => self.first_weight = at,
            Some("going-back") => self.going_back = at,
            Some("performed")
                if self.is_leaving() && routes(entry).any(|weights| !self.has_weight(weights)) =>
            {
                self.weight_0 = at;
            }
            _ => {}
        }
    }

    fn is_leaving(&self) -> bool {
        self.going_back.is_some() && self.weight_0.is_none()
    }

    /// Whether the release has any share in a spread of traffic.
    fn has_weight(&self, weights: &Value) -> bool {
        let arms = weights.as_array().map(Vec::as_slice).unwrap_or_default();
        arms.iter().any(|arm| arm["release"].as_str() == self.release.as_deref() && arm["weight"] != "0%")
    }
}

/// The new spreads of traffic in a record of what was performed.
fn routes(entry: &Value) -> impl Iterator<Item = &Value> {
    let actions = entry["actions"].as_array().map(Vec::as_slice).unwrap_or_default();
    actions
        .iter()
        .filter(|action| action["action"]["do"] == "route")
        .map(|action| &action["action"]["weights"])
}

/// Seconds since the Unix epoch of a time as reports write it.
pub(super) fn seconds(text: &str) -> Option<f64> {
    text.parse::<jiff::Timestamp>().ok().map(|time| time.as_millisecond() as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(second: u32, entry: Value) -> Value {
        let at = format!("2026-01-31T14:03:{second:02}.500Z");
        json!({"event": {"what": "recorded", "record": {"at": at, "environment": "production", "entry": entry}}})
    }

    #[test]
    fn weight_0_counts_only_after_the_decision() {
        let route = |weight: &str| {
            let weights = json!([{"release": "r", "weight": weight}, {"release": "s", "weight": "50%"}]);
            json!({"kind": "performed", "actions": [{"host": "local", "action": {"do": "route", "weights": weights}}]})
        };
        let mut moments = Moments { release: Some("r".to_owned()), ..Moments::default() };
        moments.note(&record(1, route("0%")));
        moments.note(&record(2, json!({"kind": "step-done", "step": 0, "why": ""})));
        assert_eq!((moments.weight_0, moments.first_weight.is_some()), (None, true));
        moments.note(&record(3, json!({"kind": "going-back"})));
        moments.note(&record(4, route("10%")));
        moments.note(&record(5, route("0%")));
        moments.note(&record(6, route("0%")));
        assert_eq!(moments.weight_0.zip(moments.going_back).map(|(zero, back)| zero - back), Some(2.0));
    }
}
