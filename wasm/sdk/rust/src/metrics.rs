//! Metrics of the stage. They are defined when a behaviour is opened.

use crate::host;

/// A metric. What it records counts if the call does not fail.
#[derive(Debug, Clone, Copy)]
pub struct Metric(i32);

fn define(kind: u32, name: &str) -> Metric {
    Metric(unsafe { host::metric_define(kind, name.as_ptr(), name.len()) })
}

/// A metric to which values are added, which are not negative.
pub fn counter(name: &str) -> Metric {
    define(0, name)
}

/// A metric that has a value.
pub fn gauge(name: &str) -> Metric {
    define(1, name)
}

/// A metric that counts values by their size.
pub fn histogram(name: &str) -> Metric {
    define(2, name)
}

impl Metric {
    /// Adds to a counter, sets a gauge, counts a value in a histogram.
    pub fn record(self, value: f64) {
        unsafe { host::metric_record(self.0, value) };
    }
}
