//! Short names of what is seen: a hash that is the same in every run.

use std::hash::{Hash, Hasher};

use sagas::journal::{CheckNext, CompensationNext, Event, Next};

/// What an event says but for times, texts and payloads.
pub(crate) fn print_event(event: &Event, hasher: &mut Print) {
    event.name().hash(hasher);
    event.step().hash(hasher);
    event.item().hash(hasher);
    match event {
        Event::StepStarted { attempt, .. }
        | Event::CheckStarted { attempt, .. }
        | Event::CompensationStarted { attempt, .. } => attempt.hash(hasher),
        Event::AttemptFailed { attempt, fault, next, .. } => {
            (attempt, fault.kind, &fault.code).hash(hasher);
            print_next(next, hasher);
        }
        Event::AttemptLost { attempt, loss, next, .. } => {
            (attempt, loss).hash(hasher);
            print_next(next, hasher);
        }
        Event::SignalMissed { next, .. } | Event::CheckedVoid { next, .. } => print_next(next, hasher),
        Event::CheckFailed { attempt, lost, next, .. } => {
            (attempt, lost).hash(hasher);
            match next {
                CheckNext::CheckAt(_) => 0_u8.hash(hasher),
                CheckNext::InDoubt => 1_u8.hash(hasher),
                CheckNext::Park(reason) => (2_u8, reason).hash(hasher),
            }
        }
        Event::CompensationFailed { attempt, fault, lost, next, .. } => {
            (attempt, fault.kind, &fault.code, lost).hash(hasher);
            match next {
                CompensationNext::RetryAt(_) => 0_u8.hash(hasher),
                CompensationNext::Park(reason) => (1_u8, reason).hash(hasher),
            }
        }
        Event::CompensationDecided { cause } => (&cause.step, cause.item, cause.kind).hash(hasher),
        Event::Parked { reason, .. } => reason.hash(hasher),
        _ => {}
    }
}

fn print_next(next: &Next, hasher: &mut Print) {
    match next {
        Next::RetryAt(_) => 0_u8.hash(hasher),
        Next::Void => 1_u8.hash(hasher),
        Next::InDoubt => 2_u8.hash(hasher),
        Next::CheckAt(_) => 3_u8.hash(hasher),
        Next::Park(reason) => (4_u8, reason).hash(hasher),
    }
}

/// A hash of 64 bits, the same in every run: multiplied and folded for each word, so that each bit of what goes in
/// reaches all bits of what comes out.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Print(u64);

impl Print {
    /// Adds a word.
    pub(crate) fn add(&mut self, word: u64) {
        let product = u128::from(self.0 ^ 0x9e37_79b9_7f4a_7c15) * u128::from(word ^ 0xa076_1d64_78bd_642f);
        self.0 = fold(product);
    }
}

/// Both halves of a product in one word.
#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
fn fold(product: u128) -> u64 {
    (product >> 64) as u64 ^ product as u64
}

impl Hasher for Print {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.add(u64::from_le_bytes(word));
        }
        self.add(bytes.len() as u64);
    }

    fn write_u8(&mut self, byte: u8) {
        self.add(u64::from(byte));
    }

    fn write_u32(&mut self, word: u32) {
        self.add(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.add(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.add(word as u64);
    }
}
