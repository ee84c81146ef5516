//! The table of metrics that users read says what the recorder is told.

use sagas::metrics::{ALL, Metric};

/// The table as it is in the documentation.
const TABLE: &str = include_str!("../../../src/docs/metrics.md");

/// A metric as a row of it.
fn row(metric: &Metric) -> String {
    let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
    let labels = if labels.is_empty() { String::new() } else { format!("{} ", labels.join(", ")) };
    let Metric { name, kind, unit, meaning, .. } = metric;
    format!("| `{name}` | {kind} | {labels}| {unit} | {meaning} |")
}

#[test]
fn the_table_has_a_row_for_each_metric() {
    let rows: Vec<_> = TABLE.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<_> = ALL.iter().map(row).collect();
    assert_eq!(rows, expected);
}

#[test]
fn the_names_end_with_what_they_count_in() {
    for metric in ALL {
        let Metric { name, kind, unit, .. } = metric;
        assert!(name.starts_with("sagas_"), "{name}");
        let (kind, unit) = (kind.to_string(), unit.to_string());
        let is_total = name.ends_with("_total");
        assert_eq!(is_total, kind == "counter", "{name} is a {kind}");
        assert!(is_total || unit == "count" || name.ends_with(&unit), "{name} is in {unit}");
    }
}
