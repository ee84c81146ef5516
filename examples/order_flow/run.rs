//! Running the orders.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use sagas::Error;
use sagas::prelude::*;
use tokio::task::{JoinError, JoinSet};

use crate::args::Args;
use crate::crash::{CrashPlan, Crashing};
use crate::data::Data;
use crate::folder::Folder;
use crate::order::{OrderId, PlaceOrder};
use crate::progress::Progress;
use crate::saga::{OrderFlow, OrderFlowStep};
use crate::services::inventory::Warehouse;
use crate::services::orders::OrderBook;
use crate::services::payments::CardGateway;
use crate::services::shipments::Carrier;

/// The saga over the services that this program runs.
type Flow = OrderFlow<Crashing<OrderBook>, Crashing<Warehouse>, Crashing<CardGateway>, Crashing<Carrier>>;

/// What became of an order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ending {
    Completed,
    /// It was refused at a step and everything was compensated.
    Refused(Option<OrderFlowStep>),
    /// It waits for a person: where and why.
    Parked(String),
}

/// What became of the orders, and how long it took.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) endings: BTreeMap<OrderId, Ending>,
    /// Orders that an earlier process started on the same databases, finished or not.
    pub(crate) started_before: usize,
    pub(crate) time: Duration,
}

/// The orders could not be run to their ends. Running them again goes on where they stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("cannot open the database {}", path.display())]
    Service { path: PathBuf, source: rusqlite::Error },
    #[error("the orchestrator failed")]
    Orchestrator(#[from] Error),
    #[error("the wait for an order broke off")]
    Wait(#[from] JoinError),
}

/// Runs all orders, in the order of their numbers, and waits for the last.
pub(crate) async fn run(args: &Args, folder: &Folder, data: &Data) -> Result<Results, RunError> {
    let began = Instant::now();
    let crash = CrashPlan::new(args.crash_after);
    // The journal comes first: its lock keeps a second process away from the services' databases too.
    let store = SqliteStore::open(folder.journal())?;
    let orchestrator = Orchestrator::builder(store)
        .register(open_services(args, folder, data, &crash)?)
        .max_active(args.concurrency)
        .build()
        .await?;
    let results = run_orders(&orchestrator, args.concurrency, data, &crash).await;
    orchestrator.shutdown().await;
    let mut results = results?;
    results.time = began.elapsed();
    Ok(results)
}

fn open_services(args: &Args, folder: &Folder, data: &Data, crash: &CrashPlan) -> Result<Flow, RunError> {
    let failed = |path| |source| RunError::Service { path, source };
    let (orders, inventory) = (folder.orders(), folder.inventory());
    let (payments, shipments) = (folder.payments(), folder.shipments());
    let rules = &args.rules;
    Ok(OrderFlow {
        orders: crash.wrap(OrderBook::open(&orders, &data.products).map_err(failed(orders))?),
        inventory: crash.wrap(Warehouse::open(&inventory, &data.products).map_err(failed(inventory))?),
        payments: crash.wrap(CardGateway::open(&payments, rules.credit_limit).map_err(failed(payments))?),
        shipments: crash.wrap(Carrier::open(&shipments, rules.no_ship.clone()).map_err(failed(shipments))?),
    })
}

async fn run_orders(
    orchestrator: &Orchestrator,
    concurrency: usize,
    data: &Data,
    crash: &CrashPlan,
) -> Result<Results, RunError> {
    let progress = Progress::new(data.orders.len());
    let mut results = Results { endings: BTreeMap::new(), started_before: 0, time: Duration::ZERO };
    let mut under_way = JoinSet::new();
    let mut orders = data.orders.iter();
    loop {
        if under_way.len() < concurrency
            && let Some(order) = orders.next()
        {
            under_way.spawn(start(orchestrator, order).await?);
        } else if let Some(ended) = under_way.join_next().await {
            let Ended { order, ending, was_started_before } = ended??;
            if was_started_before {
                results.started_before += 1;
            } else {
                crash.order_finished();
            }
            progress.order_finished(&ending);
            results.endings.insert(order, ending);
        } else {
            return Ok(results);
        }
    }
}

/// An order that came to its end.
struct Ended {
    order: OrderId,
    ending: Ending,
    was_started_before: bool,
}

/// Starts an order, or finds the instance that an earlier process started. Returns the wait for its end.
async fn start(
    orchestrator: &Orchestrator,
    input: &PlaceOrder,
) -> Result<impl Future<Output = Result<Ended, Error>> + use<>, Error> {
    let (order, instance) = (input.order, input.order.instance());
    let was_started_before = match orchestrator.handle::<Flow>(instance.as_str()).try_outcome().await {
        Ok(_) => true,
        Err(Error::NotFound { .. }) => false,
        Err(error) => return Err(error),
    };
    let handle = orchestrator.start::<Flow>(instance, input.clone()).await?;
    Ok(async move { Ok(Ended { order, ending: ending(handle.outcome().await?), was_started_before }) })
}

fn ending(outcome: Outcome<Flow>) -> Ending {
    match outcome {
        Outcome::Completed(_) => Ending::Completed,
        Outcome::Compensated(failure) => Ending::Refused(failure.step),
        Outcome::Parked(parked) => Ending::Parked(parked.to_string()),
    }
}
