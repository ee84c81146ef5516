//! The command line: a part of the proof, then what is chosen of it.

use lexopt::Parser;
use lexopt::prelude::*;

use crate::{crashes, model, simulation};

/// How it is used.
pub(crate) const USAGE: &str = "\
Goes through what can go wrong with sagas, and prints a table of what was gone through and of what was broken.

  cargo run --profile proof -p saga-proof                        all parts, in a few minutes
  cargo run --profile proof -p saga-proof -- PART [OPTIONS]      one part

crashes: every moment at which the process can die, in sagas of many shapes
  --shape NAME       the histories of this shape
  --faults N         those with this many faults at most, which are 4 else
  --script TEXT      one history of a shape, in which this goes otherwise; '' if nothing does
  --crashes N,N      the moments, from 0 on, at which the processes of this history die, one after the other

model: every state of small models with two workers
  --name NAME        the states of this model
  --faults N         those with this many faults at most; with fewer than a model has by itself, what has to happen
                     somewhere may be missing

simulation: histories that are drawn, each from one number
  --seeds N          how many, which are 500,000 else
  --from N           the first number, which is 0 else
  --seed N           the history of this number, shown whatever it is

What is broken is shown with the command that repeats it. A name that is not known is answered with those that are.

  saga-proof crashes --faults 3
  saga-proof crashes --shape diamond
  saga-proof crashes --shape diamond --script 'b=failed-done,cancel@4' --crashes 6,2
  saga-proof model --name pivot
  saga-proof simulation --seeds 1000
  saga-proof simulation --seed 4711
";

/// What is asked for.
#[derive(Debug)]
pub(crate) enum Command {
    /// To say how it is used.
    Help,
    /// To go through every part.
    Everything,
    /// To go through crash points.
    Crashes(crashes::Choice),
    /// To go through every state of models.
    Model(model::Choice),
    /// To run drawn histories.
    Simulation(simulation::Choice),
}

/// Reads the command line.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse(mut args: Parser) -> Result<Command, lexopt::Error> {
    match args.next()? {
        None => Ok(Command::Everything),
        Some(Long("help") | Short('h')) => Ok(Command::Help),
        Some(Value(part)) if part == "crashes" => crashes(&mut args),
        Some(Value(part)) if part == "model" => model(&mut args),
        Some(Value(part)) if part == "simulation" => simulation(&mut args),
        Some(Value(part)) => {
            let part = part.display();
            Err(format!("there is no part {part}: there are crashes, model, simulation").into())
        }
        Some(other) => Err(other.unexpected()),
    }
}

fn crashes(args: &mut Parser) -> Result<Command, lexopt::Error> {
    let (mut shape, mut faults) = (None, None);
    let (mut script, mut died) = (None, None);
    while let Some(arg) = args.next()? {
        match arg {
            Long("help") | Short('h') => return Ok(Command::Help),
            Long("shape") => shape = Some(args.value()?.string()?),
            Long("faults") => faults = Some(args.value()?.parse()?),
            Long("script") => script = Some(args.value()?.string()?),
            Long("crashes") => died = Some(moments(&args.value()?.string()?)?),
            other => return Err(other.unexpected()),
        }
    }
    let choice = match (script, shape) {
        (Some(_), None) => return Err("a script is of a shape: name it with --shape".into()),
        (Some(_), Some(_)) if faults.is_some() => {
            return Err("a script is one history, whatever its faults: leave out --faults".into());
        }
        (Some(script), Some(shape)) => {
            crashes::Choice::One { shape, script, crashes: died.unwrap_or_default() }
        }
        (None, _) if died.is_some() => {
            return Err(
                "crashes are those of one history: write its script too, --script '' if nothing in it \
                        goes otherwise; --faults says how many there are at most where there are many"
                    .into(),
            );
        }
        (None, shape) => crashes::Choice::All { shape, faults },
    };
    Ok(Command::Crashes(choice))
}

/// The moments of crashes.
fn moments(text: &str) -> Result<Vec<usize>, lexopt::Error> {
    let numbers = text.split(',').filter(|number| !number.is_empty()).map(str::parse);
    Ok(numbers.collect::<Result<_, _>>().map_err(|_| "crashes are numbers, such as 3,7")?)
}

fn model(args: &mut Parser) -> Result<Command, lexopt::Error> {
    let mut choice = model::Choice::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("help") | Short('h') => return Ok(Command::Help),
            Long("name") => choice.name = Some(args.value()?.string()?),
            Long("faults") => choice.faults = Some(args.value()?.parse()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Model(choice))
}

fn simulation(args: &mut Parser) -> Result<Command, lexopt::Error> {
    let (mut seed, mut seeds, mut from) = (None, None, None);
    while let Some(arg) = args.next()? {
        match arg {
            Long("help") | Short('h') => return Ok(Command::Help),
            Long("seeds") => seeds = Some(args.value()?.parse()?),
            Long("from") => from = Some(args.value()?.parse()?),
            Long("seed") => seed = Some(args.value()?.parse()?),
            other => return Err(other.unexpected()),
        }
    }
    if seed.is_some() && (seeds.is_some() || from.is_some()) {
        return Err(
            "--seed is one history, --seeds and --from are many: leave out the one or the others".into()
        );
    }
    Ok(Command::Simulation(simulation::Choice { from: from.unwrap_or_default(), seeds, seed }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a command line without quotes.
    fn parsed(line: &str) -> Result<Command, String> {
        let words = line.split_whitespace().map(|word| word.trim_matches('\''));
        parse(Parser::from_iter(["saga-proof"].into_iter().chain(words))).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn is_refused(line: &str, words: &[&str]) {
        let error = parsed(line).expect_err(line);
        for word in words {
            assert!(error.contains(word), "{line}: {error}");
        }
    }

    #[test]
    fn each_part_is_read_with_its_options() {
        assert!(matches!(parsed(""), Ok(Command::Everything)));
        let Ok(Command::Crashes(crashes::Choice::All { shape, faults })) =
            parsed("crashes --shape diamond --faults 3")
        else {
            panic!("all histories of a shape");
        };
        assert_eq!((shape.as_deref(), faults), (Some("diamond"), Some(3)));
        for (line, expected) in [
            ("crashes --shape diamond --script a=refused --crashes 6,2", ("a=refused", vec![6, 2])),
            ("crashes --shape diamond --script '' --crashes ''", ("", vec![])),
            ("crashes --script revert --shape diamond", ("revert", vec![])),
        ] {
            let Ok(Command::Crashes(crashes::Choice::One { shape, script, crashes })) = parsed(line) else {
                panic!("{line}");
            };
            assert_eq!((&*shape, (&*script, crashes)), ("diamond", expected), "{line}");
        }
        let Ok(Command::Model(choice)) = parsed("model --name pivot --faults 4") else { panic!("a model") };
        assert_eq!((choice.name.as_deref(), choice.faults), (Some("pivot"), Some(4)));
        for (line, expected) in [
            ("simulation", (0, None, None)),
            ("simulation --seeds 5 --from 7", (7, Some(5), None)),
            ("simulation --seed 4711", (0, None, Some(4711))),
        ] {
            let Ok(Command::Simulation(choice)) = parsed(line) else { panic!("{line}") };
            assert_eq!((choice.from, choice.seeds, choice.seed), expected, "{line}");
        }
    }

    #[test]
    fn crashes_without_a_script_are_refused() {
        for line in ["crashes --shape diamond --crashes 3", "crashes --crashes 3", "crashes --crashes ''"] {
            is_refused(line, &["--script ''", "--faults"]);
        }
        is_refused("crashes --script '' --crashes 3", &["--shape"]);
        is_refused("crashes --shape diamond --script '' --crashes x", &["such as 3,7"]);
    }

    #[test]
    fn options_that_would_be_ignored_are_refused() {
        is_refused("crashes --shape diamond --script '' --faults 3", &["leave out --faults"]);
        for line in [
            "simulation --seed 4711 --seeds 5",
            "simulation --seeds 5 --seed 4711",
            "simulation --seed 4711 --from 0",
        ] {
            is_refused(line, &["--seed is one", "leave out"]);
        }
    }

    #[test]
    fn unknown_words_are_refused() {
        is_refused("crash", &["crashes, model, simulation"]);
        for line in
            ["--shape diamond", "crashes diamond", "model --seed 1", "simulation --faults 3", "model model"]
        {
            assert!(parsed(line).is_err(), "{line}");
        }
    }

    #[test]
    fn usage_is_asked_for_everywhere() {
        for line in ["--help", "-h", "crashes --help", "model -h", "simulation --seed 1 --help"] {
            assert!(matches!(parsed(line), Ok(Command::Help)), "{line}");
        }
    }

    #[test]
    fn usage_names_what_is_read_and_its_examples_are() {
        for word in [
            "--shape",
            "--faults",
            "--script",
            "--crashes",
            "--name",
            "--seeds",
            "--from",
            "--seed ",
            "crashes:",
            "model:",
            "simulation:",
        ] {
            assert!(USAGE.contains(word), "{word}");
        }
        let examples: Vec<_> = USAGE.lines().filter_map(|line| line.strip_prefix("  saga-proof ")).collect();
        assert_eq!(examples.len(), 6);
        for line in examples {
            assert!(parsed(line).is_ok(), "{line}");
        }
    }
}
