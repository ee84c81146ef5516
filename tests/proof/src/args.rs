//! The command line: a part of the proof, then what is chosen of it.

use lexopt::Parser;
use lexopt::prelude::*;

use crate::{crashes, model, simulation};

/// What is asked for.
#[derive(Debug)]
pub(crate) enum Command {
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
pub(crate) fn parse() -> Result<Command, lexopt::Error> {
    let mut args = Parser::from_env();
    match args.next()? {
        None => Ok(Command::Everything),
        Some(Value(part)) if part == "crashes" => crashes(&mut args).map(Command::Crashes),
        Some(Value(part)) if part == "model" => model(&mut args).map(Command::Model),
        Some(Value(part)) if part == "simulation" => simulation(&mut args).map(Command::Simulation),
        Some(Value(part)) => {
            let part = part.display();
            Err(format!("there is no part {part}: there are crashes, model, simulation").into())
        }
        Some(other) => Err(other.unexpected()),
    }
}

fn crashes(args: &mut Parser) -> Result<crashes::Choice, lexopt::Error> {
    let (mut shape, mut faults) = (None, None);
    let (mut script, mut died) = (None, Vec::new());
    while let Some(arg) = args.next()? {
        match arg {
            Long("shape") => shape = Some(args.value()?.string()?),
            Long("faults") => faults = Some(args.value()?.parse()?),
            Long("script") => script = Some(args.value()?.string()?),
            Long("crashes") => {
                let text = args.value()?.string()?;
                let numbers = text.split(',').filter(|number| !number.is_empty()).map(str::parse);
                died = numbers.collect::<Result<_, _>>().map_err(|_| "crashes are numbers, such as 3,7")?;
            }
            other => return Err(other.unexpected()),
        }
    }
    match (script, shape) {
        (Some(script), Some(shape)) => Ok(crashes::Choice::One { shape, script, crashes: died }),
        (Some(_), None) => Err("a script is of a shape: name it with --shape".into()),
        (None, shape) => Ok(crashes::Choice::All { shape, faults }),
    }
}

fn model(args: &mut Parser) -> Result<model::Choice, lexopt::Error> {
    let mut choice = model::Choice::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("name") => choice.name = Some(args.value()?.string()?),
            Long("faults") => choice.faults = Some(args.value()?.parse()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(choice)
}

fn simulation(args: &mut Parser) -> Result<simulation::Choice, lexopt::Error> {
    let mut choice = simulation::Choice::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("seeds") => choice.seeds = Some(args.value()?.parse()?),
            Long("from") => choice.from = args.value()?.parse()?,
            Long("seed") => choice.seed = Some(args.value()?.parse()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(choice)
}
