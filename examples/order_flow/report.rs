//! What the program prints: a table for people, or one JSON object.

use std::collections::BTreeMap;
use std::io::{self, Write};

use console::style;
use serde::Serialize;

use crate::audit::{Audit, Check};
use crate::order::ProductId;
use crate::run::{Ending, Results};
use crate::saga::OrderFlowStep;

/// The most findings that are shown for one rule.
const FINDINGS_SHOWN_MAX: usize = 5;

/// The width of the table's first column.
const LABEL_WIDTH: usize = 20;

/// The width of the second.
const VALUE_WIDTH: usize = 10;

/// How many orders ended how.
#[derive(Debug, Serialize)]
struct Counts {
    completed: usize,
    refused: Refused,
    parked: usize,
}

/// How many orders were refused at each step.
#[derive(Debug, Serialize)]
struct Refused {
    create_order: usize,
    reserve_inventory: usize,
    process_payment: usize,
    prepare_shipment: usize,
}

/// The object that `--json` prints.
#[derive(Debug, Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    counts: Counts,
    revenue_cents: i64,
    units_shipped: i64,
    stock: &'a BTreeMap<ProductId, i64>,
    audit: &'static str,
}

impl Counts {
    fn of(results: &Results) -> Self {
        let count = |what: &dyn Fn(&Ending) -> bool| results.endings.values().filter(|end| what(end)).count();
        let refused = |step| count(&|end| *end == Ending::Refused(Some(step)));
        Self {
            completed: count(&|end| *end == Ending::Completed),
            refused: Refused {
                create_order: refused(OrderFlowStep::CreateOrder),
                reserve_inventory: refused(OrderFlowStep::ReserveInventory),
                process_payment: refused(OrderFlowStep::ProcessPayment),
                prepare_shipment: refused(OrderFlowStep::PrepareShipment),
            },
            parked: count(&|end| matches!(end, Ending::Parked(_))),
        }
    }
}

/// Prints the result as one JSON object.
pub(crate) fn json(out: &mut impl Write, results: &Results, audit: &Audit) -> io::Result<()> {
    let json = Json {
        counts: Counts::of(results),
        revenue_cents: audit.revenue.0,
        units_shipped: audit.units_shipped,
        stock: &audit.stock,
        audit: if audit.is_ok() { "ok" } else { "failed" },
    };
    serde_json::to_writer(&mut *out, &json)?;
    writeln!(out)
}

/// Prints the result as a table.
pub(crate) fn table(out: &mut impl Write, results: &Results, audit: &Audit) -> io::Result<()> {
    let counts = Counts::of(results);
    let orders = results.endings.len();
    let before = results.started_before;
    if before > 0 {
        writeln!(
            out,
            "  {before} orders were started by an earlier run; what it left unfinished went on.\n"
        )?;
    }
    let Refused { create_order, reserve_inventory, process_payment, prepare_shipment } = counts.refused;
    let refused = create_order + reserve_inventory + process_payment + prepare_shipment;
    row(out, "Completed", style(counts.completed).green().bold(), &share(counts.completed, orders))?;
    row(out, "Refused", style(refused).yellow().bold(), &share(refused, orders))?;
    row(out, "  create_order", create_order, &share(create_order, orders))?;
    row(out, "  reserve_inventory", reserve_inventory, &share(reserve_inventory, orders))?;
    row(out, "  process_payment", process_payment, &share(process_payment, orders))?;
    row(out, "  prepare_shipment", prepare_shipment, &share(prepare_shipment, orders))?;
    row(out, "Parked", style(counts.parked).bold(), &share(counts.parked, orders))?;
    for (order, ending) in &results.endings {
        if let Ending::Parked(why) = ending {
            writeln!(out, "    order {order}: {why}")?;
        }
    }
    writeln!(out)?;
    row(out, "Revenue", audit.revenue, "with freight")?;
    row(out, "Units shipped", audit.units_shipped, "")?;
    let seconds = results.time.as_secs_f64();
    let rate = orders.saturating_sub(before) as f64 / seconds;
    let rate = if before == orders { String::new() } else { format!("{rate:.0} orders/s") };
    row(out, "Time", format!("{seconds:.2} s"), &rate)?;
    writeln!(out, "\n  {}", style("Audit of the four databases").bold())?;
    audit.checks.iter().try_for_each(|check| rule(out, check))?;
    writeln!(out)
}

/// Prints what breaks the rules, and nothing if all are kept.
pub(crate) fn findings(out: &mut impl Write, audit: &Audit) -> io::Result<()> {
    audit.checks.iter().filter(|check| !check.findings.is_empty()).try_for_each(|check| rule(out, check))
}

fn row(out: &mut impl Write, label: &str, value: impl ToString, note: &str) -> io::Result<()> {
    // Colours are characters that take no room, so the padding is counted without them.
    let value = value.to_string();
    let padding = VALUE_WIDTH.saturating_sub(console::measure_text_width(&value));
    let note = if note.is_empty() { String::new() } else { format!("  {}", style(note).dim()) };
    writeln!(out, "  {label:<LABEL_WIDTH$}{:padding$}{value}{note}", "")
}

fn rule(out: &mut impl Write, check: &Check) -> io::Result<()> {
    let Check { rule, findings } = check;
    if findings.is_empty() {
        return writeln!(out, "  {} {rule}", style("✓").green());
    }
    writeln!(out, "  {} {rule}", style("✗").red().bold())?;
    for finding in findings.iter().take(FINDINGS_SHOWN_MAX) {
        writeln!(out, "      {finding}")?;
    }
    match findings.len().saturating_sub(FINDINGS_SHOWN_MAX) {
        0 => Ok(()),
        more => writeln!(out, "      and {more} more"),
    }
}

fn share(count: usize, of: usize) -> String {
    if of == 0 { String::new() } else { format!("{:>5.1} %", 100.0 * count as f64 / of as f64) }
}
