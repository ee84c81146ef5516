//! Time and limits: delays, deadlines, promises that end, attempts at once.

#![deny(warnings)]

use std::num::NonZeroU32;
use std::time::Duration;

use sagas::prelude::*;

struct Reminder;

#[saga(deadline = "10m")]
impl Reminder {
    #[step(compensate = forget, idempotent(within = "24h"), max_running = 50)]
    async fn note(&self, input: &String) -> Result<u64, StepError> {
        Ok(input.len() as u64)
    }
    async fn forget(&self, note: &u64) -> Result<(), StepError> {
        let _ = note;
        Ok(())
    }

    // A delay beside a step without one.
    #[step(read_only, delay = "30s", after(note))]
    async fn look(&self) -> Result<u8, StepError> {
        Ok(1)
    }

    #[step(read_only, after(note), max_running = 1)]
    async fn listen(&self) -> Result<u8, StepError> {
        Ok(2)
    }

    // Once the service has forgotten the key, it is asked.
    #[step(pivot, idempotent(within = "1h"), in_doubt = check(find), delay = "1d")]
    async fn remind(&self, look: &u8, listen: &u8) -> Result<u8, StepError> {
        Ok(look + listen)
    }
    async fn find(&self) -> Result<Checked<u8>, StepError> {
        Ok(Checked::Unknown)
    }
}

fn main() {
    let definition = Reminder::definition();
    assert_eq!(definition.deadline_after(), Some(minutes(10)));
    let steps: Vec<_> = definition.steps().map(|(_, step)| step).collect();
    let limits: Vec<_> = steps.iter().map(|step| step.max_running.map(NonZeroU32::get)).collect();
    assert_eq!(limits, [Some(50), None, Some(1), None]);
    let delays: Vec<_> = steps.iter().map(|step| step.delay).collect();
    assert_eq!(delays, [None, Some(minutes(1) / 2), None, Some(minutes(24 * 60))]);
    let promises: Vec<_> = steps.iter().map(|step| step.idempotent_within).collect();
    assert_eq!(promises, [Some(minutes(24 * 60)), None, None, Some(minutes(60))]);
    assert!(steps.iter().all(|step| step.idempotent == step.idempotent_within.is_some()));
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}
