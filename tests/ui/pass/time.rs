//! Time and limits: delays, deadlines, promises that end, attempts at once.

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
    assert_eq!(ReminderStep::ALL.len(), 4);
}
