//! Laws, and what comes of checking them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use saga_core::store::StoreError;

use crate::Fixture;

/// One law of a store.
#[derive(Debug, Clone, Copy)]
pub struct Law {
    /// Its name.
    pub name: &'static str,
    check: Check,
}

type Check = for<'a> fn(&'a dyn Fixture) -> Pin<Box<dyn Future<Output = Result<(), Seen>> + Send + 'a>>;

impl Law {
    pub(crate) const fn new(name: &'static str, check: Check) -> Self {
        Self { name, check }
    }

    /// Checks this law.
    ///
    /// # Errors
    /// [`Broken`] if the store of `fixture` does not keep it.
    pub async fn check(&self, fixture: &dyn Fixture) -> Result<(), Broken> {
        (self.check)(fixture).await.map_err(|seen| Broken { law: self.name, seen: seen.0 })
    }
}

/// A store breaks a law. Its `Debug` is the message, for tests that return it.
#[derive(Clone, PartialEq, Eq)]
pub struct Broken {
    /// The name of the law.
    pub law: &'static str,
    /// What the store did.
    pub seen: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store breaks the law `{}`: {}", self.law, self.seen)
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Broken {}

/// What a store did that it should not have done.
#[derive(Debug)]
pub(crate) struct Seen(pub(crate) String);

impl From<StoreError> for Seen {
    fn from(error: StoreError) -> Self {
        Self(format!("it failed: {error} ({:?})", error.kind()))
    }
}

/// Compares what was seen with what the law says.
pub(crate) fn equal<T: PartialEq + fmt::Debug>(what: &str, seen: &T, expected: &T) -> Result<(), Seen> {
    if seen == expected {
        return Ok(());
    }
    Err(Seen(format!("{what} should be {}, and is {}", short(expected), short(seen))))
}

/// Payloads of a test can be a mebibyte; nobody reads that.
fn short(value: &impl fmt::Debug) -> String {
    const CHARACTERS_MAX: usize = 1_000;
    let text = format!("{value:?}");
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}.. ({} bytes)", text.get(..end).unwrap_or_default(), text.len()),
        None => text,
    }
}

/// Checks one law on a runtime of its own; what [`laws!`](crate::laws) calls.
///
/// # Errors
/// [`Broken`] if the store does not keep it.
pub fn check(law: Law, fixture: &dyn Fixture) -> Result<(), Broken> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .map_err(|error| Broken { law: law.name, seen: format!("there is no runtime: {error}") })?;
    runtime.block_on(law.check(fixture))
}

/// Checks every law, each on data of its own, and returns those that are broken.
pub async fn check_all<F: Fixture>(make: impl Fn() -> F) -> Vec<Broken> {
    let mut broken = Vec::new();
    for law in Law::ALL {
        if let Err(seen) = law.check(&make()).await {
            broken.push(seen);
        }
    }
    broken
}

/// Makes a test of each law of a store, with its name. Takes a function that returns a [`Fixture`] over no data.
#[macro_export]
macro_rules! laws {
    (@tests { $make:expr } $($theme:ident::$law:ident),* $(,)?) => {
        $(
            #[test]
            fn $law() -> ::core::result::Result<(), $crate::Broken> {
                $crate::check($crate::Law::$law, &($make)())
            }
        )*
    };
    (@constants {} $($theme:ident::$law:ident),* $(,)?) => {
        #[expect(non_upper_case_globals, reason = "named like the tests that are made of them")]
        impl Law {
            /// Every law.
            pub const ALL: &'static [Self] = &[$(Self::$law),*];

            $(
                #[doc(hidden)]
                pub const $law: Self =
                    Self::new(stringify!($law), |fixture| Box::pin($crate::$theme::$law(fixture)));
            )*
        }
    };
    (@each $then:ident { $($rest:tt)* }) => {
        $crate::laws! {
            @$then { $($rest)* }
            stays::epochs_rise,
            stays::stay_ends_with_its_lease,
            stays::released_stay_has_ended,
            stays::ended_stay_does_not_come_back,
            stays::ended_stay_is_handed_nothing,
            stays::ended_stay_may_create,
            stays::stay_goes_on_over_a_reopening,
            leaving::unclean_end_is_remembered,
            leaving::settled_ends_are_forgotten,
            leaving::unclean_ends_have_a_limit,
            leaving::clock_that_was_set_back_delays_nothing,
            leaving::clock_is_set_back_once,
            leaving::clocks_may_be_a_little_apart,
            appending::taken_id_is_refused,
            appending::first_entry_is_number_one,
            appending::gaps_and_repeats_are_refused,
            appending::unknown_instance_is_refused,
            appending::other_epoch_is_fenced,
            appending::refused_write_spoils_no_other,
            appending::refused_write_has_no_effect,
            appending::batch_may_write_one_instance_often,
            appending::empty_batch_is_fine,
            appending::largest_batch_is_taken,
            appending::one_of_many_appenders_wins,
            appending::many_appenders_do_not_disturb_each_other,
            reading::created_instance_is_read_back,
            reading::journal_is_read_byte_for_byte,
            reading::long_journal_is_read_whole,
            reading::ids_are_kept_to_the_letter,
            reading::pages_come_in_the_order_asked_for,
            reading::head_says_what_was_said_last,
            reading::unreadable_mark_changes_only_the_progress,
            claiming::claim_hands_out_the_oldest_of_ended_stays,
            claiming::claim_leaves_live_stays_alone,
            claiming::claim_passes_over_what_is_not_ready,
            claiming::claim_gives_each_instance_to_one_caller,
            claiming::claim_fences_the_stay_before,
            claiming::claim_changes_nothing_else,
            claiming::one_is_claimed_whatever_its_state,
            due::due_comes_in_the_order_of_time,
            due::due_is_cleared_and_claimed,
            due::due_passes_over_what_has_ended,
            due::due_leaves_live_stays_alone,
            due::never_is_not_due,
            signals::signals_are_kept_in_the_order_of_arrival,
            signals::signal_is_kept_once,
            signals::any_stay_may_send,
            signals::ended_and_unreadable_take_no_signal,
            signals::inbox_has_a_limit,
            waking::signal_wakes_who_waits,
            waking::entry_wakes_who_waits,
            waking::call_is_kept_until_its_instance_is_handed_out,
            waking::call_is_kept_in_each_unfinished_state,
            waking::call_ends_when_its_instance_is_handed_out,
            waking::entry_may_wake_one_that_is_not_there,
            defining::definition_is_kept_once,
            defining::definition_is_in_use_until_its_instances_end,
            asking::query_answers_in_the_order_of_creation,
            asking::each_part_of_a_query_counts,
            asking::id_prefix_is_kept_to_the_letter,
            paging::pages_show_each_instance_once,
            paging::pages_miss_nothing_while_others_come_and_go,
            paging::place_is_given_once,
            asking::unfinished_counts_what_has_not_ended,
            deleting::delete_takes_only_what_has_ended,
            deleting::deleted_instance_is_gone,
            deleting::deleted_id_is_free,
            deleting::child_stays_with_its_parent,
            closing::data_outlives_the_store,
            closing::closed_store_refuses_everything,
            closing::reopened_store_has_everything,
            model::answers_are_those_of_the_model,
        }
    };
    ($make:expr) => {
        $crate::laws!(@each tests { $make });
    };
}

laws!(@each constants {});
