//! What a parameter may be: aliases, coercions, underscores, raw names, types out of a `macro_rules`.

#![deny(warnings)]
#![allow(clippy::ptr_arg, clippy::unused_async, reason = "coercions are what is tried here")]

use sagas::{Checked, Failure, Saga, StepContext, StepError, saga};

type Reply<T> = std::result::Result<T, StepError>;

#[derive(Debug)]
struct Flow;

#[saga(name = "flow-2", version = 3, input = String, output = r#type)]
impl Flow {
    #[step(read_only, output = words)]
    async fn split(&self, input: &str) -> Reply<Vec<String>> {
        Ok(input.split(' ').map(str::to_owned).collect())
    }

    #[step(read_only, after(), name = "first-word", retry(attempts = unlimited, factor = 1, max = "1h", jitter = false))]
    async fn r#type(&self, mut input: &String) -> Reply<String> {
        let other = String::new();
        if input.is_empty() {
            input = &other;
        }
        Ok(input.clone())
    }

    #[step(compensate = leave, after(split, r#type), in_doubt = check(look, after = "10s"), timeout = "1m")]
    async fn join(&self, words: &[String], r#type: &str, _cx: &sagas::StepContext) -> Reply<String> {
        Ok(words.join(r#type))
    }

    #[policy(timeout = "250ms")]
    async fn look(&self, _words: &Vec<String>) -> Reply<Checked<String>> {
        Ok(Checked::Unknown)
    }

    #[policy(retry(attempts = 3))]
    async fn leave(&self, cx: &StepContext, failure: &Failure, words: &[String], join: &str) -> Reply<()> {
        let _ = (cx, failure, words, join);
        Ok(())
    }

    #[step(pivot, in_doubt = park)]
    async fn decide(&self) -> Reply<()> {
        Ok(())
    }

    #[step(read_only)]
    async fn after_all(&self) -> Reply<()> {
        Ok(())
    }
}

macro_rules! saga_of {
    ($name:ident, $input:ty, $output:ty) => {
        #[derive(Debug)]
        struct $name;

        #[saga]
        impl $name {
            #[step(compensate = back, idempotent)]
            async fn forth(&self, input: &$input) -> Result<$output, StepError> {
                Ok(input.len())
            }

            async fn back(&self, input: &$input, forth: &$output) -> Result<(), StepError> {
                let _ = (input, forth);
                Ok(())
            }
        }
    };
}

saga_of!(Made, String, usize);

macro_rules! language_of {
    ($name:ident, $item:ty, $items:ty, $signal:ty, $child:ty) => {
        #[derive(Debug)]
        struct $name;

        #[saga]
        impl $name {
            #[step(read_only, when = is_any, for_each = items)]
            async fn each(&self, item: &$item, _input: &$signal) -> Reply<$item> {
                Ok(item.clone())
            }
            fn is_any(&self, input: &$signal) -> bool {
                !input.is_empty()
            }
            fn items(&self) -> $items {
                <$items>::new()
            }

            #[step(read_only, signal)]
            async fn told(&self, _signal: &$signal, each: Option<&[$item]>) -> Reply<()> {
                let _ = each;
                Ok(())
            }

            #[step(child = $child)]
            fn deeper(&self, input: &$signal) -> $signal {
                input.clone()
            }
        }
    };
}

language_of!(Language, char, Vec<char>, String, Made);

fn main() {
    let definition = Flow::definition();
    assert_eq!((definition.name().as_ref(), definition.version()), ("flow-2", 3));
    let names: Vec<_> = definition.steps().map(|(_, step)| step.name.as_str().to_owned()).collect();
    assert_eq!(names, ["split", "first-word", "join", "decide", "after_all"]);
    assert_eq!(FlowStep::Type.name(), "first-word");
    let after: Vec<Vec<_>> =
        definition.steps().map(|(_, step)| step.after.iter().map(|index| index.get()).collect()).collect();
    assert_eq!(after, [vec![], vec![], vec![0, 1], vec![2], vec![3]]);
    let (_, last) = definition.steps().last().unwrap_or_else(|| unreachable!());
    assert!(last.retry.attempts_max.is_none(), "a read-only step after the pivot does not give up");
    let join = definition.steps().map(|(_, step)| step).find(|step| step.name == "join");
    let join = join.unwrap_or_else(|| unreachable!());
    assert_eq!(join.timeout.as_secs(), 60);
    assert!(join.check.as_ref().is_some_and(|check| check.after.as_secs() == 10 && check.timeout.subsec_millis() == 250));
    assert!(join.compensation_needs_output());
    assert_eq!(Made::definition().name().as_ref(), "made");
    let children: Vec<_> = Language::definition().steps().map(|(_, step)| step.child.clone()).collect();
    assert_eq!(children, [None, None, Some("made".into())]);
    let _: fn(&Flow) = |_| drop(Flow::graph());
    let mermaid = Flow::graph().to_mermaid();
    for name in names.iter().map(String::as_str).chain(["leave", "look"]) {
        assert!(mermaid.contains(name) && Flow::graph().to_dot().contains(name), "{name}");
    }
}
