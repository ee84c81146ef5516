//! Every command at every moment.

use sagas::prelude::*;
use sagas::{Error, InstanceState, Resolution};

use super::scenes::{ID, Scene, ends, state_of, two_workers};
use crate::support::data::Data;
use crate::support::{retry, soon};

/// What somebody decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Cancel,
    Revert,
    Retry,
    Skip,
    Succeeded,
    Void,
}

impl Command {
    const ALL: [Self; 6] = [Self::Cancel, Self::Revert, Self::Retry, Self::Skip, Self::Succeeded, Self::Void];

    async fn give(self, orchestrator: &Orchestrator) -> Result<(), Error> {
        let orchestrator = orchestrator.acting_as("mara");
        let note = "she knows".to_owned();
        match self {
            Self::Cancel => orchestrator.instance(ID).cancel("it is over").await,
            Self::Revert => orchestrator.instance(ID).revert("it is over").await,
            Self::Retry => orchestrator.resolve(ID, retry()).await,
            Self::Skip => orchestrator.resolve(ID, Resolution::Skip { note }).await,
            Self::Void => orchestrator.resolve(ID, Resolution::Void { note }).await,
            Self::Succeeded => {
                let output = if is_text(&orchestrator).await { "done".into() } else { 7.into() };
                orchestrator.resolve(ID, Resolution::Succeeded { output, note }).await
            }
        }
    }
}

/// Whether what is parked returns a text.
async fn is_text(orchestrator: &Orchestrator) -> bool {
    let report = orchestrator.inspect(ID).await;
    report.is_ok_and(|report| report.step.is_some_and(|step| step == "notify"))
}

/// What a command comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Ok,
    Finished,
    PastPivot,
    NotRevertible,
    NotParked,
    NotApplicable,
    NotRegistered,
    Unreadable,
    NotFound,
    ShuttingDown,
    Stopped,
}

fn answer_of(result: &Result<(), Error>) -> Answer {
    match result {
        Ok(()) => Answer::Ok,
        Err(Error::Finished { .. }) => Answer::Finished,
        Err(Error::PastPivot { .. }) => Answer::PastPivot,
        Err(Error::NotRevertible { .. }) => Answer::NotRevertible,
        Err(Error::NotParked { .. }) => Answer::NotParked,
        Err(Error::NotApplicable { .. }) => Answer::NotApplicable,
        Err(Error::NotRegistered { .. }) => Answer::NotRegistered,
        Err(Error::Unreadable { .. }) => Answer::Unreadable,
        Err(Error::NotFound { .. }) => Answer::NotFound,
        Err(Error::ShuttingDown) => Answer::ShuttingDown,
        Err(Error::Stopped { .. }) => Answer::Stopped,
        Err(error) => panic!("{error:?}"),
    }
}

/// What is to come of a command in a scene.
fn expected(scene: Scene, command: Command) -> Answer {
    use Answer as A;
    use Command as C;
    match scene {
        Scene::Running | Scene::Queued | Scene::InLine | Scene::Waiting | Scene::JustRecovered => {
            match command {
                C::Cancel => A::Ok,
                C::Revert => A::NotRevertible,
                C::Retry | C::Skip | C::Succeeded | C::Void => A::NotParked,
            }
        }
        Scene::Compensating | Scene::Settling => match command {
            C::Cancel => A::Ok,
            C::Revert => A::NotRevertible,
            C::Retry | C::Skip | C::Succeeded | C::Void => A::NotParked,
        },
        Scene::ParkedInDoubt => match command {
            C::Cancel | C::Retry | C::Succeeded | C::Void => A::Ok,
            C::Revert => A::NotRevertible,
            C::Skip => A::NotApplicable,
        },
        Scene::ParkedCompensating => match command {
            C::Cancel | C::Retry | C::Skip => A::Ok,
            C::Revert => A::NotRevertible,
            C::Succeeded | C::Void => A::NotApplicable,
        },
        Scene::ParkedPastPivot => match command {
            C::Cancel => A::PastPivot,
            C::Revert => A::NotRevertible,
            C::Retry | C::Succeeded => A::Ok,
            C::Skip | C::Void => A::NotApplicable,
        },
        Scene::PastPivot => match command {
            C::Cancel => A::PastPivot,
            C::Revert => A::NotRevertible,
            C::Retry | C::Skip | C::Succeeded | C::Void => A::NotParked,
        },
        Scene::Completed => match command {
            C::Cancel => A::Finished,
            C::Revert => A::Ok,
            C::Retry | C::Skip | C::Succeeded | C::Void => A::NotParked,
        },
        Scene::Compensated | Scene::CompletedWithPivot => match command {
            C::Cancel => A::Finished,
            C::Revert => A::NotRevertible,
            C::Retry | C::Skip | C::Succeeded | C::Void => A::NotParked,
        },
        Scene::Unregistered => match command {
            C::Cancel => A::NotRegistered,
            C::Revert => A::NotRevertible,
            C::Retry | C::Skip | C::Succeeded | C::Void => A::NotParked,
        },
        Scene::Unreadable => A::Unreadable,
        Scene::Unknown => A::NotFound,
        Scene::ShutDown => A::ShuttingDown,
    }
}

/// How the instance ends after the command, if it is over then or parked.
fn end(scene: Scene, command: Command) -> Option<InstanceState> {
    let is_shop = is_shop(scene);
    match (expected(scene, command), command) {
        (Answer::Ok, Command::Cancel) if scene == Scene::ParkedCompensating => Some(InstanceState::Parked),
        (Answer::Ok, Command::Cancel | Command::Revert | Command::Void) => Some(InstanceState::Compensated),
        (Answer::Ok, Command::Skip) => Some(InstanceState::Compensated),
        (Answer::Ok, Command::Retry) if scene == Scene::ParkedCompensating => {
            Some(InstanceState::Compensated)
        }
        (Answer::Ok, Command::Retry | Command::Succeeded) => Some(InstanceState::Completed),
        (Answer::PastPivot, _) if scene == Scene::PastPivot => Some(InstanceState::Completed),
        (Answer::NotParked, _) if is_shop => Some(InstanceState::Completed),
        _ => None,
    }
}

fn is_shop(scene: Scene) -> bool {
    matches!(scene, Scene::PastPivot | Scene::ParkedPastPivot | Scene::CompletedWithPivot)
}

async fn check(data: &Data, scene: Scene, command: Command) {
    let (orchestrator, world) = scene.arrange(data).await;
    let before = match scene {
        Scene::Unknown | Scene::ShutDown => None,
        _ => Some(state_of(&orchestrator, ID).await),
    };
    let result = command.give(&orchestrator).await;
    assert_eq!(answer_of(&result), expected(scene, command), "{result:?}");
    match (&result, end(scene, command)) {
        (_, Some(end)) => {
            // What is skipped stays, and so does what somebody was wrong about.
            let is_wrong = (scene, command) == (Scene::ParkedPastPivot, Command::Succeeded);
            let off = usize::from(is_wrong || matches!(command, Command::Skip | Command::Void));
            let off = if result.is_ok() { off } else { 0 };
            assert_eq!(ends(&orchestrator, &world, is_shop(scene), off).await, end);
        }
        (Err(_), None) if before.is_some() => {
            assert_eq!(Some(state_of(&orchestrator, ID).await), before, "nothing has changed");
        }
        _ => {}
    }
    orchestrator.shutdown().await;
    let has_spoken = match scene {
        Scene::Unknown => false,
        _ => {
            let stored = data.stored(ID).await.unwrap();
            stored.entries.iter().any(|entry| entry.events.contains("\"mara\""))
        }
    };
    // Who asks for what is on its way already changes nothing.
    let is_on_its_way = before == Some(InstanceState::Compensating) || scene == Scene::ParkedCompensating;
    let counts = result.is_ok() && !(command == Command::Cancel && is_on_its_way);
    let is_written = if scene == Scene::Unregistered { false } else { counts };
    assert_eq!(has_spoken, is_written, "the journal says so if and only if it was decided");
}

/// Each with each, but for those of `skips`.
fn check_all(data: fn() -> Data, skips: impl Fn(Scene, Command) -> bool) {
    for scene in Scene::ALL {
        for command in Command::ALL.into_iter().filter(|command| !skips(scene, *command)) {
            let data = data();
            // What a failure is about.
            println!("{command:?} while {scene:?}");
            data.runtime().block_on(soon(check(&data, scene, command)));
        }
    }
}

#[test]
fn every_command_at_every_moment() {
    check_all(Data::memory, |_, _| false);
}

#[test]
fn every_command_at_every_moment_in_a_file() {
    // That several resolutions are refused alike is told above, and a file takes its time.
    check_all(Data::sqlite, |scene, command| {
        let is_like_retry = matches!(command, Command::Skip | Command::Succeeded | Command::Void);
        is_like_retry && expected(scene, command) == expected(scene, Command::Retry)
    });
}

#[test]
fn what_another_worker_has_is_decided_on_there() {
    for command in Command::ALL {
        let data = Data::memory();
        data.runtime().block_on(soon(async {
            let (first, second, world) = two_workers(&data).await;
            let result = command.give(&second).await;
            let expected = match command {
                Command::Cancel => Answer::Stopped,
                Command::Revert => Answer::NotRevertible,
                Command::Retry | Command::Skip | Command::Succeeded | Command::Void => Answer::NotParked,
            };
            assert_eq!(answer_of(&result), expected, "{command:?}: {result:?}");
            first.instance(ID).cancel("it is over").await.unwrap();
            assert_eq!(ends(&first, &world, false, 0).await, InstanceState::Compensated);
            first.shutdown().await;
            second.shutdown().await;
        }));
    }
}
