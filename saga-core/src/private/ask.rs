//! The questions that a saga answers without an attempt: whether a step runs, and for which items.

use crate::definition::FanOut;
use crate::journal::Payload;
use crate::private::call::{Encoding, defect};
use crate::private::returns::ListReturn;
use crate::private::slot::FanSlot;

/// A question about the step at this place of the declaration, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// Whether it runs at all.
    Condition(usize),
    /// The items that it runs once for.
    Items(usize),
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Whether the condition holds.
    Holds(bool),
    /// The items; they are in the memory from now on.
    Items(Vec<Payload>),
    /// There are this many items, more than [`FanOut::ITEMS_MAX`].
    TooMany(usize),
    /// The items cannot be journalled, or the question cannot be asked.
    NotEncodable(String),
}

/// The answer with these items. They are kept in `slot` once they have been encoded and measured, all together:
/// they are one value of the journal.
pub fn items<R: ListReturn, T>(slot: &FanSlot<R::Item, T>, listed: R, encoding: Encoding) -> Asked {
    let items = listed.into_list();
    if items.len() > FanOut::ITEMS_MAX {
        return Asked::TooMany(items.len());
    }
    let payloads = match encoding {
        Encoding::Nothing | Encoding::Dropped => vec![Payload::NOTHING; items.len()],
        Encoding::Json { bytes_max } => match encoded(slot, &items, bytes_max) {
            Ok(payloads) => payloads,
            Err(message) => return Asked::NotEncodable(message),
        },
    };
    slot.list(items);
    Asked::Items(payloads)
}

fn encoded<I, T>(slot: &FanSlot<I, T>, items: &[I], bytes_max: usize) -> Result<Vec<Payload>, String> {
    let payloads = items.iter().map(|item| slot.encode_item(item)).collect::<Result<Vec<_>, _>>()?;
    let bytes: usize = payloads.iter().map(Payload::len).sum();
    if bytes > bytes_max {
        return Err(format!("the items have {bytes} bytes, more than the limit of {bytes_max}"));
    }
    Ok(payloads)
}

/// The answer to a question that cannot be asked, since the value of `what` is not there.
pub fn unanswered(what: &str) -> Asked {
    Asked::NotEncodable(defect(what))
}

#[cfg(test)]
mod tests {
    use super::{Asked, items};
    use crate::definition::FanOut;
    use crate::private::call::Encoding;
    use crate::private::memory::codec;
    use crate::private::slot::FanSlot;

    const JSON: Encoding = Encoding::Json { bytes_max: 8 };

    fn slot() -> FanSlot<u32, ()> {
        FanSlot::new(codec(), codec())
    }

    #[test]
    fn items_are_encoded_and_kept() {
        let slot = slot();
        let Asked::Items(payloads) = items(&slot, vec![7, 8], JSON) else { panic!("there are items") };
        let texts: Vec<_> = payloads.iter().map(|payload| payload.as_str()).collect();
        assert_eq!(texts, ["7", "8"]);
        assert_eq!(slot.item(Some(1)), Some(&8));
    }

    #[test]
    fn items_that_stay_in_memory_are_counted() {
        let slot = slot();
        let answer = items(&slot, vec![7, 8], Encoding::Nothing);
        assert!(matches!(answer, Asked::Items(payloads) if payloads.len() == 2));
        assert_eq!(slot.item(Some(1)), Some(&8));
    }

    #[test]
    fn as_many_items_as_are_allowed_are_listed_and_one_more_is_not() {
        let slot = slot();
        let list = |count| items(&slot, vec![0; count], Encoding::Nothing);
        assert_eq!(list(FanOut::ITEMS_MAX + 1), Asked::TooMany(FanOut::ITEMS_MAX + 1));
        assert_eq!(slot.item(Some(0)), None, "nothing is kept");
        assert!(matches!(list(FanOut::ITEMS_MAX), Asked::Items(_)));
    }

    #[test]
    fn items_are_measured_together() {
        let slot = slot();
        assert!(matches!(items(&slot, vec![1234, 56789], JSON), Asked::NotEncodable(_)));
        assert_eq!(slot.item(Some(0)), None, "nothing is kept");
        assert!(matches!(items(&slot, vec![1234, 5678], JSON), Asked::Items(_)));
    }
}
