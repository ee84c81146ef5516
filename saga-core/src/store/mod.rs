//! Where journals are kept: the trait that stores implement, and its laws.

mod error;
mod hand_out;
mod memory;
mod query;
mod stored;
mod write;

use std::time::Duration;

use async_trait::async_trait;

pub use error::{StoreError, StoreErrorKind};
pub use hand_out::{Due, Wanted};
pub use memory::MemoryStore;
pub use query::{Position, Query, Unfinished};
pub use stored::{Defined, InUse, Stored};
pub use write::{Refusal, SIGNALS_MAX, Signal, Write};

pub use crate::id::{Epoch, Seq};
pub use crate::time::Timestamp;

use crate::id::InstanceId;
use crate::journal::Head;

/// The most unclean ends that are remembered: more than it takes to find the one instance in a million that takes the
/// process with it, few enough to be read at every start.
pub const UNCLEAN_MAX: usize = 64;

/// How far the clocks of workers may be apart without being taken for set back: more than machines that keep their
/// time are, and as long as nobody minds waiting for once.
pub const SKEW_MAX: Duration = Duration::from_secs(60);

/// A place where journals are kept.
///
/// # Laws
/// The conformance kit (`saga-conformance`) has a test for each.
///
/// **Stays.** [`join`](Self::join) begins a worker's stay and returns its epoch, higher than any before, also
/// after the store was opened anew. A stay ends by [`release`](Self::release), when it is found at or after the
/// end of its lease without a [`renew`](Self::renew), or, in a store that only one process can open, by the next
/// `join`. Such a store need not end a stay because its lease has passed, since nobody else
/// could take its instances. A stay that has ended does not come back, whatever clocks say, and is handed no
/// instance. An instance belongs to the stay that created or last claimed it, and only under that epoch are its
/// writes taken, whether or not the stay has ended. So a stay that has ended may still create instances: they belong to
/// it, and can be claimed at once.
///
/// A stay that ends by anything but a release has ended uncleanly, and is remembered as such until that is
/// [settled](Self::settle); of more than [`UNCLEAN_MAX`] the last ones are. [`left_behind`](Self::left_behind) tells, so
/// that a process that begins a stay can tell what died with the one before from what was put away.
///
/// **Clocks.** Times come from the clocks of workers, and a clock may be set back. A stay that begins more than
/// [`SKEW_MAX`] before the latest time that any stay was begun or prolonged at takes place in a new reckoning: every
/// `due` but [`Timestamp::NEVER`], and the end of every lease, is earlier by the difference from then on, and what was
/// seen after that moment counts as seen then. So what waits does so no longer than it had to, and does not wait for
/// the clock to come back to where it was.
///
/// **Appending.** The writes of a batch are made in order, and each is independent: one refused spoils no other.
/// A write takes effect exactly if it is answered with `Ok`, and is then durable: no crash takes it back. Several
/// writes of a batch may be of one instance, in the order of their numbers. A new instance is taken only if its
/// id is free and its entry is the first; another entry only if its number is one above the last of its
/// instance, and its epoch that of the stay the instance belongs to, checked in the same statement that writes
/// it. Where several reasons speak against a write, the refusal is the first of [`Refusal::Exists`],
/// [`Refusal::NotFound`], [`Refusal::Fenced`], [`Refusal::Sequence`], [`Refusal::Finished`],
/// [`Refusal::Unreadable`], [`Refusal::Full`]. When the batch as a whole is answered with an error, each of its
/// writes may or may not have taken effect: the caller calls [`reopen`](Self::reopen), and reads back.
///
/// **Signals.** An instance has an inbox, in the order of arrival, for as long as it exists: reading takes nothing
/// out of it. Any stay, also one that has ended, may put signals into it, and this changes nothing else of the instance
/// but its `due`. A signal whose id is there already is answered with `Ok` and changes nothing, also when the inbox
/// is full.
///
/// **Waking.** An instance waits while it has a `due`, and a wait for something that is no time is due
/// [`Timestamp::NEVER`]: it is never handed out by [`due`](Self::due), nor named as the next. A signal, and an entry
/// with `wake`, make an instance that waits due at the moment of the signal or entry, unless it is due earlier. Whether
/// it waits or not it is called: nothing more shows, but the next write that lets it wait makes it due at that moment,
/// unless it is due earlier, since whoever writes may not have heard of it. So nothing that came just before it waited is
/// lost, whoever dies. Handing it out ends the call, since who is handed an instance reads it.
///
/// **Reading.** What was acknowledged is read, in order, without gaps, byte for byte, also by another stay and
/// after the store was opened anew. The number in a head is that of the last entry; the rest is what the last
/// write said that had something to say about it.
///
/// **Claiming.** [`claim`](Self::claim) and [`due`](Self::due) hand out instances of ended stays, each to one
/// caller, and from then on no write of an earlier stay is taken. They change nothing else, but for the `due`
/// that is cleared. [`Wanted::One`] hands out an instance that nobody drives, whoever has it: one that waits, is parked,
/// cannot be read or has ended. Where they are answered with an error they may have handed out any: the caller asks for
/// what it may have by [`Wanted::One`].
///
/// **Asking.** [`query`](Self::query) answers in the order of creation, in which no instance ever changes its place and
/// a new one comes last. So pages that follow each other show each instance once at most, and miss none that was there
/// all the while and fits all the while.
///
/// **Deleting.** [`delete`](Self::delete) is the only way that an instance is lost, and takes only what has ended. The
/// child of an instance that is there stays too, since that may yet want it taken back.
#[async_trait]
pub trait Store: Send + Sync {
    /// Begins a stay: returns an epoch higher than any that was given before, with a lease until `lease_until`.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read or written.
    async fn join(&self, now: Timestamp, lease_until: Timestamp) -> Result<Epoch, StoreError>;

    /// Prolongs the lease of a stay. `false` if it has ended: others may have taken its instances, and the worker
    /// starts nothing more under it.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read or written.
    async fn renew(&self, epoch: Epoch, now: Timestamp, lease_until: Timestamp) -> Result<bool, StoreError>;

    /// Ends a stay: its instances can be claimed at once. Ending it again changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read or written.
    async fn release(&self, epoch: Epoch) -> Result<(), StoreError>;

    /// What the stays before `epoch` left behind; its own doings are not in it.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    async fn left_behind(&self, epoch: Epoch) -> Result<LeftBehind, StoreError>;

    /// Forgets that stays before `epoch` have ended uncleanly. Forgetting it again changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read or written.
    async fn settle(&self, epoch: Epoch) -> Result<(), StoreError>;

    /// Keeps the shape of a saga in a version; keeping it again changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read or written.
    async fn define(&self, definition: &Defined) -> Result<(), StoreError>;

    /// The shapes that were kept of the saga `saga` in `version`, in the order they were kept in, with whether
    /// instances have them that are neither completed nor compensated.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    async fn defined(&self, saga: &str, version: u32) -> Result<Vec<(Defined, InUse)>, StoreError>;

    /// Writes a batch in one commit, and answers for each of its writes, in order. An empty batch is answered with
    /// no answers.
    ///
    /// # Errors
    /// [`StoreError`] if it is not known which of the writes took effect.
    async fn append(&self, batch: &[Write]) -> Result<Vec<Result<(), Refusal>>, StoreError>;

    /// The heads, journals and inboxes of these instances, in the order asked for, `None` where there is none. Those
    /// of one instance are of one moment.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    async fn load(&self, ids: &[InstanceId]) -> Result<Vec<Option<Stored>>, StoreError>;

    /// The head of an instance.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    async fn head(&self, id: &InstanceId) -> Result<Option<Head>, StoreError>;

    /// Hands out instances of ended stays to the stay `epoch`: they belong to it from then on.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read or written.
    async fn claim(
        &self,
        epoch: Epoch,
        now: Timestamp,
        wanted: Wanted<'_>,
    ) -> Result<Vec<InstanceId>, StoreError>;

    /// Hands out unfinished instances, parked ones too, whose time has come (`due` at or before `now`), the earliest first and of
    /// those due at one time the oldest, at most `limit`, of this stay or of ended ones: they belong to `epoch` from
    /// then on, and their `due` is cleared. Tells too when the next one is due that this stay or an ended one has.
    /// What is due [`Timestamp::NEVER`] it does not see. It costs what it hands out, however many wait.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read or written.
    async fn due(&self, epoch: Epoch, now: Timestamp, limit: usize) -> Result<Due, StoreError>;

    /// The heads of the instances that fit, in the order of their creation, from after `query.after`, at most
    /// `query.limit`.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    async fn query(&self, query: &Query) -> Result<Vec<(Position, Head)>, StoreError>;

    /// How many instances have not ended. It costs no more than those.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    async fn unfinished(&self) -> Result<Unfinished, StoreError>;

    /// Deletes those of these instances that have ended, completed or compensated, with their journals and signals,
    /// and says how many there were. One that is the child of an instance which is there after those before it in
    /// `ids` are deleted is left. Their ids are free afterwards.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read or written.
    async fn delete(&self, ids: &[InstanceId]) -> Result<usize, StoreError>;

    /// Makes the store usable again after an error: closes what it holds and opens it anew, as far as that is
    /// needed. The stay goes on. What is read afterwards is durable, also if it was written by a batch that was
    /// answered with an error.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be opened: try again later.
    async fn reopen(&self) -> Result<(), StoreError>;

    /// Closes the store: every later call is [`StoreErrorKind::Closed`], and once this has returned nothing is
    /// held any more, such as the lock of a file. Closing twice is once.
    ///
    /// # Errors
    /// [`StoreError`] if something cannot be closed; what was acknowledged is durable all the same.
    async fn close(&self) -> Result<(), StoreError>;
}

/// What the stays before one left behind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeftBehind {
    /// Those of them that have ended uncleanly and are remembered, from the first to the last.
    pub unclean: Vec<Epoch>,
}
