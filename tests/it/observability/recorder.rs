//! A recorder that keeps everything.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

/// Everything that was recorded.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    described: Vec<Described>,
    /// By name and labels, as `name{label=value,..}`.
    series: BTreeMap<String, Vec<f64>>,
}

/// A metric as it was described.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Described {
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) unit: Option<Unit>,
    pub(super) meaning: String,
}

impl Kept {
    /// What was described, in order.
    pub(super) fn described(&self) -> Vec<Described> {
        self.inner.lock().unwrap().described.clone()
    }

    /// All series that there are.
    pub(super) fn series(&self) -> Vec<String> {
        self.inner.lock().unwrap().series.keys().cloned().collect()
    }

    /// What was recorded of a series, in order.
    pub(super) fn values(&self, series: &str) -> Vec<f64> {
        let inner = self.inner.lock().unwrap();
        let values = inner.series.get(series);
        values.unwrap_or_else(|| panic!("{series} is not in {:#?}", inner.series.keys())).clone()
    }

    /// What a counter has come to.
    pub(super) fn count(&self, series: &str) -> f64 {
        self.values(series).iter().sum()
    }

    /// The last value of a gauge.
    pub(super) fn last(&self, series: &str) -> Option<f64> {
        self.values(series).last().copied()
    }

    /// Of a metric: how many values each series got, without those that got none.
    pub(super) fn counts(&self, metric: &str) -> BTreeMap<String, usize> {
        let inner = self.inner.lock().unwrap();
        let of_metric = inner.series.iter().filter(|(series, values)| {
            let name = series.split('{').next();
            name == Some(metric) && !values.is_empty()
        });
        of_metric.map(|(series, values)| (series[metric.len()..].to_owned(), values.len())).collect()
    }

    fn describe(&self, name: &KeyName, kind: &'static str, unit: Option<Unit>, meaning: &SharedString) {
        let (name, meaning) = (name.as_str().to_owned(), meaning.to_string());
        self.inner.lock().unwrap().described.push(Described { name, kind, unit, meaning });
    }

    fn series_of(&self, key: &Key) -> Arc<Series> {
        let mut name = key.name().to_owned();
        for (number, label) in key.labels().enumerate() {
            let before = if number == 0 { "{" } else { "," };
            write!(name, "{before}{}={}", label.key(), label.value()).unwrap();
        }
        if key.labels().len() > 0 {
            name.push('}');
        }
        self.inner.lock().unwrap().series.entry(name.clone()).or_default();
        Arc::new(Series { kept: self.clone(), name })
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, meaning: SharedString) {
        self.describe(&key, "counter", unit, &meaning);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, meaning: SharedString) {
        self.describe(&key, "gauge", unit, &meaning);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, meaning: SharedString) {
        self.describe(&key, "histogram", unit, &meaning);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.series_of(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.series_of(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.series_of(key))
    }
}

/// One series.
struct Series {
    kept: Kept,
    name: String,
}

impl Series {
    fn push(&self, value: f64) {
        self.kept.inner.lock().unwrap().series.entry(self.name.clone()).or_default().push(value);
    }
}

impl CounterFn for Series {
    fn increment(&self, value: u64) {
        self.push(f64::from(u32::try_from(value).unwrap()));
    }

    fn absolute(&self, _: u64) {
        panic!("{} is only added to", self.name);
    }
}

impl GaugeFn for Series {
    fn increment(&self, _: f64) {
        panic!("{} is only set", self.name);
    }

    fn decrement(&self, _: f64) {
        panic!("{} is only set", self.name);
    }

    fn set(&self, value: f64) {
        self.push(value);
    }
}

impl HistogramFn for Series {
    fn record(&self, value: f64) {
        self.push(value);
    }
}
