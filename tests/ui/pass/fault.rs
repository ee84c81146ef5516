//! The errors of steps: derived beside thiserror's derive, and by itself.

#![deny(warnings)]

use std::time::Duration;

use sagas::{Fault, FaultKind};

#[derive(Debug, thiserror::Error, Fault)]
enum PaymentError {
    #[error("the card was declined")]
    #[fault(rejected)]
    Declined,
    #[error("the gateway is down")]
    #[fault(not_done, code = "gateway_down", retry_after = "5s")]
    Down {
        #[source]
        cause: std::io::Error,
    },
    #[error("the answer did not come")]
    #[fault(in_doubt)]
    Lost(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error(transparent)]
    #[fault(transparent)]
    Ledger(#[from] LedgerError),
    #[error("the gateway said {0}")]
    #[fault(with = kind_of)]
    Gateway(#[from] std::num::ParseIntError),
    #[error("the line {line} is bad")]
    #[fault(rejected, code = "bad_line")]
    Line { line: u32, source: std::fmt::Error },
    #[error("the gateway answered {0}")]
    #[fault(with = kind_of_text)]
    Answer(String),
    #[error("the disk said {0}")]
    #[fault(with = kind_of_any)]
    Disk(std::io::Error),
}

#[derive(Debug, thiserror::Error, Fault)]
#[fault(crate = ::sagas)]
enum LedgerError {
    #[error("the ledger is locked")]
    #[fault(not_done, retry_after = "250ms")]
    Locked,
}

/// Without thiserror.
#[derive(Debug, Fault)]
enum Plain {
    #[fault(rejected)]
    No,
}

impl std::fmt::Display for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no")
    }
}

fn kind_of(error: &std::num::ParseIntError) -> FaultKind {
    match error.kind() {
        std::num::IntErrorKind::Empty => FaultKind::NotDone,
        _ => FaultKind::Rejected,
    }
}

// What a reference to the field can become will do.
fn kind_of_text(text: &str) -> FaultKind {
    if text.is_empty() { FaultKind::InDoubt } else { FaultKind::Rejected }
}

fn kind_of_any(_: &(dyn std::error::Error + 'static)) -> FaultKind {
    FaultKind::InDoubt
}

fn said(fault: &dyn Fault) -> (FaultKind, Option<&str>, Option<Duration>, Option<String>) {
    (fault.kind(), fault.code(), fault.retry_after(), fault.source().map(ToString::to_string))
}

fn main() {
    use FaultKind::{InDoubt, NotDone, Rejected};

    assert_eq!(said(&PaymentError::Declined), (Rejected, Some("Declined"), None, None));
    let cause = std::io::Error::other("refused");
    let five = Some(Duration::from_secs(5));
    assert_eq!(
        said(&PaymentError::Down { cause }),
        (NotDone, Some("gateway_down"), five, Some("refused".to_owned()))
    );
    assert_eq!(
        said(&PaymentError::Lost("late".into())),
        (InDoubt, Some("Lost"), None, Some("late".to_owned()))
    );
    let quarter = Some(Duration::from_millis(250));
    assert_eq!(said(&PaymentError::from(LedgerError::Locked)), (NotDone, Some("Locked"), quarter, None));
    let empty = "".parse::<u32>().map_err(PaymentError::from).err();
    let text = empty.as_ref().and_then(|error| std::error::Error::source(error)).map(ToString::to_string);
    assert!(text.is_some());
    assert_eq!(empty.as_ref().map(|error| said(error)), Some((NotDone, Some("Gateway"), None, text)));
    let line = PaymentError::Line { line: 3, source: std::fmt::Error };
    assert_eq!(said(&line).1, Some("bad_line"));
    assert!(said(&line).3.is_some(), "a field called `source` is the cause, as thiserror has it");
    assert_eq!(said(&PaymentError::Answer("no".to_owned())).0, Rejected);
    assert_eq!(said(&PaymentError::Disk(std::io::Error::other("full"))).0, InDoubt);
    assert_eq!(said(&Plain::No), (Rejected, Some("No"), None, None));
}
