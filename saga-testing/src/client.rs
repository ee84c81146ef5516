//! The clients of the instance, while it runs: they send it signals, and cancel it.

use saga_core::error::Error;
use saga_core::runtime::Orchestrator;
use saga_core::saga::Saga;

use crate::director::Director;
use crate::subject::{Message, Subject, with_causes};

/// Why a client cancels.
const CANCELLED: &str = "the client does not want it any more";

/// Why a client reverts.
pub(crate) const REVERTED: &str = "the client takes it back";

/// Does what the clients do, for good. Returns if one of them cannot do it.
pub(crate) async fn serve<S: Saga, W>(
    subject: &Subject<'_, S, W>,
    director: &Director,
    orchestrator: &Orchestrator,
) -> String {
    let mut signals: Vec<(usize, &Message)> = subject.signals.iter().enumerate().collect();
    loop {
        let is_for = |(_, signal): &(usize, &Message)| director.is_there(&signal.target(&subject.id));
        while let Some(at) = signals.iter().position(is_for) {
            let (place, signal) = signals.remove(at);
            if director.sends(place, &signal.id, signal.within) {
                match signal.send(orchestrator, &subject.id).await {
                    Ok(()) | Err(Error::Finished { .. }) => {}
                    Err(error) => return format!("a signal could not be sent: {}", with_causes(&error)),
                }
            }
        }
        if director.wants_to_cancel() {
            match orchestrator.handle::<S>(subject.id.as_str()).cancel(CANCELLED).await {
                Ok(()) => director.answered(None),
                Err(error @ (Error::PastPivot { .. } | Error::Finished { .. })) => {
                    director.answered(Some(error.to_string()));
                }
                Err(error) => return format!("a client could not cancel it: {}", with_causes(&error)),
            }
            continue;
        }
        director.clients_are_called().await;
    }
}
