//! The workers: they are started, die, stand still, are shut down, and are started again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sagas::Error;
use sagas::prelude::Orchestrator;
use tokio::time::{sleep, timeout};

use super::caller::Caller;
use super::drawn::Drawn;
use super::place::Life;
use super::process::{Aim, Process, ProcessClock};
use super::seen::Seen;
use super::store::WeatheredStore;
use super::weather::{Blow, BlowKind, DAY_MILLIS};
use super::world::World;

/// How long after a failed start the next one is tried.
const RESTART: Duration = Duration::from_secs(1);

/// How long running attempts may go on at a shutdown.
const GRACE: Duration = Duration::from_secs(5);

/// How long a shutdown may take before the process is killed: longer than the grace and the slowest store.
const SHUTDOWN_MAX: Duration = Duration::from_secs(60);

/// A day, as clocks jump back.
const BACK_MILLIS: i64 = -DAY_MILLIS;

/// A worker that has been built.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    pub(crate) orchestrator: Orchestrator,
    pub(crate) process: Arc<Process>,
}

/// One worker, over all its lives.
#[derive(Debug, Default)]
struct Worker {
    lives: u32,
    running: Option<Running>,
    /// The process that is being started.
    starting: Option<Arc<Process>>,
    /// How far its machine's clock is from the true time.
    off_millis: i64,
}

/// All workers.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) world: Arc<World>,
    workers: Mutex<Vec<Worker>>,
    /// A process that is killed puts nothing in order, so what it held is kept until the run is over.
    dead: Mutex<Vec<Orchestrator>>,
}

impl Fleet {
    /// Workers that are yet to be started.
    pub(crate) fn new(world: &Arc<World>) -> Arc<Self> {
        let workers = (0..world.weather.workers).map(|_| Worker::default()).collect();
        Arc::new(Self { world: Arc::clone(world), workers: Mutex::new(workers), dead: Mutex::default() })
    }

    /// The numbers of all workers.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u8> + use<> {
        0..self.world.weather.workers
    }

    /// A worker that a client finds; which, `pick` says.
    pub(crate) fn find(&self, pick: u64) -> Option<Running> {
        let workers = self.workers();
        let running: Vec<_> = workers.iter().filter_map(|worker| worker.running.as_ref()).collect();
        let at = usize::try_from(pick % running.len().max(1) as u64).unwrap_or_default();
        running.get(at).map(|running| (*running).clone())
    }

    /// Starts a worker after a time, unless it runs by then.
    pub(crate) fn start_after(self: &Arc<Self>, worker: u8, time: Duration) {
        let fleet = Arc::clone(self);
        tokio::spawn(async move {
            sleep(time).await;
            while !fleet.is_up(worker) && fleet.start(worker).await.is_err() {
                sleep(RESTART).await;
            }
        });
    }

    async fn start(&self, worker: u8) -> Result<(), Error> {
        let (life, off_millis) = {
            let mut workers = self.workers();
            let of = &mut workers[usize::from(worker)];
            of.lives += 1;
            (Life { worker, life: of.lives }, of.off_millis)
        };
        let world = &self.world;
        let process = Process::new(life, world.began, off_millis);
        self.workers()[usize::from(worker)].starting = Some(Arc::clone(&process));
        let caller = Caller { world: Arc::clone(world), process: Arc::clone(&process) };
        let builder = Orchestrator::builder(WeatheredStore::new(world, &process))
            .clock(ProcessClock(Arc::clone(&process)))
            .shutdown_grace(GRACE)
            .max_active(world.weather.max_active);
        let mut builder = builder.register(Drawn::<0>(caller.clone()));
        for child in world.family.children() {
            builder = match child {
                1 => builder.register(Drawn::<1>(caller.clone())),
                _ => builder.register(Drawn::<2>(caller.clone())),
            };
        }
        let built = builder.build().await;
        self.workers()[usize::from(worker)].starting = None;
        let orchestrator = built?;
        world.see(Seen::Befell { life, what: "is started" });
        self.workers()[usize::from(worker)].running = Some(Running { orchestrator, process });
        Ok(())
    }

    /// Whatever befalls a worker.
    pub(crate) fn befalls(self: &Arc<Self>, blow: Blow) {
        let worker = blow.worker;
        match blow.kind {
            BlowKind::Dies(down_for) => match blow.aim {
                Some(aim) => self.aim(worker, aim, down_for),
                None if self.kill(worker) => self.start_after(worker, down_for),
                None => {}
            },
            BlowKind::Pauses(time) => self.pause(worker, time),
            BlowKind::ShutsDown(down_for) => self.shut_down(worker, down_for),
            BlowKind::Clock(by_millis) => {
                let running = {
                    let mut workers = self.workers();
                    let of = &mut workers[usize::from(worker)];
                    of.off_millis += by_millis;
                    of.running.clone()
                };
                if let Some(Running { process, .. }) = running {
                    process.set_clock(by_millis);
                    if self.world.judge(|judge| judge.is_something_waiting()) {
                        match by_millis {
                            DAY_MILLIS => self.world.count("waiting: a clock is set a day ahead"),
                            BACK_MILLIS => self.world.count("waiting: a clock is set a day back"),
                            _ => {}
                        }
                    }
                    self.befell(&process, "has its clock set", "clock is set");
                }
            }
        }
    }

    /// The weather is over: who stands still goes on, and whose clock is wrong is started again with the true time.
    pub(crate) fn calm(self: &Arc<Self>) {
        for worker in self.numbers() {
            let (running, starting) = {
                let mut workers = self.workers();
                let of = &mut workers[usize::from(worker)];
                of.off_millis = 0;
                (of.running.clone(), of.starting.clone())
            };
            match (running, starting) {
                (Some(running), _) if running.process.is_on_time() => running.process.resume(),
                (None, Some(starting)) if starting.is_on_time() => {}
                (_, starting) => {
                    if let Some(starting) = starting {
                        // What dies while it is being built is not heard of again.
                        starting.die();
                        self.workers()[usize::from(worker)].starting = None;
                    }
                    self.kill(worker);
                    self.start_after(worker, Duration::ZERO);
                }
            }
        }
    }

    /// Has a worker die at such a moment, if there is one before the weather is over.
    fn aim(self: &Arc<Self>, worker: u8, aim: Aim, down_for: Duration) {
        let Some(Running { process, .. }) = self.running(worker) else { return };
        process.aim(aim);
        let fleet = Arc::clone(self);
        tokio::spawn(async move {
            process.death().await;
            // A life that has ended otherwise is not ended once more.
            let is_up = fleet.running(worker).is_some_and(|running| Arc::ptr_eq(&running.process, &process));
            if is_up && fleet.kill(worker) {
                fleet.start_after(worker, down_for);
            }
        });
    }

    fn kill(&self, worker: u8) -> bool {
        let running = self.workers()[usize::from(worker)].running.take();
        let Some(Running { orchestrator, process }) = running else { return false };
        if !process.is_dead() {
            self.world.dies(&process);
        }
        self.dead.lock().unwrap_or_else(PoisonError::into_inner).push(orchestrator);
        true
    }

    fn pause(&self, worker: u8, time: Duration) {
        let Some(Running { process, .. }) = self.running(worker) else { return };
        process.pause();
        self.befell(&process, "stands still", "process stands still");
        let world = Arc::clone(&self.world);
        tokio::spawn(async move {
            sleep(time).await;
            process.resume();
            world.see(Seen::Befell { life: process.life, what: "goes on" });
        });
    }

    fn shut_down(self: &Arc<Self>, worker: u8, down_for: Duration) {
        let running = self.workers()[usize::from(worker)].running.take();
        let Some(Running { orchestrator, process }) = running else { return };
        self.befell(&process, "is shut down", "process is shut down");
        let fleet = Arc::clone(self);
        tokio::spawn(async move {
            let _killed = timeout(SHUTDOWN_MAX, orchestrator.shutdown()).await;
            process.die();
            fleet.world.see(Seen::Befell { life: process.life, what: "is gone" });
            fleet.dead.lock().unwrap_or_else(PoisonError::into_inner).push(orchestrator);
            fleet.start_after(worker, down_for);
        });
    }

    fn befell(&self, process: &Process, what: &'static str, counted: &'static str) {
        self.world.count(counted);
        self.world.see(Seen::Befell { life: process.life, what });
    }

    fn running(&self, worker: u8) -> Option<Running> {
        self.workers()[usize::from(worker)].running.clone()
    }

    fn is_up(&self, worker: u8) -> bool {
        let worker = &self.workers()[usize::from(worker)];
        worker.running.is_some() || worker.starting.is_some()
    }

    fn workers(&self) -> MutexGuard<'_, Vec<Worker>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
