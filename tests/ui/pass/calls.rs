//! What each method is given: items, signals, outputs that may be missing, and what a child is started with.

#![deny(warnings)]

use sagas::__private::{Ask, Asked, Call, CallEnd, Encoding, Memory, Role};
use sagas::journal::Payload;
use sagas::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Confirmed(u32);

struct Packing;

#[saga]
impl Packing {
    #[step(read_only)]
    async fn pack(&self, input: &u32) -> Result<String, StepError> {
        Ok(input.to_string())
    }
}

struct Order;

#[saga(output = reserved)]
impl Order {
    #[step(output = gift, compensate = unwrap, idempotent, when = has_gift)]
    async fn wrap(&self, input: &Vec<u32>) -> Result<usize, StepError> {
        Ok(input.len())
    }
    fn has_gift(&self, input: &Vec<u32>) -> bool {
        input.len() > 2
    }
    async fn unwrap(&self, gift: &usize) -> Result<(), StepError> {
        assert_eq!(*gift, 3);
        Ok(())
    }

    #[step(output = reserved, compensate = release, in_doubt = check(find), when = has_lines, for_each = lines)]
    async fn reserve(&self, item: &u32, gift: Option<&usize>) -> Result<String, StepError> {
        Ok(format!("{item} of {gift:?}"))
    }
    fn has_lines(&self, gift: Option<&usize>) -> bool {
        gift.is_some()
    }
    fn lines(&self, input: &Vec<u32>) -> Vec<u32> {
        input.clone()
    }
    async fn find(&self, item: &u32) -> Result<Checked<String>, StepError> {
        Ok(Checked::Done(format!("{item} found")))
    }
    async fn release(&self, item: &u32, reserved: &String) -> Result<(), StepError> {
        Err(StepError::rejected(format!("{reserved} for {item}")))
    }

    #[step(signal, compensate = pay_back)]
    async fn confirmed(&self, signal: &Confirmed, reserved: Option<&[String]>) -> Result<usize, StepError> {
        assert_eq!(*signal, Confirmed(7));
        Ok(reserved.map_or(0, <[String]>::len))
    }
    async fn pay_back(&self, signal: &Confirmed, confirmed: Option<&usize>) -> Result<(), StepError> {
        Err(StepError::rejected(format!("{signal:?} {confirmed:?}")))
    }

    #[step(child = Packing)]
    fn pack(&self, confirmed: &usize) -> u32 {
        *confirmed as u32 + 40
    }

    #[step(read_only)]
    async fn label(&self, pack: &String) -> Result<String, StepError> {
        Ok(format!("label {pack}"))
    }
}

const JSON: Encoding = Encoding::Json { bytes_max: 100 };

fn end(memory: &Memory<Order>, step: usize, role: Role, item: Option<usize>) -> CallEnd {
    let cx = StepContext::detached("ab", "step");
    let mut call = Order.call(Call { step, role, item, cx: &cx, failure: None, encoding: JSON }, memory);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match call.as_mut().poll(&mut context) {
        std::task::Poll::Ready(end) => end,
        std::task::Poll::Pending => unreachable!("it waits"),
    }
}

/// The output as JSON, or the text of the error.
fn told(end: CallEnd) -> String {
    match end {
        CallEnd::Succeeded(output) => output.as_str().to_owned(),
        CallEnd::Failed(fault) => fault.message,
        other => format!("{other:?}"),
    }
}

fn payload(json: &str) -> Payload {
    Payload::json(serde_json::value::RawValue::from_string(json.to_owned()).unwrap())
}

fn asks_and_calls_with_what_is_there() {
    let memory = Memory::<Order>::new(vec![10, 20, 30]);
    let ask = |question| Order.ask(question, &memory, JSON);
    let step = |step, item| told(end(&memory, step, Role::Step, item));

    // Skipped: later methods are given `None`.
    assert_eq!(ask(Ask::Condition(1)), Asked::Holds(false));
    assert_eq!(ask(Ask::Condition(0)), Asked::Holds(true));
    assert_eq!(step(0, None), "3");
    assert_eq!(told(end(&memory, 0, Role::Compensation, None)), "null");
    assert_eq!(ask(Ask::Condition(1)), Asked::Holds(true));

    // Before the items are listed there is none; then each call is given its own.
    assert!(step(1, Some(0)).contains("`item` is not there"));
    let Asked::Items(items) = ask(Ask::Items(1)) else { unreachable!("there are items") };
    assert_eq!(items.iter().map(Payload::as_str).collect::<Vec<_>>(), ["10", "20", "30"]);
    assert_eq!(step(1, Some(2)), "\"30 of Some(3)\"");
    assert_eq!(told(end(&memory, 1, Role::Check, Some(0))), "\"10 found\"");
    assert!(step(1, Some(3)).contains("`item` is not there"));
    assert!(step(1, None).contains("`item` is not there"));

    // The signal, and the outputs once all are there.
    assert!(step(2, None).contains("`signal` is not there"));
    let slot = Order::slot(&memory.outputs, 2).unwrap();
    slot.restore_signal(&payload("7")).unwrap();
    assert_eq!(told(end(&memory, 2, Role::Compensation, None)), "Confirmed(7) None");
    assert_eq!(step(1, Some(1)), "\"20 of Some(3)\"");
    assert_eq!(step(2, None), "3");

    // A compensation is given the output of its own item.
    assert_eq!(told(end(&memory, 1, Role::Compensation, Some(0))), "10 found for 10");
    assert_eq!(told(end(&memory, 1, Role::Compensation, Some(2))), "30 of Some(3) for 30");

    // A child has no method to be tried.
    assert!(Order.child(2, &memory).is_none());
    let child = Order.child(3, &memory).unwrap();
    assert_eq!((child.saga_name(), child.saga()), ("packing", std::any::TypeId::of::<Packing>()));
    assert_eq!(child.into_input().downcast_ref(), Some(&43_u32));
    assert!(step(3, None).contains("`a method of this step` is not there"));
    assert_eq!(Order::children().iter().map(|child| child.name).collect::<Vec<_>>(), ["packing"]);
    Order::slot(&memory.outputs, 3).unwrap().restore(&payload("\"parcel\"")).unwrap();
    assert_eq!(step(4, None), "\"label parcel\"");

    // What is not asked has no answer.
    assert!(matches!(ask(Ask::Items(0)), Asked::NotEncodable(_)));
    assert!(matches!(ask(Ask::Condition(4)), Asked::NotEncodable(_)));
    let output = Order::output(memory.outputs).flatten().unwrap();
    assert_eq!(output, ["10 found", "20 of Some(3)", "30 of Some(3)"]);
}

fn skips() {
    let memory = Memory::<Order>::new(Vec::new());
    Order::slot(&memory.outputs, 2).unwrap().restore_signal(&payload("7")).unwrap();
    assert_eq!(told(end(&memory, 2, Role::Step, None)), "0");
    assert!(Order::output(memory.outputs).is_some_and(|output| output.is_none()), "skipped is an output");
}

fn a_compensation_of_one_item_does_not_need_the_others() {
    let memory = Memory::<Order>::new(Vec::new());
    let slot = Order::slot(&memory.outputs, 1).unwrap();
    slot.restore_items(&[payload("1"), payload("2")]).unwrap();
    slot.restore_item(1, &payload("\"two\"")).unwrap();
    assert_eq!(told(end(&memory, 1, Role::Compensation, Some(1))), "two for 2");
    assert!(told(end(&memory, 1, Role::Compensation, Some(0))).contains("`reserved` is not there"));
}

fn main() {
    asks_and_calls_with_what_is_there();
    skips();
    a_compensation_of_one_item_does_not_need_the_others();
}
