//! The progress bar.

use std::cell::Cell;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::run::Ending;

/// A bar on the terminal while orders run; nothing where there is no terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    counts: Cell<Counts>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    completed: usize,
    refused: usize,
    parked: usize,
}

impl Progress {
    /// A bar for so many orders.
    pub(crate) fn new(orders: usize) -> Self {
        let template = "  {spinner:.cyan} {bar:32.cyan/dim} {pos}/{len}  {msg}  {elapsed:.dim}";
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars("━━─");
        let bar = ProgressBar::new(orders as u64).with_style(style);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, counts: Cell::default() }
    }

    /// One order more.
    pub(crate) fn order_finished(&self, ending: &Ending) {
        let mut counts = self.counts.get();
        match ending {
            Ending::Completed => counts.completed += 1,
            Ending::Refused(_) => counts.refused += 1,
            Ending::Parked(_) => counts.parked += 1,
        }
        self.counts.set(counts);
        let Counts { completed, refused, parked } = counts;
        let parked = if parked == 0 { String::new() } else { format!(" · {parked} parked") };
        self.bar.set_message(format!("{completed} completed · {refused} refused{parked}"));
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
