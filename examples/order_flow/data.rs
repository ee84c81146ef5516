//! The data that a run begins with: products with their stock, and orders.

use std::collections::BTreeMap;
use std::path::Path;

use crate::money::Decimal;
use crate::order::{Line, OrderId, PlaceOrder, ProductId};
use crate::table::{Row, Table};

pub(crate) use crate::table::DataError;

const PRODUCTS: &[&str] = &["product_id", "name", "unit_price", "units_in_stock", "discontinued"];
const ORDERS: &[&str] = &["order_id", "customer_id", "order_date", "freight", "ship_country"];
const ORDER_LINES: &[&str] = &["order_id", "product_id", "unit_price", "quantity", "discount"];

/// Products and orders, each in ascending order of its number.
#[derive(Debug)]
pub(crate) struct Data {
    pub(crate) products: Vec<Product>,
    pub(crate) orders: Vec<PlaceOrder>,
    /// A number that is another one for other data.
    pub(crate) fingerprint: u64,
}

/// A product of the catalogue, and its stock before the first order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Product {
    pub(crate) id: ProductId,
    pub(crate) name: String,
    pub(crate) unit_price: Decimal,
    pub(crate) stock: u32,
    pub(crate) discontinued: bool,
}

impl Data {
    /// Reads `products.csv`, `orders.csv` and `order_lines.csv` of `folder`.
    pub(crate) fn read(folder: &Path) -> Result<Self, DataError> {
        let products = Table::read(folder, "products.csv", PRODUCTS)?;
        let orders = Table::read(folder, "orders.csv", ORDERS)?;
        let lines = Table::read(folder, "order_lines.csv", ORDER_LINES)?;
        let fingerprint = fingerprint([products.bytes(), orders.bytes(), lines.bytes()]);
        let products = read_products(&products)?;
        let orders = read_orders(&orders, &lines)?;
        Ok(Self { products, orders, fingerprint })
    }
}

fn read_products(table: &Table) -> Result<Vec<Product>, DataError> {
    let mut products = BTreeMap::new();
    table.rows(|row| {
        let product = Product {
            id: ProductId(row.parse("product_id")?),
            name: row.text("name")?,
            unit_price: row.parse("unit_price")?,
            stock: row.parse("units_in_stock")?,
            discontinued: flag(row, "discontinued")?,
        };
        match products.insert(product.id, product) {
            None => Ok(()),
            Some(first) => Err(row.error("product_id", format!("product {} is there twice", first.id))),
        }
    })?;
    Ok(products.into_values().collect())
}

fn read_orders(orders: &Table, lines: &Table) -> Result<Vec<PlaceOrder>, DataError> {
    let mut by_id = BTreeMap::new();
    orders.rows(|row| {
        let order = PlaceOrder {
            order: OrderId(row.parse("order_id")?),
            customer: row.text("customer_id")?,
            date: row.text("order_date")?,
            country: row.text("ship_country")?,
            freight: row.parse("freight")?,
            lines: Vec::new(),
        };
        order.total().map_err(|error| row.error("freight", error.to_string()))?;
        match by_id.insert(order.order, order) {
            None => Ok(()),
            Some(first) => Err(row.error("order_id", format!("order {} is there twice", first.order))),
        }
    })?;
    lines.rows(|row| {
        let id = OrderId(row.parse("order_id")?);
        let line = read_line(row)?;
        let order = by_id
            .get_mut(&id)
            .ok_or_else(|| row.error("order_id", format!("order {id} is not in orders.csv")))?;
        order.lines.push(line);
        // Numbers that are too large are refused here, where their row is known.
        order.total().map(drop).map_err(|error| row.error("unit_price", error.to_string()))
    })?;
    Ok(by_id.into_values().collect())
}

fn read_line(row: &Row<'_>) -> Result<Line, DataError> {
    let discount: Decimal = row.parse("discount")?;
    let quantity = row.parse("quantity")?;
    if quantity == 0 {
        return Err(row.error("quantity", "\"0\": an order line has at least one unit"));
    }
    if Decimal::ONE.minus(discount).is_ok_and(Decimal::is_negative) {
        return Err(row.error("discount", format!("\"{discount}\": not a fraction from 0 to 1")));
    }
    Ok(Line {
        product: ProductId(row.parse("product_id")?),
        unit_price: row.parse("unit_price")?,
        quantity,
        discount,
    })
}

fn flag(row: &Row<'_>, column: &'static str) -> Result<bool, DataError> {
    match row.text(column)?.as_str() {
        "0" => Ok(false),
        "1" => Ok(true),
        other => Err(row.error(column, format!("{other:?}: neither 0 nor 1"))),
    }
}

/// FNV-1a over the files and their lengths: it tells other data by mistake, not by intent.
fn fingerprint(files: [&[u8]; 3]) -> u64 {
    let lengths = files.map(|file| (file.len() as u64).to_le_bytes());
    let bytes = files.iter().zip(&lengths).flat_map(|(file, length)| length.iter().chain(*file));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const PRODUCT_ROWS: &str = "product_id,name,unit_price,units_in_stock,discontinued\n\
        2,\"Lamp, small\",19.50,17,0\n1,Desk,180,3,1\n";
    const ORDER_ROWS: &str = "order_id,customer_id,order_date,freight,ship_country\n\
        8,BORG,2025-03-02,3.25,Norway\n7,ADA,2025-03-01,0,Portugal\n";
    const LINE_ROWS: &str = "order_id,product_id,unit_price,quantity,discount\n\
        7,2,19.50,2,0.1\n7,1,180,1,0\n8,2,19.50,1,0.0\n";

    /// Reads files of these contents; an error's paths begin with `data`.
    fn read(products: &str, orders: &str, lines: &str) -> Result<Data, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("products", products), ("orders", orders), ("order_lines", lines)] {
            fs::write(folder.path().join(name).with_extension("csv"), text).unwrap();
        }
        let place = folder.path().display().to_string();
        Data::read(folder.path()).map_err(|error| error.to_string().replace(&place, "data"))
    }

    #[test]
    fn products_and_orders_are_read_in_ascending_order() {
        let data = read(PRODUCT_ROWS, ORDER_ROWS, LINE_ROWS).unwrap();
        assert_eq!(data.products.iter().map(|product| product.id.0).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(data.products[1].name, "Lamp, small");
        assert_eq!(data.orders.iter().map(|order| order.order.0).collect::<Vec<_>>(), [7, 8]);
        assert_eq!(data.orders[0].total().unwrap().0, 21_510);
        assert_eq!(data.orders[1].total().unwrap().0, 2_275);
    }

    #[test]
    fn columns_may_stand_in_any_order_beside_others() {
        let products = "name,discontinued,product_id,colour,units_in_stock,unit_price\nDesk,1,4,red,3,180\n";
        let data = read(products, ORDER_ROWS, "order_id,product_id,unit_price,quantity,discount\n").unwrap();
        assert_eq!((data.products[0].id, data.products[0].stock), (ProductId(4), 3));
        assert!(data.orders[0].lines.is_empty());
    }

    #[test]
    fn a_mistake_names_file_line_and_column() {
        let cases = [
            (("7,2,19.50,2,0.1", "7,2,19.50,two,0.1"), "line 2, column 4 (quantity): \"two\": invalid digit"),
            (("7,1,180,1,0", "7,1,180,0,0"), "line 3, column 4 (quantity): \"0\": an order line has"),
            (("8,2,19.50,1,0.0", "8,2,1e3,1,0.0"), "line 4, column 3 (unit_price): \"1e3\": not a number"),
            (("8,2,19.50,1,0.0", "8,2,19.50,1,1.1"), "line 4, column 5 (discount): \"1.1\": not a fraction"),
            (("8,2,19.50,1,0.0", "9,2,19.50,1,0.0"), "line 4, column 1 (order_id): order 9 is not in"),
            (("8,2,19.50,1,0.0", "8,2,19.50,1"), "line 4, column 5 (discount): the row ends before it"),
            (("8,2,19.50,1,0.0", "8,2,19.50,,0"), "line 4, column 4 (quantity): it is empty"),
            (("8,2,19.50,1,0.0", "8,2,19.50,1,0,6"), "line 4, column 6: a row has 5 columns"),
            (
                ("quantity", "units"),
                "line 1: there is no column quantity; there must be order_id, product_id",
            ),
        ];
        for ((from, to), expected) in cases {
            let error = read(PRODUCT_ROWS, ORDER_ROWS, &LINE_ROWS.replace(from, to)).unwrap_err();
            let expected = format!("data/order_lines.csv, {expected}");
            assert!(error.starts_with(&expected), "{error:?} does not start with {expected:?}");
        }
    }

    #[test]
    fn line_numbers_hold_with_other_line_ends_and_empty_lines() {
        let broken = LINE_ROWS.replace("8,2,19.50,1,0.0", "8,2,19.50,one,0.0");
        for (text, line) in [
            (broken.replace('\n', "\r\n"), 4),
            (broken.replace('\n', "\n\n"), 7),
            (broken.replace('\n', "\r\n\r\n"), 7),
            (format!("\u{feff}{broken}"), 4),
        ] {
            let error = read(PRODUCT_ROWS, ORDER_ROWS, &text).unwrap_err();
            assert!(error.contains(&format!("line {line}, column 4 (quantity)")), "{error}");
        }
    }

    #[test]
    fn what_is_there_twice_is_refused() {
        let error = read(&PRODUCT_ROWS.replace("2,\"", "1,\""), ORDER_ROWS, LINE_ROWS).unwrap_err();
        assert_eq!(error, "data/products.csv, line 3, column 1 (product_id): product 1 is there twice");
        let error = read(PRODUCT_ROWS, &ORDER_ROWS.replace("8,B", "7,B"), LINE_ROWS).unwrap_err();
        assert_eq!(error, "data/orders.csv, line 3, column 1 (order_id): order 7 is there twice");
    }

    #[test]
    fn amounts_too_large_to_be_exact_are_refused() {
        let huge = LINE_ROWS.replace("7,2,19.50", &format!("7,2,{}", "9".repeat(30)));
        let error = read(PRODUCT_ROWS, ORDER_ROWS, &huge).unwrap_err();
        assert!(error.contains("order_lines.csv, line 2, column 3 (unit_price): the amount"), "{error}");
    }

    #[test]
    fn other_data_has_another_fingerprint() {
        let data = read(PRODUCT_ROWS, ORDER_ROWS, LINE_ROWS).unwrap();
        let other = read(PRODUCT_ROWS, ORDER_ROWS, &LINE_ROWS.replace("0.1", "0.2")).unwrap();
        assert_ne!(data.fingerprint, other.fingerprint);
        assert_eq!(data.fingerprint, read(PRODUCT_ROWS, ORDER_ROWS, LINE_ROWS).unwrap().fingerprint);
    }
}
