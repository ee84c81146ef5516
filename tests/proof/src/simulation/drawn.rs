//! Sagas whose definition is drawn: what `#[saga]` would write, by hand, for steps that are known when it runs.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use sagas::__private::{
    AnyChild, AnySlot, Ask, Asked, Call, Calling, ChildType, Definition, Encoding, FanSlot, Memory, NoPivot,
    Role, SignalSlot, Slot as Room, StepDefinition, check, child, codec, compensation, items, missing,
    record, step, unanswered,
};
use sagas::{Checked, Receives, Saga, Step, StepError};
use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::place::{Slot, Who, saga_of};
use super::plan::{Family, SAGAS, STEPS};
use super::seen::Seen;

thread_local! {
    /// The sagas that this thread runs: a definition is asked of the type, which is the same for all seeds.
    static FAMILY: RefCell<Option<Arc<Family>>> = const { RefCell::new(None) };
}

/// From here on this thread runs these sagas.
pub(crate) fn run_on_this_thread(family: &Arc<Family>) {
    FAMILY.set(Some(Arc::clone(family)));
}

fn family() -> Arc<Family> {
    FAMILY.with_borrow(|family| family.clone()).expect("sagas are drawn before they run")
}

/// The drawn saga of this number.
#[derive(Debug)]
pub(crate) struct Drawn<const N: usize>(pub(crate) Caller);

/// A step, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct DrawnStep(usize);

impl fmt::Display for DrawnStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Step for DrawnStep {
    const ALL: &'static [Self] = &[Self(0), Self(1), Self(2), Self(3), Self(4), Self(5)];

    fn name(&self) -> &'static str {
        STEPS[self.0]
    }
}

/// What the step at `K` waits for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Message<const K: usize>(pub(crate) u32);

impl<const N: usize, const K: usize> Receives<Message<K>> for Drawn<N> {
    const STEP: usize = K;
}

/// Where the outputs of one instance are kept.
pub(crate) struct Outputs(Vec<Kept>);

/// Where that of one step is.
enum Kept {
    One(Room<u32>),
    Each(FanSlot<u32, u32>),
    Signalled(SignalSlot<u32, u32>),
}

impl Kept {
    fn of(step: &StepDefinition) -> Self {
        match (&step.fan_out, &step.signal) {
            (Some(_), _) => Self::Each(FanSlot::new(codec(), codec())),
            (None, Some(_)) => Self::Signalled(SignalSlot::new(codec(), codec())),
            (None, None) => Self::One(Room::new(codec())),
        }
    }

    fn slot(&self) -> &dyn AnySlot {
        match self {
            Self::One(room) => room,
            Self::Each(room) => room,
            Self::Signalled(room) => room,
        }
    }

    /// Everything that a later step is given.
    fn outputs(&self) -> Option<Vec<u32>> {
        match self {
            Self::One(room) => room.get().map(|output| vec![*output]),
            Self::Each(room) => room.get().map(<[u32]>::to_vec),
            Self::Signalled(room) => room.get().map(|output| vec![*output]),
        }
    }
}

impl<const N: usize> Drawn<N> {
    /// Looks whether a step has what it is given: the outputs of the steps before it, which are there unless they are
    /// skipped, and are those of their services.
    fn look(&self, call: &Call<'_>, definition: &Definition, memory: &Memory<Self>) {
        let Some(who) = Who::of(call.cx.instance_id()) else { return };
        let Some((_, this)) = definition.steps().nth(call.step) else { return };
        for before in this.after.iter() {
            let (Some(of), Some(kept)) = (definition.step(before), memory.outputs.0.get(before.get())) else {
                continue;
            };
            let step = u8::try_from(before.get()).unwrap_or(u8::MAX);
            let outputs = kept.outputs();
            let is_right = |at: usize, output: u32| {
                let item = of.fan_out.and_then(|_| u32::try_from(at).ok());
                // That of a child is the output of the child's last step.
                of.child.is_some() || output == Slot { who, step, item }.output()
            };
            let fits = match &outputs {
                None => of.conditional,
                Some(outputs) => outputs.iter().enumerate().all(|(at, output)| is_right(at, *output)),
            };
            if !fits {
                let at = u8::try_from(call.step).unwrap_or(u8::MAX);
                let item = call.item.and_then(|item| u32::try_from(item).ok());
                let slot = Slot { who, step: at, item };
                self.0.world.see(Seen::WrongOutput { slot, before: step });
            }
        }
    }
}

impl<const N: usize> Drawn<N> {
    /// Methods that only say something, a condition, a list or a child's input, panic now and then.
    fn may_panic(&self) {
        let world = &self.0.world;
        if !world.is_calm() && world.draw(|draw| draw.once_in(20)) {
            world.count("method: panics");
            // Without the hook of `panic!`, which would write to the terminal.
            std::panic::resume_unwind(Box::new("a method panics"));
        }
    }
}

impl<const N: usize> Saga for Drawn<N> {
    type Input = u32;
    type Output = u32;
    type Step = DrawnStep;
    type Outputs = Outputs;
    type Pivot = NoPivot;
    const NAME: &'static str = SAGAS[N];

    fn definition() -> Definition {
        family().saga(N).clone()
    }

    fn outputs() -> Outputs {
        Outputs(family().saga(N).steps().map(|(_, step)| Kept::of(step)).collect())
    }

    fn slot(outputs: &Outputs, step: usize) -> Option<&dyn AnySlot> {
        outputs.0.get(step).map(Kept::slot)
    }

    fn output(mut outputs: Outputs) -> Option<u32> {
        outputs.0.pop()?.outputs()?.first().copied()
    }

    fn call<'a>(&'a self, call: Call<'a>, memory: &'a Memory<Self>) -> Calling<'a> {
        let Some(kept) = memory.outputs.0.get(call.step) else { return missing("step") };
        let caller = &self.0;
        match call.role {
            Role::Step => {
                self.look(&call, self.0.world.family.saga(N), memory);
                let future = caller.forward(N, call.cx);
                match kept {
                    Kept::One(room) => step::<Result<u32, StepError>>(call, room, record(), future),
                    Kept::Each(room) if room.item(call.item).is_none() => missing("item"),
                    Kept::Each(room) => step::<Result<u32, StepError>>(call, room, record(), future),
                    Kept::Signalled(room) if room.signal().is_none() => missing("signal"),
                    Kept::Signalled(room) => step::<Result<u32, StepError>>(call, room, record(), future),
                }
            }
            Role::Check => {
                let future = caller.check(N, call.cx);
                match kept {
                    Kept::One(room) => {
                        check::<Result<Checked<u32>, StepError>, u32>(call, room, record(), future)
                    }
                    Kept::Each(room) => {
                        check::<Result<Checked<u32>, StepError>, u32>(call, room, record(), future)
                    }
                    Kept::Signalled(room) => {
                        check::<Result<Checked<u32>, StepError>, u32>(call, room, record(), future)
                    }
                }
            }
            Role::Compensation => {
                let mut steps = self.0.world.family.saga(N).steps();
                let needs_output =
                    steps.nth(call.step).is_some_and(|(_, step)| step.compensation_needs_output());
                let has_output = match kept {
                    Kept::Each(room) => room.output(call.item).is_some(),
                    Kept::One(room) => room.get().is_some(),
                    Kept::Signalled(room) => room.get().is_some(),
                };
                if needs_output && !has_output {
                    let (Some(who), Ok(step)) = (Who::of(call.cx.instance_id()), u8::try_from(call.step))
                    else {
                        return missing("output");
                    };
                    let item = call.item.and_then(|item| u32::try_from(item).ok());
                    self.0.world.see(Seen::WrongOutput { slot: Slot { who, step, item }, before: step });
                }
                compensation::<Result<(), StepError>>(record(), caller.compensate(N, call.cx))
            }
        }
    }

    fn ask(&self, question: Ask, memory: &Memory<Self>, encoding: Encoding) -> Asked {
        let family = &self.0.world.family;
        self.may_panic();
        match question {
            Ask::Condition(step) => Asked::Holds(family.holds(memory.input, step)),
            Ask::Items(step) => match memory.outputs.0.get(step) {
                Some(Kept::Each(room)) => {
                    let all: Vec<u32> = (0..family.items(memory.input, step)).collect();
                    items(room, all, encoding)
                }
                _ => unanswered("items"),
            },
        }
    }

    fn child(&self, step: usize, memory: &Memory<Self>) -> Option<AnyChild> {
        let family = &self.0.world.family;
        let saga = family.saga(N).steps().nth(step).and_then(|(_, step)| saga_of(step.child.as_deref()?))?;
        let of = match saga {
            1 => ChildType::of::<Drawn<1>>(SAGAS[1]),
            _ => ChildType::of::<Drawn<2>>(SAGAS[2]),
        };
        self.may_panic();
        Some(child::<u32>(of, memory.input))
    }

    fn children() -> Vec<ChildType> {
        if N != 0 {
            return Vec::new();
        }
        let of = |saga| match saga {
            1 => ChildType::of::<Drawn<1>>(SAGAS[1]),
            _ => ChildType::of::<Drawn<2>>(SAGAS[2]),
        };
        family().children().map(of).collect()
    }
}
