//! Steps that run once for each item of a list.

#![deny(warnings)]

use sagas::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Order {
    lines: Vec<Line>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Line {
    product: u32,
}

#[derive(Serialize, Deserialize)]
struct Reservation(u32);

type Lines = Vec<Line>;

struct Warehouse<S> {
    services: S,
}

trait Services: Send + Sync + 'static {
    fn reserve(&self, product: u32) -> impl Future<Output = Result<Reservation, StepError>> + Send;
}

#[saga(output = reservations)]
impl<S: Services> Warehouse<S> {
    #[step(
        output = reservations,
        for_each = lines,
        concurrency = 4,
        compensate = release,
        in_doubt = check(find, after = "10s")
    )]
    async fn reserve(&self, cx: &StepContext, item: &Line) -> Result<Reservation, StepError> {
        let _ = cx.idempotency_key();
        self.services.reserve(item.product).await
    }
    fn lines(&self, input: &Order) -> Vec<Line> {
        input.lines.clone()
    }
    async fn find(&self, item: &Line) -> Result<Checked<Reservation>, StepError> {
        Ok(Checked::Done(Reservation(item.product)))
    }
    async fn release(&self, item: &Line, reservations: &Reservation) -> Result<(), StepError> {
        let _ = (item, reservations);
        Ok(())
    }

    // A list may be seen through an alias, and be made of outputs; an item may be what an output is.
    #[step(for_each = again, compensate = release_again)]
    async fn pack(&self, item: &Line, reservations: &[Reservation]) -> Result<Line, StepError> {
        let _ = reservations;
        Ok(item.clone())
    }
    fn again(&self, reservations: &[Reservation]) -> Lines {
        reservations.iter().map(|reservation| Line { product: reservation.0 }).collect()
    }
    async fn release_again(&self, pack: Option<&Line>, _item: &Line) -> Result<(), StepError> {
        let _ = pack;
        Ok(())
    }

    // A conditional fan-out.
    #[step(read_only, when = is_long, for_each = lines, output = prices)]
    async fn price(&self, item: &Line) -> Result<u64, StepError> {
        Ok(u64::from(item.product))
    }
    fn is_long(&self, input: &Order) -> bool {
        input.lines.len() > 10
    }

    #[step(pivot, idempotent)]
    async fn ship(
        &self,
        reservations: &[Reservation],
        pack: &[Line],
        prices: Option<&[u64]>,
    ) -> Result<(), StepError> {
        let _ = (reservations, pack, prices);
        Ok(())
    }
}

/// The output of a conditional fan-out is both.
struct Both;

#[saga]
impl Both {
    #[step(read_only, when = always, for_each = none)]
    async fn look(&self, item: &()) -> Result<u8, StepError> {
        let () = item;
        Ok(1)
    }
    fn always(&self) -> bool {
        true
    }
    fn none(&self) -> Vec<()> {
        Vec::new()
    }
}

fn is_output<S: Saga<Output = T>, T>() {}

struct Real;

impl Services for Real {
    async fn reserve(&self, product: u32) -> Result<Reservation, StepError> {
        Ok(Reservation(product))
    }
}

fn main() {
    is_output::<Warehouse<Real>, Vec<Reservation>>();
    is_output::<Both, Option<Vec<u8>>>();
    let definition = Warehouse::<Real>::definition();
    let at_once: Vec<_> =
        definition.steps().map(|(_, step)| step.fan_out.map(|fan_out| fan_out.concurrency.get())).collect();
    assert_eq!(at_once, [Some(4), Some(8), Some(8), None]);
    assert!(definition.steps().map(|(_, step)| step.conditional).eq([false, false, true, false]));
}
