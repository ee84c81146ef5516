SELECT 'orders: order ' || order_id || ' is not the one of the data'
FROM (
    SELECT order_id, customer_id, order_date, ship_country, freight FROM orders.orders
    EXCEPT
    SELECT order_id, customer_id, order_date, ship_country, freight FROM expected_orders
)
UNION ALL
SELECT 'orders: line ' || line || ' of order ' || order_id || ' is not the one of the data'
FROM (SELECT * FROM orders.order_lines EXCEPT SELECT * FROM expected_lines)
UNION ALL
SELECT 'orders: line ' || line || ' of order ' || order_id || ' is missing'
FROM (
    SELECT order_id, line FROM expected_lines WHERE order_id IN (SELECT order_id FROM orders.orders)
    EXCEPT
    SELECT order_id, line FROM orders.order_lines
)
UNION ALL
SELECT 'inventory: order ' || order_id || ' does not exist'
FROM inventory.reservations
WHERE order_id NOT IN (SELECT order_id FROM expected_orders)
UNION ALL
SELECT 'inventory: order ' || order_id || ' has units of product ' || product_id || ' that it did not order'
FROM (SELECT * FROM inventory.reserved_units EXCEPT SELECT * FROM expected_units)
UNION ALL
SELECT 'inventory: order ' || order_id || ' misses units of product ' || product_id
FROM (
    SELECT order_id, product_id FROM expected_units
    WHERE order_id IN (SELECT order_id FROM inventory.reservations)
    EXCEPT
    SELECT order_id, product_id FROM inventory.reserved_units
)
UNION ALL
SELECT 'payments: order ' || order_id || ' is charged with another amount, or another customer is'
FROM (
    SELECT order_id, customer_id, amount_cents FROM payments.charges
    EXCEPT
    SELECT order_id, customer_id, total_cents FROM expected_orders
)
UNION ALL
SELECT 'payments: order ' || order_id || ' is refunded with another amount than it was charged with'
FROM (
    SELECT order_id, amount_cents FROM payments.refunds
    EXCEPT
    SELECT order_id, amount_cents FROM payments.charges
)
UNION ALL
SELECT 'shipments: order ' || order_id || ' is shipped to another country'
FROM (
    SELECT order_id, country FROM shipments.shipments
    EXCEPT
    SELECT order_id, ship_country FROM expected_orders
)
UNION ALL
SELECT 'shipments: order ' || order_id || ' has units of product ' || product_id || ' that it did not order'
FROM (SELECT * FROM shipments.shipped_units EXCEPT SELECT * FROM expected_units)
UNION ALL
SELECT 'shipments: order ' || order_id || ' misses units of product ' || product_id
FROM (
    SELECT order_id, product_id FROM expected_units
    WHERE order_id IN (SELECT order_id FROM shipments.shipments)
    EXCEPT
    SELECT order_id, product_id FROM shipments.shipped_units
);
