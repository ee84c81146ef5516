//! What a customer orders: the saga's input.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::money::{Cents, Decimal, Overflow};

/// An order's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct OrderId(pub(crate) u32);

impl OrderId {
    /// The id of the saga instance that carries the order out.
    pub(crate) fn instance(self) -> String {
        format!("order-{self}")
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A product's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct ProductId(pub(crate) u32);

impl fmt::Display for ProductId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An order as the customer placed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlaceOrder {
    pub(crate) order: OrderId,
    pub(crate) customer: String,
    pub(crate) date: String,
    pub(crate) country: String,
    pub(crate) freight: Decimal,
    pub(crate) lines: Vec<Line>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) product: ProductId,
    pub(crate) unit_price: Decimal,
    pub(crate) quantity: u32,
    /// The fraction of the price that the customer need not pay.
    pub(crate) discount: Decimal,
}

/// How many units of each product, whatever the lines they stand in.
pub(crate) type Units = BTreeMap<ProductId, i64>;

impl PlaceOrder {
    /// What the customer pays: the discounted lines and the freight, rounded once, at the end.
    pub(crate) fn total(&self) -> Result<Cents, Overflow> {
        let mut total = self.freight;
        for line in &self.lines {
            let paid = Decimal::ONE.minus(line.discount)?;
            total = total.plus(line.unit_price.times(line.quantity.into())?.times(paid)?)?;
        }
        total.to_cents()
    }

    /// What has to be in stock for it.
    pub(crate) fn units(&self) -> Units {
        let mut units = Units::new();
        for line in &self.lines {
            *units.entry(line.product).or_default() += i64::from(line.quantity);
        }
        units
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An order of `lines` (product, unit price, quantity, discount) with a freight of 5.00.
    pub(crate) fn place(order: u32, lines: &[(u32, &str, u32, &str)]) -> PlaceOrder {
        let line = |&(product, unit_price, quantity, discount): &(u32, &str, u32, &str)| Line {
            product: ProductId(product),
            unit_price: unit_price.parse().unwrap(),
            quantity,
            discount: discount.parse().unwrap(),
        };
        PlaceOrder {
            order: OrderId(order),
            customer: "LUMEN".to_owned(),
            date: "2025-03-01".to_owned(),
            country: "Norway".to_owned(),
            freight: "5.00".parse().unwrap(),
            lines: lines.iter().map(line).collect(),
        }
    }

    #[test]
    fn a_total_is_rounded_once_at_the_end() {
        // Each line alone would be rounded up to 0.34 and 0.34; the sum is 5.67.
        let order = place(1, &[(1, "0.335", 1, "0"), (2, "0.335", 1, "0")]);
        assert_eq!(order.total(), Ok(Cents(567)));
    }

    #[test]
    fn the_lines_of_one_product_are_summed() {
        let order = place(1, &[(1, "1", 2, "0"), (2, "1", 1, "0"), (1, "2", 3, "0")]);
        assert_eq!(order.units(), Units::from([(ProductId(1), 5), (ProductId(2), 1)]));
    }
}
