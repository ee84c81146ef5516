//! What was found, and the table of what was gone through.

/// What a part of the proof has found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// What it has gone through, in lines of the table.
    pub(crate) rows: Vec<Row>,
    /// Each violation as text: the command that repeats it, and what happened.
    pub(crate) violations: Vec<String>,
}

/// One line of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    /// What was gone through.
    pub(crate) kind: String,
    /// How many cases, no two of them the same.
    pub(crate) cases: u64,
    /// How many more were gone through that were the same as others, and do not count.
    pub(crate) repeated: u64,
    /// How many faults there were in all of them.
    pub(crate) faults: u64,
    /// At how many different positions a process died, where they are told apart.
    pub(crate) positions: Option<u64>,
    /// In how many cases a promise was broken.
    pub(crate) violations: u64,
    /// How long it took.
    pub(crate) seconds: f64,
}

impl Row {
    /// Adds another line to this one.
    pub(crate) fn add(&mut self, other: &Self) {
        self.cases += other.cases;
        self.repeated += other.repeated;
        self.faults += other.faults;
        self.positions =
            self.positions.into_iter().chain(other.positions).reduce(|one, another| one + another);
        self.violations += other.violations;
        self.seconds += other.seconds;
    }
}

/// Prints the table, as Markdown.
pub(crate) fn print(rows: &[Row]) {
    println!("| kind | cases | repeated | faults | crash positions | violations | seconds |");
    println!("| --- | --: | --: | --: | --: | --: | --: |");
    let mut all = Row { kind: "all".to_owned(), ..Row::default() };
    for row in rows {
        line(row);
        all.add(row);
    }
    line(&all);
}

fn line(row: &Row) {
    let Row { kind, cases, repeated, faults, positions, violations, seconds } = row;
    let [cases, repeated, faults, violations] =
        [cases, repeated, faults, violations].map(|number| grouped(*number));
    let positions = positions.map_or_else(String::new, grouped);
    println!("| {kind} | {cases} | {repeated} | {faults} | {positions} | {violations} | {seconds:.0} |");
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
