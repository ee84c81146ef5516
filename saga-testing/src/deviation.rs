//! What can be different from a run in which nothing happens.

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Deviation {
    /// The service refuses: no call is made.
    Refuse,
    /// The service says that nothing was done: no call is made.
    NotDone,
    /// The same, as often as the policy allows calls.
    Down,
    /// The request is lost: no call is made, and the caller is told that nobody knows.
    LoseRequest,
    /// The same, as often as the policy allows calls.
    LoseRequests,
    /// The call is made, and the caller is told that nobody knows.
    LoseAnswer,
    /// The same, as often as the policy allows calls.
    LoseAnswers,
    /// No call is made, and the caller waits until its time is over.
    Hang,
    /// The call is made, and the caller waits until its time is over.
    HangAfter,
    /// The caller panics before the call.
    Panic,
    /// The caller panics after the call.
    PanicAfter,
    /// The caller waits until its time is over; the call arrives once it is compensated, or at the end.
    Late,
    /// The call is made twice.
    Twice,
    /// The process dies after the call, before anything is recorded of it.
    CrashAfterCall,
    /// The process dies while the request travels, which arrives as one that is [`Late`](Self::Late).
    CrashLate,
    /// The process dies before the entry is written.
    CrashBefore,
    /// The process dies after the entry was written, before anybody is told.
    CrashAfter,
    /// The same, and it starts again once the deadline has passed.
    Overdue,
    /// The signal is not sent.
    Unsent,
    /// A client cancels the instance when the entry was written.
    Cancel,
    /// A client reverts the completed instance.
    Revert,
}

impl Deviation {
    const ALL: [Self; 21] = [
        Self::Refuse,
        Self::NotDone,
        Self::Down,
        Self::LoseRequest,
        Self::LoseRequests,
        Self::LoseAnswer,
        Self::LoseAnswers,
        Self::Hang,
        Self::HangAfter,
        Self::Panic,
        Self::PanicAfter,
        Self::Late,
        Self::Twice,
        Self::CrashAfterCall,
        Self::CrashLate,
        Self::CrashBefore,
        Self::CrashAfter,
        Self::Overdue,
        Self::Unsent,
        Self::Cancel,
        Self::Revert,
    ];

    /// Its word in the code of a history.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::NotDone => "not-done",
            Self::Down => "down",
            Self::LoseRequest => "lose-request",
            Self::LoseRequests => "lose-requests",
            Self::LoseAnswer => "lose-answer",
            Self::LoseAnswers => "lose-answers",
            Self::Hang => "hang",
            Self::HangAfter => "hang-after",
            Self::Panic => "panic",
            Self::PanicAfter => "panic-after",
            Self::Late => "late",
            Self::Twice => "twice",
            Self::CrashAfterCall => "crash-after-call",
            Self::CrashLate => "crash-late",
            Self::CrashBefore => "crash-before",
            Self::CrashAfter => "crash-after",
            Self::Overdue => "overdue",
            Self::Unsent => "unsent",
            Self::Cancel => "cancel",
            Self::Revert => "revert",
        }
    }

    /// The deviation of this word.
    pub(crate) fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|deviation| deviation.code() == code)
    }

    /// Whether the process dies.
    pub(crate) const fn is_crash(self) -> bool {
        matches!(
            self,
            Self::CrashAfterCall | Self::CrashLate | Self::CrashBefore | Self::CrashAfter | Self::Overdue
        )
    }

    /// Whether a client does it.
    pub(crate) const fn is_of_client(self) -> bool {
        matches!(self, Self::Unsent | Self::Cancel | Self::Revert)
    }

    /// What it does to each of the calls it is about, if it is about several.
    pub(crate) const fn each(self) -> Option<Self> {
        match self {
            Self::Down => Some(Self::NotDone),
            Self::LoseRequests => Some(Self::LoseRequest),
            Self::LoseAnswers => Some(Self::LoseAnswer),
            _ => None,
        }
    }

    /// Whether all that follows is the same as after a lost request or answer, so that it is tried by itself only.
    pub(crate) const fn stands_alone(self) -> bool {
        matches!(self, Self::Hang | Self::HangAfter | Self::Panic | Self::PanicAfter)
    }
}
