//! What goes wrong, and when: drawn at the beginning, so that it is the same whatever the library does.

use std::time::Duration;

use super::damage::Damage;
use super::draw::Draw;
use super::place::Method;
use super::process::{Aim, Moment};
use super::seen::Way;

/// A day, as clocks jump it.
pub(crate) const DAY_MILLIS: i64 = 24 * 3_600 * 1_000;

/// What goes wrong in one run.
#[derive(Debug)]
pub(crate) struct Weather {
    /// When it is over.
    pub(crate) until: Duration,
    /// How many workers there are.
    pub(crate) workers: u8,
    /// One call in so many does not go well; 0 if all do.
    calls: u64,
    /// What befalls processes, in order.
    pub(crate) blows: Vec<Blow>,
    /// When the store fails.
    storms: Vec<Storm>,
    /// How many instances a worker drives at once.
    pub(crate) max_active: usize,
    /// The instance whose services never answer, if there is one: it is not to hold up the others.
    pub(crate) bad: Option<u8>,
    /// What the store fails for, if there is something.
    pub(crate) damage: Option<Damage>,
}

/// What befalls a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blow {
    pub(crate) at: Duration,
    pub(crate) worker: u8,
    pub(crate) kind: BlowKind,
    /// What it waits for, if it is a death that hits whoever drives something.
    pub(crate) aim: Option<Aim>,
}

/// What can befall a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlowKind {
    /// It dies, and is started again after this time.
    Dies(Duration),
    /// It stands still for this time.
    Pauses(Duration),
    /// It is shut down in good order, and started again after this time.
    ShutsDown(Duration),
    /// Its clock is set by so many milliseconds.
    Clock(i64),
}

/// What is asked of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    Append,
    Load,
    Claim,
    Renew,
    Join,
    Other,
}

/// How a store fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// With an error, and without an effect.
    Before,
    /// With an error, after it had its effect.
    After,
    /// With an error, after a part of it had its effect.
    Partly,
    /// It takes this long.
    Slow(Duration),
    /// It has had its effect, which others see, and its answer takes this long.
    SlowAfter(Duration),
}

/// A time in which a store fails.
#[derive(Debug)]
struct Storm {
    from: Duration,
    until: Duration,
    asks: Vec<Ask>,
    failures: Vec<Failure>,
    one_in: u64,
    /// Only this worker's.
    worker: Option<u8>,
}

impl Weather {
    /// Draws it.
    pub(crate) fn draw(seed: u64) -> Self {
        let draw = &mut Draw::of(seed, &[5]);
        let until = draw.millis(5_000, 90_000);
        let workers = draw.one(&[1, 1, 2, 2, 3]);
        let calls = draw.one(&[0, 2, 3, 4, 6, 10]);
        let count = draw.below(5);
        let mut blows: Vec<_> = (0..count).map(|_| blow(until, workers, draw)).collect();
        blows.sort_by_key(|blow| blow.at);
        aim(&mut blows, &mut Draw::of(seed, &[12]));
        blows.sort_by_key(|blow| blow.at);
        let count = if draw.once_in(2) { 0 } else { draw.below(4) };
        let mut storms: Vec<_> = (0..count).map(|_| storm(until, workers, draw)).collect();
        slow_after(&mut storms, &mut Draw::of(seed, &[11]));
        let max_active = draw.one(&[1, 2, 1_024, 1_024]);
        // Where something may wait for a day, it would be tried some ten thousand times.
        let bad = draw.once_in(8).then_some(0).filter(|_| !sets_ahead(&blows));
        // One that never gets on keeps its place, which is to be one of many.
        let max_active = if bad.is_some() { 1_024 } else { max_active };
        let damage = Damage::draw(until, bad, &mut Draw::of(seed, &[13]));
        // What is tried again and again for a day takes too long.
        let damage = damage.filter(|_| !sets_ahead(&blows));
        // One that cannot be written keeps its place too.
        let max_active = if damage.is_some() { 1_024 } else { max_active };
        Self { until, workers, calls, blows, storms, max_active, bad, damage }
    }

    /// Whether a clock is set ahead.
    pub(crate) fn has_clock_ahead(&self) -> bool {
        sets_ahead(&self.blows)
    }

    /// Whether nothing befalls the workers and the store, and there is a place for every instance.
    pub(crate) fn is_fair(&self) -> bool {
        self.blows.is_empty() && self.storms.is_empty() && self.damage.is_none() && self.max_active > 2
    }

    /// How a call goes.
    pub(crate) fn way(&self, method: Method, mut draw: Draw) -> Way {
        if self.calls == 0 || !draw.once_in(self.calls) {
            return if draw.once_in(8) { Way::Slow } else { Way::Well };
        }
        let known = [
            Way::Refused,
            Way::NotDone,
            Way::AnswerLost,
            Way::RequestLost,
            Way::Hangs,
            Way::HangsBefore,
            Way::Panics,
            Way::PanicsBefore,
            Way::Late,
        ];
        match method {
            Method::Check if draw.once_in(3) => Way::Unknown,
            Method::Step | Method::Check | Method::Compensation => draw.one(&known),
        }
    }

    /// How the store fails at `at`, if it does.
    pub(crate) fn failure(&self, at: Duration, worker: u8, ask: Ask, draw: &mut Draw) -> Option<Failure> {
        let storm = self.storms.iter().find(|storm| {
            storm.from <= at
                && at < storm.until
                && storm.worker.is_none_or(|only| only == worker)
                && storm.asks.contains(&ask)
        })?;
        draw.once_in(storm.one_in).then(|| draw.one(&storm.failures))
    }
}

fn sets_ahead(blows: &[Blow]) -> bool {
    blows.iter().any(|blow| matches!(blow.kind, BlowKind::Clock(millis) if millis > 0))
}

fn blow(until: Duration, workers: u8, draw: &mut Draw) -> Blow {
    let at = moment(until, draw);
    let worker = u8::try_from(draw.below(workers.into())).unwrap_or_default();
    let down_for = if draw.once_in(2) { draw.millis(0, 2_000) } else { draw.millis(1, 40_000) };
    let kind = match draw.below(7) {
        0..=2 => BlowKind::Dies(down_for),
        3 => BlowKind::Pauses(draw.millis(1, 20_000)),
        4 => BlowKind::Pauses(draw.millis(31_000, 60_000)),
        5 => BlowKind::ShutsDown(down_for),
        _ => BlowKind::Clock(draw.one(&[DAY_MILLIS, -DAY_MILLIS, 90_000, -90_000, 1_500, -1_500])),
    };
    Blow { at, worker, kind, aim: None }
}

/// A moment of the weather: early more often than late, since most instances end early.
pub(crate) fn moment(until: Duration, draw: &mut Draw) -> Duration {
    let millis = u64::try_from(until.as_millis()).unwrap_or(u64::MAX);
    let latest = if draw.once_in(2) { millis } else { millis.min(4_000) };
    draw.millis(0, latest)
}

fn storm(until: Duration, workers: u8, draw: &mut Draw) -> Storm {
    let from = moment(until, draw);
    let until = from + if draw.once_in(2) { draw.millis(1, 3_000) } else { draw.millis(1_000, 60_000) };
    let all = [Ask::Append, Ask::Load, Ask::Claim, Ask::Renew, Ask::Join, Ask::Other];
    let asks = if draw.once_in(3) { all.to_vec() } else { vec![draw.one(&all), Ask::Append] };
    let slow = Failure::Slow(draw.millis(1, 2_000));
    let slower = Failure::Slow(draw.millis(5_000, 40_000));
    let failures = vec![
        draw.one(&[Failure::Before, Failure::After, Failure::Partly, slow]),
        draw.one(&[Failure::Before, Failure::After, Failure::Partly, slow, slower]),
    ];
    let one_in = draw.one(&[1, 2, 4]);
    let worker = u8::try_from(draw.below(workers.into())).ok().filter(|_| draw.once_in(2));
    Storm { from, until, asks, failures, one_in, worker }
}

/// Most deaths hit a process that drives something.
fn aim(blows: &mut [Blow], draw: &mut Draw) {
    for blow in blows.iter_mut().filter(|blow| matches!(blow.kind, BlowKind::Dies(_))) {
        let moment = draw.one(&[Moment::Written, Moment::Written, Moment::Calls, Moment::Called]);
        let passes = if draw.once_in(2) { 0 } else { draw.small(1, 4) };
        blow.aim = Some(Aim { moment, passes }).filter(|_| !draw.once_in(8));
        // Most is driven at the beginning.
        if blow.aim.is_some() && !draw.once_in(4) {
            blow.at = blow.at.min(draw.millis(0, 3_000));
        }
    }
}

/// What is slow is so before its effect or after it.
fn slow_after(storms: &mut [Storm], draw: &mut Draw) {
    for failure in storms.iter_mut().flat_map(|storm| &mut storm.failures) {
        if let Failure::Slow(time) = *failure
            && draw.once_in(2)
        {
            *failure = Failure::SlowAfter(time);
        }
    }
}

impl Way {
    /// Its name among what is counted.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Well => "call: well",
            Self::Refused => "call: refused",
            Self::NotDone => "call: not done",
            Self::AnswerLost => "call: answer lost",
            Self::RequestLost => "call: request lost",
            Self::Hangs => "call: hangs, done",
            Self::HangsBefore => "call: hangs, not done",
            Self::Panics => "call: panics, done",
            Self::PanicsBefore => "call: panics, not done",
            Self::Late => "call: late",
            Self::Slow => "call: slow",
            Self::Unknown => "call: unknown",
        }
    }
}
