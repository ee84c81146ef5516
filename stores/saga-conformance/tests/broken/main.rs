//! Every law can be broken: for each there is a store with a fault that the kit finds.
#![expect(clippy::unwrap_used, reason = "a fault that cannot be made is a test that fails")]

mod faulty;

use std::collections::BTreeSet;

use faulty::{Fault, FaultyFixture, Part};
use saga_conformance::Law;

/// The faults, each with laws that it breaks. The law of the model is broken by most.
const FAULTS: &[(Fault, &[&str])] = &[
    (Fault::EpochsRepeat, &["epochs_rise"]),
    (Fault::LeasesNeverPass, &["stay_ends_with_its_lease"]),
    (Fault::ReleaseIsForgotten, &["released_stay_has_ended", "answers_are_those_of_the_model"]),
    (Fault::StaysComeBack, &["ended_stay_does_not_come_back"]),
    (Fault::EndedStaysAreServed, &["ended_stay_is_handed_nothing"]),
    (Fault::EndedStaysCreateNothing, &["ended_stay_may_create", "answers_are_those_of_the_model"]),
    (Fault::StaysEndAtReopening, &["stay_goes_on_over_a_reopening"]),
    (Fault::TakenIdsAreTakenAgain, &["taken_id_is_refused", "answers_are_those_of_the_model"]),
    (Fault::AnyNumberIsFirst, &["first_entry_is_number_one"]),
    (Fault::RepeatsAreFine, &["gaps_and_repeats_are_refused", "one_of_many_appenders_wins"]),
    (Fault::GapsAreClosed, &["gaps_and_repeats_are_refused", "batch_may_write_one_instance_often"]),
    (Fault::UnknownIsSequence, &["unknown_instance_is_refused"]),
    (
        Fault::EpochIsNotChecked,
        &["other_epoch_is_fenced", "claim_fences_the_stay_before", "due_is_cleared_and_claimed"],
    ),
    (Fault::BatchStopsAtRefusal, &["refused_write_spoils_no_other"]),
    (Fault::RefusedProgressIsKept, &["refused_write_has_no_effect"]),
    (Fault::OneWriteAnInstance, &["batch_may_write_one_instance_often"]),
    (Fault::EmptyBatchFails, &["empty_batch_is_fine"]),
    (
        Fault::WritesGetLost,
        &["many_appenders_do_not_disturb_each_other", "pages_come_in_the_order_asked_for"],
    ),
    (Fault::BusyWhenCrowded, &["many_appenders_do_not_disturb_each_other", "one_of_many_appenders_wins"]),
    (Fault::BatchesAreCut, &["largest_batch_is_taken"]),
    (Fault::HeadForgetsParent, &["created_instance_is_read_back", "answers_are_those_of_the_model"]),
    (Fault::JournalsAreCut, &["long_journal_is_read_whole"]),
    (Fault::HeadForgetsAttempts, &["created_instance_is_read_back", "head_says_what_was_said_last"]),
    (Fault::TextIsTrimmed, &["journal_is_read_byte_for_byte"]),
    (Fault::IdsHaveNoCase, &["ids_are_kept_to_the_letter"]),
    (Fault::PagesAreBackwards, &["pages_come_in_the_order_asked_for"]),
    (Fault::ProgressIsForgotten, &["head_says_what_was_said_last"]),
    (
        Fault::MarkIsForgotten,
        &["unreadable_mark_changes_only_the_progress", "due_passes_over_what_has_ended"],
    ),
    (Fault::ClaimIsBackwards, &["claim_hands_out_the_oldest_of_ended_stays"]),
    (Fault::ClaimTakesFromTheLiving, &["claim_leaves_live_stays_alone"]),
    (Fault::ClaimTakesWhatWaits, &["claim_passes_over_what_is_not_ready"]),
    (Fault::ClaimGivesTwice, &["claim_gives_each_instance_to_one_caller"]),
    (Fault::ClaimClearsDue, &["claim_changes_nothing_else"]),
    (Fault::OnlyActiveIsOne, &["one_is_claimed_whatever_its_state"]),
    (Fault::IdleStaysWithTheLiving, &["claim_leaves_live_stays_alone"]),
    (Fault::UnreadableStaysWithTheLiving, &["claim_leaves_live_stays_alone"]),
    (Fault::DueIsBackwards, &["due_comes_in_the_order_of_time"]),
    (Fault::DueComesTwice, &["due_is_cleared_and_claimed", "due_comes_in_the_order_of_time"]),
    (Fault::DueForgetsTheState, &["due_passes_over_what_has_ended"]),
    (Fault::DueTakesFromTheLiving, &["due_leaves_live_stays_alone"]),
    (Fault::NeverIsDue, &["never_is_not_due"]),
    (Fault::NeverIsNext, &["never_is_not_due"]),
    (Fault::SignalsAreSorted, &["signals_are_kept_in_the_order_of_arrival"]),
    (Fault::SignalsComeTwice, &["signal_is_kept_once"]),
    (Fault::SignalsAreFenced, &["any_stay_may_send"]),
    (
        Fault::SignalsComeAfterTheEnd,
        &["ended_and_unreadable_take_no_signal", "refused_write_spoils_no_other"],
    ),
    (Fault::InboxesAreEndless, &["inbox_has_a_limit"]),
    (Fault::FullInboxesForgetRepeats, &["inbox_has_a_limit"]),
    (Fault::SignalsWakeNobody, &["signal_wakes_who_waits"]),
    (Fault::EntriesWakeNobody, &["entry_wakes_who_waits"]),
    (Fault::CallsAreForgotten, &["call_is_kept_until_its_instance_is_handed_out"]),
    (Fault::CallsCountOnce, &["call_is_kept_until_its_instance_is_handed_out"]),
    (Fault::SignalsCallOnlyTheRunning, &["call_is_kept_in_each_unfinished_state"]),
    (
        Fault::EntriesCallOnlyTheRunning,
        &["call_is_kept_in_each_unfinished_state", "answers_are_those_of_the_model"],
    ),
    (Fault::CallsOutliveHandingOut, &["call_ends_when_its_instance_is_handed_out"]),
    (Fault::RefusedEntriesWake, &["entry_wakes_who_waits"]),
    (Fault::WakingNeedsSomebody, &["entry_may_wake_one_that_is_not_there"]),
    (Fault::DefinitionsAreDoubled, &["definition_is_kept_once"]),
    (Fault::NothingIsInUse, &["definition_is_in_use_until_its_instances_end"]),
    (Fault::UncleanEndsAreForgotten, &["unclean_end_is_remembered", "answers_are_those_of_the_model"]),
    (Fault::CleanEndsAreUnclean, &["unclean_end_is_remembered"]),
    (Fault::UncleanEndsAreEndless, &["unclean_ends_have_a_limit"]),
    (Fault::SettlingIsForgotten, &["settled_ends_are_forgotten", "answers_are_those_of_the_model"]),
    (Fault::SettlingForgetsAll, &["settled_ends_are_forgotten"]),
    (Fault::ClocksNeverGoBack, &["clock_that_was_set_back_delays_nothing", "clock_is_set_back_once"]),
    (Fault::ClocksGoBackAtOnce, &["clocks_may_be_a_little_apart"]),
    (Fault::ClocksGoBackAgain, &["clock_is_set_back_once"]),
    (Fault::RenewalsTellNoTime, &["clock_that_was_set_back_delays_nothing", "clock_is_set_back_once"]),
    (Fault::RenewalsTellTheLastTime, &["clock_that_was_set_back_delays_nothing", "clock_is_set_back_once"]),
    (Fault::QueryIsSorted, &["query_answers_in_the_order_of_creation", "answers_are_those_of_the_model"]),
    (Fault::QueryForgets(Part::Saga), &["each_part_of_a_query_counts"]),
    (Fault::QueryForgets(Part::States), &["each_part_of_a_query_counts"]),
    (Fault::QueryForgets(Part::NeedsAttention), &["each_part_of_a_query_counts"]),
    (Fault::QueryForgets(Part::Step), &["each_part_of_a_query_counts"]),
    (Fault::QueryForgets(Part::Reason), &["each_part_of_a_query_counts"]),
    (Fault::QueryForgets(Part::SinceUntil), &["each_part_of_a_query_counts"]),
    (Fault::QueryForgets(Part::CreatedUntil), &["each_part_of_a_query_counts"]),
    (
        Fault::QueryForgets(Part::IdPrefix),
        &["each_part_of_a_query_counts", "id_prefix_is_kept_to_the_letter"],
    ),
    (Fault::UntilIsExclusive, &["each_part_of_a_query_counts"]),
    (Fault::PrefixHasNoCase, &["id_prefix_is_kept_to_the_letter"]),
    (Fault::PagesAreLarger, &["pages_show_each_instance_once"]),
    (Fault::PagesOverlap, &["pages_show_each_instance_once"]),
    (Fault::PagesSkip, &["pages_show_each_instance_once", "pages_miss_nothing_while_others_come_and_go"]),
    (Fault::PlacesAreCounted, &["place_is_given_once", "pages_miss_nothing_while_others_come_and_go"]),
    (Fault::CountsForgetTheUnreadable, &["unfinished_counts_what_has_not_ended"]),
    (Fault::CountsFlagTheEnded, &["unfinished_counts_what_has_not_ended"]),
    (Fault::OldestIsTheFirst, &["unfinished_counts_what_has_not_ended"]),
    (Fault::DeleteTakesTheUnfinished, &["delete_takes_only_what_has_ended"]),
    (Fault::DeleteIsForgotten, &["deleted_instance_is_gone", "delete_takes_only_what_has_ended"]),
    (Fault::DeleteCountsAll, &["deleted_instance_is_gone", "answers_are_those_of_the_model"]),
    (Fault::ChildrenAreForgotten, &["child_stays_with_its_parent", "answers_are_those_of_the_model"]),
    (Fault::DeletedIdsStayTaken, &["deleted_id_is_free", "place_is_given_once"]),
    (Fault::JournalsOutliveDeletion, &["deleted_id_is_free", "answers_are_those_of_the_model"]),
    (Fault::CallsOutliveDeletion, &["deleted_id_is_free"]),
    (Fault::CloseIsForgotten, &["closed_store_refuses_everything"]),
    (Fault::ReopeningForgets, &["reopened_store_has_everything"]),
    (Fault::OpeningForgets, &["data_outlives_the_store"]),
];

#[tokio::test]
async fn kit_finds_every_fault() {
    let mut missed = Vec::new();
    for (fault, names) in FAULTS {
        for name in *names {
            let law = Law::ALL.iter().find(|law| law.name == *name).unwrap();
            match law.check(&FaultyFixture::new(*fault)).await {
                Ok(()) => missed.push((fault, name)),
                Err(broken) => assert_eq!(broken.law, *name),
            }
        }
    }
    assert_eq!(missed, [], "the faults, with the laws that they should break");
}

#[test]
fn every_law_can_be_broken() {
    let broken: BTreeSet<&str> = FAULTS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let all: BTreeSet<&str> = Law::ALL.iter().map(|law| law.name).collect();
    assert_eq!(broken, all);
}

#[tokio::test]
async fn fault_is_told_with_the_law_and_what_was_seen() {
    let broken = saga_conformance::check_all(|| FaultyFixture::new(Fault::NothingIsInUse)).await;
    let [broken, ..] = broken.as_slice() else { panic!("the fault was not found") };
    let text = broken.to_string();
    assert!(text.starts_with("the store breaks the law `definition_is_in_use"), "{text}");
    assert!(text.contains("its use by an instance that is running should be"), "{text}");
}
