//! What may be written: I4, I6, I7, I9, I12, I15.

use sagas::journal::{Event, InstanceState};

use super::Judge;
use crate::promise::Promise;
use crate::simulation::place::{Life, Method, Slot, Who, step_of};
use crate::simulation::seen::Written;

impl Judge {
    /// An entry became durable.
    pub(super) fn wrote(&mut self, life: Life, who: Who, written: &Written, row: Option<InstanceState>) {
        let entry = &*written.entry;
        let (seq, epoch) = (entry.seq.get(), entry.epoch.get());
        if seq == 1 {
            self.standing(who).owner = epoch;
        }
        let standing = self.standing(who);
        let (last, owner) = (standing.last, standing.owner);
        let reverts = entry.events.iter().any(|event| matches!(event, Event::CompensationDecided { .. }));
        let is_over = standing.compensated > 0 || standing.has_ended() && !reverts;
        if is_over {
            self.breaks(Promise::I9, || format!("entry {seq} of {who} was written after it had ended"));
        }
        if seq != last + 1 {
            self.breaks(Promise::I15, || format!("entry {seq} of {who} follows entry {last}"));
        }
        if epoch != owner {
            self.breaks(Promise::I15, || {
                format!("entry {seq} of {who} is of stay {epoch}, and it belongs to {owner}")
            });
        }
        if self.stays.get(&epoch) != Some(&life) {
            self.breaks(Promise::I15, || {
                format!("{life} wrote entry {seq} of {who} under another's stay {epoch}")
            });
        }
        for event in &entry.events {
            self.announce(who, event, epoch);
        }
        self.pauses(who, entry);
        self.in_time(who, entry);
        let standing = self.standing(who);
        standing.add(entry);
        standing.bytes.push(written.bytes);
        self.decided(who, &entry.events);
        self.row(who, seq, row);
    }

    /// Instances belong to a stay from here on.
    pub(super) fn handed_out(&mut self, life: Life, epoch: u64, ids: &[Who]) {
        for who in ids {
            self.standing(*who).owner = epoch;
        }
        if self.stays.get(&epoch) != Some(&life) {
            self.breaks(Promise::I15, || {
                format!("{life} was handed out instances under another's stay {epoch}")
            });
        }
    }

    fn announce(&mut self, who: Who, event: &Event, epoch: u64) {
        let (method, attempt) = match event {
            Event::StepStarted { attempt, .. } => (Method::Step, *attempt),
            Event::CheckStarted { attempt, .. } => (Method::Check, *attempt),
            Event::CompensationStarted { attempt, .. } => (Method::Compensation, *attempt),
            _ => return,
        };
        if let Some(step) = event.step().and_then(|step| step_of(step.as_str())) {
            self.announced.insert((Slot { who, step, item: event.item() }, method, attempt), epoch);
        }
    }

    /// I6: at most one success. I7: one decision, never flipped. I12: nothing goes back while the pivot may be in
    /// force.
    fn decided(&mut self, who: Who, events: &[Event]) {
        let standing = self.standing(who);
        let (decisions, goes_back) = (standing.decided + standing.completed, standing.goes_back());
        let (reverted, completed, compensated) =
            (standing.reverted, standing.completed, standing.compensated);
        if decisions > 1 || reverted > completed || compensated > 1 {
            self.breaks(Promise::I7, || format!("it was decided twice how {who} ends"));
        }
        if compensated > 0 && !goes_back {
            self.breaks(Promise::I7, || format!("{who} is compensated, which nobody decided"));
        }
        for event in events {
            let step = event.step().and_then(|step| step_of(step.as_str()));
            match (event, step) {
                (Event::StepSucceeded { item, .. }, Some(step))
                    if self.standing(who).record((step, *item)).successes > 1 =>
                {
                    let slot = Slot { who, step, item: *item };
                    self.breaks(Promise::I6, || format!("{slot} succeeded twice"));
                }
                (Event::CompensationDecided { .. }, _) => self.pivot(who),
                _ => {}
            }
        }
    }

    fn pivot(&mut self, who: Who) {
        let Some(pivot) = self.pivot_of(who) else { return };
        if self.standing(who).may_be_in_force(pivot) {
            self.breaks(Promise::I12, || {
                format!("it was decided to compensate {who} while its pivot s{pivot} may be in force")
            });
        }
    }

    /// I4: the row says that it has ended exactly if the journal does.
    fn row(&mut self, who: Who, seq: u64, row: Option<InstanceState>) {
        let ending = self.ending(who);
        let says = row.filter(|row| row.is_terminal());
        if row.is_some() && says != ending || row.is_none() && ending.is_some() {
            self.breaks(Promise::I4, || {
                format!("after entry {seq} of {who} the row says {row:?}, and the journal {ending:?}")
            });
        }
    }
}
