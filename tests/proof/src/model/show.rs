//! A way through a model as a timeline.

use std::fmt::Write as _;

use saga_core::journal::Event;
use stateright::Model;

use super::action::Action;
use super::run::shortest;
use super::saga::Saga;
use super::services::{Fate, Method};
use super::state::{Call, Stage, State};

/// The shortest way to where a promise is broken.
pub(super) fn violation(saga: &Saga, promise: &'static str) -> String {
    let mut text = command(saga, promise);
    for line in timeline(saga, &shortest(saga, promise).unwrap_or_default()) {
        let _infallible = writeln!(text, "    {line}");
    }
    text
}

/// Something that had to happen somewhere, and did not.
pub(super) fn missing(saga: &Saga, what: &str) -> String {
    command(saga, &format!("it never happens: {what}"))
}

fn command(saga: &Saga, what: &str) -> String {
    let Saga { name, faults, .. } = saga;
    format!("{what}\n    cargo run --profile proof -p saga-proof -- model --name {name} --faults {faults}\n")
}

/// One line for each action.
pub(super) fn timeline(saga: &Saga, actions: &[Action]) -> Vec<String> {
    let Some(mut state) = saga.init_states().pop() else { return Vec::new() };
    let start = format!("worker A starts the instance{}", handed_in(&state, 0));
    let mut lines = vec![with_broken(start, &state)];
    for action in actions {
        let after = saga.after(&state, *action);
        lines.push(with_broken(saga.line(&state, &after, *action), &after));
        state = after;
    }
    lines
}

fn with_broken(mut line: String, state: &State) -> String {
    if let Some(broken) = state.broken {
        let _infallible = write!(line, "  <- {broken}");
    }
    line
}

impl Saga {
    fn line(&self, before: &State, after: &State, action: Action) -> String {
        let call = |at: usize| self.call_name(&before.calls[at]);
        match action {
            Action::Land { worker } => {
                let stage = after.workers[worker].as_ref().and_then(|live| live.writing.as_ref());
                let is_taken = stage.is_some_and(|writing| writing.stage == Stage::Durable);
                format!("the store {} the entry of worker {}", takes(is_taken), letter(worker))
            }
            Action::LandLate { .. } => {
                let is_taken = after.store.journal.len() > before.store.journal.len();
                format!("the store {} the entry of a worker that is gone", takes(is_taken))
            }
            Action::Hear { worker } => {
                let (calls, left) = (self.new_calls(before, after), after.workers[worker].is_none());
                let drops = if left { ", and has the instance in memory no more" } else { "" };
                format!("worker {} hears of its entry{calls}{drops}", letter(worker))
            }
            Action::Arrive { call: at, fate } => {
                let what = match fate {
                    Fate::Done => "arrives",
                    Fate::DoneUnheard => "arrives, and its answer is lost",
                    Fate::Refused => "is refused",
                    Fate::NotDone => "is not done",
                };
                let effects = self.effects(before, after);
                format!("{} {what}{effects}", call(at))
            }
            Action::Lose { call: at } => format!("{} is lost", call(at)),
            Action::TimeOut { call: at } => format!("{} takes too long, and travels on", call(at)),
            Action::Take { call: at } => {
                let worker = before.calls[at].caller.map_or(0, usize::from);
                let answer = before.calls[at].answer;
                let answer = answer.map(|answer| format!("{answer:?}").to_lowercase()).unwrap_or_default();
                format!("{} is answered: {answer}{}", call(at), handed_in(after, worker))
            }
            Action::TakeAll { worker } => {
                format!("worker {} takes all answers{}", letter(worker), handed_in(after, worker))
            }
            Action::Pass { worker, .. } => {
                format!("a timer of worker {} goes off{}", letter(worker), handed_in(after, worker))
            }
            Action::Crash { worker } => format!("worker {} dies", letter(worker)),
            Action::Claim { worker } => {
                let calls = self.new_calls(before, after);
                let entry = handed_in(after, worker);
                format!("worker {} takes the instance over, and reads it back{calls}{entry}", letter(worker))
            }
            Action::Lost { worker } => format!("worker {} hears that its lease has passed", letter(worker)),
            Action::Cancel { worker } => {
                format!("the client cancels, at worker {}{}", letter(worker), handed_in(after, worker))
            }
            Action::Signal => "the message is in the inbox".to_owned(),
            Action::Tell { worker } => {
                format!("worker {} is told of the message{}", letter(worker), handed_in(after, worker))
            }
            Action::Resolve { worker } => {
                format!("somebody wants it tried again{}", handed_in(after, worker))
            }
        }
    }

    fn call_name(&self, call: &Call) -> String {
        let step = self.definition.steps().nth(usize::from(call.step));
        let step = step.map_or("?", |(_, step)| step.name.as_str());
        let method = match call.method {
            Method::Step => "",
            Method::Check => "/check",
            Method::Compensation => "/compensate",
        };
        match call.caller {
            Some(worker) => format!("{step}{method} of worker {}", letter(usize::from(worker))),
            None => format!("{step}{method} that nobody waits for"),
        }
    }

    fn new_calls(&self, before: &State, after: &State) -> String {
        let new = after.calls.iter().filter(|call| !before.calls.contains(call) && call.caller.is_some());
        let new: Vec<_> = new.map(|call| self.call_name(call)).collect();
        if new.is_empty() { String::new() } else { format!(", and calls {}", new.join(", ")) }
    }

    fn effects(&self, before: &State, after: &State) -> String {
        let pairs = before.services.iter().zip(&after.services);
        let changed =
            self.definition.steps().zip(pairs).find(|(_, (one, other))| one.effects != other.effects);
        changed.map_or_else(String::new, |((_, step), (one, other))| {
            format!(": {} has {} effects, had {}", step.name, other.effects, one.effects)
        })
    }
}

/// What a worker has handed in.
fn handed_in(state: &State, worker: usize) -> String {
    let live = state.workers[worker].as_ref();
    let Some(writing) = live.and_then(|live| live.writing.as_ref()) else { return String::new() };
    let entry = &writing.write.entry;
    let events: Vec<_> = entry.events.iter().map(event).collect();
    format!(", and hands in entry {} of epoch {}: {}", entry.seq, entry.epoch.get(), events.join(", "))
}

fn event(event: &Event) -> String {
    event.step().map_or_else(|| event.name().to_owned(), |step| format!("{}({step})", event.name()))
}

const fn takes(is_taken: bool) -> &'static str {
    if is_taken { "takes" } else { "refuses" }
}

/// The name of a worker.
fn letter(worker: usize) -> &'static str {
    if worker == 0 { "A" } else { "B" }
}
