//! The command line.

use lexopt::prelude::*;

use crate::crashes::Choice;

/// What is asked for.
#[derive(Debug)]
pub(crate) enum Command {
    /// To go through all that is chosen.
    GoThrough(Choice),
    /// To repeat one history.
    Repeat {
        /// Of this shape.
        shape: String,
        /// By this script.
        script: String,
        /// With lives that die at these moments.
        crashes: Vec<usize>,
    },
}

/// Reads the command line.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse() -> Result<Command, lexopt::Error> {
    let mut args = lexopt::Parser::from_env();
    let mut choice = Choice::default();
    let (mut script, mut crashes) = (None, Vec::new());
    while let Some(arg) = args.next()? {
        match arg {
            Long("shape") => choice.shape = Some(args.value()?.string()?),
            Long("faults") => choice.faults = Some(args.value()?.parse()?),
            Long("script") => script = Some(args.value()?.string()?),
            Long("crashes") => {
                let text = args.value()?.string()?;
                let numbers = text.split(',').filter(|number| !number.is_empty()).map(str::parse);
                crashes =
                    numbers.collect::<Result<_, _>>().map_err(|_| "crashes are numbers, such as 3,7")?;
            }
            other => return Err(other.unexpected()),
        }
    }
    match (script, choice.shape) {
        (Some(script), Some(shape)) => Ok(Command::Repeat { shape, script, crashes }),
        (Some(_), None) => Err("a script is of a shape: name it with --shape".into()),
        (None, shape) => Ok(Command::GoThrough(Choice { shape, ..choice })),
    }
}
