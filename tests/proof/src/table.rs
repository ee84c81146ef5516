//! The table of what was gone through.

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
    /// In how many cases a promise was broken.
    pub(crate) violations: u64,
    /// How long it took.
    pub(crate) seconds: f64,
    /// What else there is to say.
    pub(crate) note: String,
}

/// Prints the table, as Markdown.
pub(crate) fn print(rows: &[Row]) {
    println!("| kind | cases | repeated | faults | violations | seconds | |");
    println!("| --- | --: | --: | --: | --: | --: | --- |");
    let mut all = Row { kind: "all".to_owned(), ..Row::default() };
    for row in rows {
        line(row);
        all.cases += row.cases;
        all.repeated += row.repeated;
        all.faults += row.faults;
        all.violations += row.violations;
        all.seconds += row.seconds;
    }
    line(&all);
}

fn line(row: &Row) {
    let Row { kind, cases, repeated, faults, violations, seconds, note } = row;
    println!("| {kind} | {cases} | {repeated} | {faults} | {violations} | {seconds:.1} | {note} |");
}
