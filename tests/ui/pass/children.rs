//! Steps that are sagas of their own.

#![deny(warnings)]

use sagas::prelude::*;
use sagas::Inline;
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
struct Parcel(u32);

#[derive(Serialize, Deserialize)]
struct Approved;

struct Packing;

#[saga]
impl Packing {
    #[step(compensate = unpack, idempotent)]
    async fn pack(&self, input: &Parcel) -> Result<Parcel, StepError> {
        Ok(input.clone())
    }
    async fn unpack(&self, pack: &Parcel) -> Result<(), StepError> {
        let _ = pack;
        Ok(())
    }
}

/// A saga with a pivot.
struct Transport<D> {
    driver: D,
}

#[saga]
impl<D: Send + Sync + 'static> Transport<D> {
    #[step(pivot, idempotent)]
    async fn drive(&self, input: &Parcel) -> Result<u32, StepError> {
        let _ = &self.driver;
        Ok(input.0)
    }
}

struct Archive;

#[saga]
impl Archive {
    #[step(read_only, when = never)]
    async fn look(&self) -> Result<u8, StepError> {
        Ok(1)
    }
    fn never(&self) -> bool {
        false
    }
}

struct Order<D>(D);

#[saga]
impl<D: Send + Sync + 'static> Order<D> {
    // A child after a signal.
    #[step(signal, within = "1d", read_only)]
    async fn approved(&self, signal: &Approved) -> Result<u32, StepError> {
        let Approved = signal;
        Ok(1)
    }

    #[step(child = Packing, output = parcel)]
    fn pack(&self, approved: &u32, input: &u32) -> Parcel {
        Parcel(*approved + *input)
    }

    // A child that runs only sometimes, and later than the other.
    #[step(child = Packing, when = is_large, delay = "10m", after(approved))]
    fn pack_again(&self, input: &u32) -> Parcel {
        Parcel(*input)
    }
    fn is_large(&self, input: &u32) -> bool {
        *input > 10
    }

    // The message may be what the child is started with.
    #[step(child = Waiting, signal)]
    fn wait(&self, signal: &Parcel) -> Parcel {
        signal.clone()
    }

    #[step(child = Transport<D>, pivot)]
    fn transport(&self, parcel: &Parcel, pack_again: Option<&Parcel>, wait: &u32) -> Parcel {
        let _ = (pack_again, wait);
        parcel.clone()
    }

    #[step(child = Transport<D>, retriable)]
    fn bring_back(&self, transport: &u32) -> Parcel {
        Parcel(*transport)
    }

    // A child without an input; its output is optional.
    #[step(child = Archive, retriable)]
    fn archive(&self) {}

    #[step(retriable, idempotent)]
    async fn thank(&self, archive: &Option<u8>) -> Result<(), StepError> {
        let _ = archive;
        Ok(())
    }
}

struct Waiting;

#[saga]
impl Waiting {
    #[step(read_only)]
    async fn count(&self, input: &Parcel) -> Result<u32, StepError> {
        Ok(input.0)
    }
}

/// A saga may be a child of itself, as long as it ends.
struct Folder;

#[saga(output = list)]
impl Folder {
    #[step(read_only)]
    async fn list(&self, input: &u32) -> Result<u32, StepError> {
        Ok(*input)
    }

    #[step(child = Self, when = has_more)]
    fn deeper(&self, list: &u32) -> u32 {
        *list - 1
    }
    fn has_more(&self, list: &u32) -> bool {
        *list > 0
    }
}

fn runs_inline<S: Inline>() {}
fn main() {
    runs_inline::<Transport<u8>>();
    assert!(Order::<u8>::graph().to_mermaid().contains("packing"));
    assert!(Folder::graph().to_dot().contains("folder"));
    // Only a child that its own saga takes back is compensated.
    let definition = Order::<u8>::definition();
    let compensated: Vec<_> = definition
        .steps()
        .filter(|(_, step)| step.compensation.is_some())
        .filter_map(|(_, step)| step.child.as_deref())
        .collect();
    assert_eq!(compensated, ["packing", "packing", "waiting"]);
    assert_eq!(Order::<u8>::children().len(), 6);
}
