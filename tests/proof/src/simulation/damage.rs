//! What fails of one instance, while the store works for all others.

use std::time::Duration;

use sagas::store::StoreErrorKind;

use super::draw::Draw;
use super::place::Who;
use super::weather::moment;

/// What a store holds of one instance is damaged, while it works for all others, which are not to be held up.
#[derive(Debug, Clone)]
pub(crate) struct Damage {
    /// The instance that a client has started, or whose child it is.
    pub(crate) root: u8,
    /// Whether it is the children of it.
    of_children: bool,
    from: Duration,
    /// Until the rest has ended, if not for a time.
    until: Option<Duration>,
    /// What of it fails.
    touches: Vec<Touch>,
    /// How.
    pub(crate) kind: StoreErrorKind,
}

/// What is done with an instance in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touch {
    /// It is read, by itself or with others.
    Load,
    /// Its head is read.
    Head,
    /// It is written, by itself or with others.
    Append,
    /// It is asked for by its name.
    Claim,
}

impl Damage {
    /// Draws it. A sixth of the runs has one, and none of those has an instance that never ends.
    pub(crate) fn draw(until: Duration, bad: Option<u8>, draw: &mut Draw) -> Option<Self> {
        if bad.is_some() || !draw.once_in(6) {
            return None;
        }
        let from = moment(until, draw);
        let for_a_time = from + draw.millis(1, 40_000);
        let all = [Touch::Load, Touch::Head, Touch::Append, Touch::Claim];
        let touches = match draw.below(4) {
            0 => all.to_vec(),
            1 => vec![draw.one(&all), draw.one(&all)],
            2 => vec![Touch::Load, Touch::Head],
            _ => vec![draw.one(&all)],
        };
        Some(Self {
            root: u8::try_from(draw.below(2)).unwrap_or_default(),
            of_children: draw.once_in(4),
            from,
            until: (!draw.once_in(2)).then_some(for_a_time),
            touches,
            kind: draw.one(&[StoreErrorKind::Corrupt, StoreErrorKind::Io]),
        })
    }

    /// Whether the store fails at `at` for this instance.
    pub(crate) fn fails(&self, at: Duration, who: Who, touch: Touch) -> bool {
        let is_it = who.root == self.root && who.step.is_some() == self.of_children;
        let is_now = self.from <= at && self.until.is_none_or(|until| at < until);
        is_it && is_now && self.touches.contains(&touch)
    }

    /// Whether it lasts until the rest has ended.
    pub(crate) fn lasts(&self) -> bool {
        self.until.is_none()
    }
}
