//! The metrics by name: the one place where they are defined.

use std::fmt;

/// A metric of an orchestrator, as it is registered with the recorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How its values are to be read.
    pub kind: MetricKind,
    /// The labels of each of its series. Their values are names and words of the program: never an id, never a
    /// payload.
    pub labels: &'static [&'static str],
    /// What its values are in.
    pub unit: MetricUnit,
    /// What it says.
    pub meaning: &'static str,
}

/// How the values of a metric are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetricKind {
    /// It only grows, from 0 at the start of the process.
    Counter,
    /// It is as it is at the moment.
    Gauge,
    /// How often which value was seen.
    Histogram,
}

impl fmt::Display for MetricKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        })
    }
}

/// What the values of a metric are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetricUnit {
    /// A number of something.
    Count,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
}

impl fmt::Display for MetricUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Count => "count",
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
        })
    }
}

/// Instances whose first entry is durable.
pub const INSTANCES_STARTED: Metric = Metric {
    name: "sagas_instances_started_total",
    kind: MetricKind::Counter,
    labels: &["saga"],
    unit: MetricUnit::Count,
    meaning: "Instances that were started: their first entry is durable",
};

/// Instances that completed.
pub const INSTANCES_COMPLETED: Metric = Metric {
    name: "sagas_instances_completed_total",
    kind: MetricKind::Counter,
    labels: &["saga"],
    unit: MetricUnit::Count,
    meaning: "Instances that completed",
};

/// Instances that were compensated.
pub const INSTANCES_COMPENSATED: Metric = Metric {
    name: "sagas_instances_compensated_total",
    kind: MetricKind::Counter,
    labels: &["saga"],
    unit: MetricUnit::Count,
    meaning: "Instances that were compensated; one that was reverted has completed before, and counts as both",
};

/// How often instances parked.
pub const INSTANCES_PARKED: Metric = Metric {
    name: "sagas_instances_parked_total",
    kind: MetricKind::Counter,
    labels: &["saga", "reason"],
    unit: MetricUnit::Count,
    meaning: "How often an instance parked",
};

/// Attempts that ended.
pub const ATTEMPTS: Metric = Metric {
    name: "sagas_attempts_total",
    kind: MetricKind::Counter,
    labels: &["saga", "step", "method", "result"],
    unit: MetricUnit::Count,
    meaning: "Attempts that ended, of steps, checks and compensations",
};

/// How long attempts took.
pub const ATTEMPT_DURATION: Metric = Metric {
    name: "sagas_attempt_duration_seconds",
    kind: MetricKind::Histogram,
    labels: &["saga", "step", "method"],
    unit: MetricUnit::Seconds,
    meaning: "How long an attempt took, however it ended; lost ones are not in it",
};

/// How many entries a batch had.
pub const COMMIT_ENTRIES: Metric = Metric {
    name: "sagas_commit_entries",
    kind: MetricKind::Histogram,
    labels: &[],
    unit: MetricUnit::Count,
    meaning: "How many entries and signals were made durable in one commit",
};

/// How many bytes a batch had.
pub const COMMIT_BYTES: Metric = Metric {
    name: "sagas_commit_bytes",
    kind: MetricKind::Histogram,
    labels: &[],
    unit: MetricUnit::Bytes,
    meaning: "How many bytes were made durable in one commit",
};

/// How long a commit took.
pub const COMMIT_DURATION: Metric = Metric {
    name: "sagas_commit_duration_seconds",
    kind: MetricKind::Histogram,
    labels: &[],
    unit: MetricUnit::Seconds,
    meaning: "How long the store took for a commit",
};

/// Commits that failed.
pub const COMMITS_FAILED: Metric = Metric {
    name: "sagas_commits_failed_total",
    kind: MetricKind::Counter,
    labels: &[],
    unit: MetricUnit::Count,
    meaning: "Commits that the store answered with an error, after which it is reopened and read back",
};

/// The instances that have not ended.
pub const INSTANCES: Metric = Metric {
    name: "sagas_instances",
    kind: MetricKind::Gauge,
    labels: &["state"],
    unit: MetricUnit::Count,
    meaning: "Instances of the store that have not ended",
};

/// The instances that need attention.
pub const INSTANCES_NEEDING_ATTENTION: Metric = Metric {
    name: "sagas_instances_needing_attention",
    kind: MetricKind::Gauge,
    labels: &[],
    unit: MetricUnit::Count,
    meaning: "Instances of the store that go on, but at which a person should look",
};

/// The age of the oldest instance that has not ended.
pub const OLDEST_UNFINISHED_AGE: Metric = Metric {
    name: "sagas_oldest_unfinished_age_seconds",
    kind: MetricKind::Gauge,
    labels: &[],
    unit: MetricUnit::Seconds,
    meaning: "The age of the oldest instance of the store that has not ended; 0 if there is none",
};

/// The instances that wait for a place.
pub const INSTANCES_QUEUED: Metric = Metric {
    name: "sagas_instances_queued",
    kind: MetricKind::Gauge,
    labels: &[],
    unit: MetricUnit::Count,
    meaning: "Instances that wait for one of the `max_active` places",
};

/// The instances in memory.
pub const INSTANCES_IN_MEMORY: Metric = Metric {
    name: "sagas_instances_in_memory",
    kind: MetricKind::Gauge,
    labels: &[],
    unit: MetricUnit::Count,
    meaning: "Instances that are in memory; those that only wait are not",
};

/// All metrics.
pub const ALL: [Metric; 15] = [
    INSTANCES_STARTED,
    INSTANCES_COMPLETED,
    INSTANCES_COMPENSATED,
    INSTANCES_PARKED,
    ATTEMPTS,
    ATTEMPT_DURATION,
    COMMIT_ENTRIES,
    COMMIT_BYTES,
    COMMIT_DURATION,
    COMMITS_FAILED,
    INSTANCES,
    INSTANCES_NEEDING_ATTENTION,
    OLDEST_UNFINISHED_AGE,
    INSTANCES_QUEUED,
    INSTANCES_IN_MEMORY,
];
