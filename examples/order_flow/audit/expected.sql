-- What the books are compared with: the data, and how each order ended.
CREATE TABLE expected_products (
    product_id INTEGER PRIMARY KEY,
    name TEXT,
    unit_price TEXT,
    units_in_stock INTEGER,
    discontinued INTEGER
);
CREATE TABLE expected_orders (
    order_id INTEGER PRIMARY KEY,
    ending TEXT CHECK (ending IN ('completed', 'compensated', 'parked')),
    customer_id TEXT,
    order_date TEXT,
    ship_country TEXT,
    freight TEXT,
    total_cents INTEGER
);
CREATE TABLE expected_lines (
    order_id INTEGER,
    line INTEGER,
    product_id INTEGER,
    unit_price TEXT,
    quantity INTEGER,
    discount TEXT,
    PRIMARY KEY (order_id, line)
);
CREATE TEMP VIEW expected_units AS
    SELECT order_id, product_id, sum(quantity) AS units FROM expected_lines GROUP BY order_id, product_id;

-- Where each order stands in the books of the four services.
CREATE TEMP VIEW standing AS
    SELECT
        order_id,
        ending,
        total_cents,
        EXISTS (SELECT 1 FROM orders.orders AS o WHERE o.order_id = e.order_id AND o.state = 'placed') AS placed,
        EXISTS (SELECT 1 FROM inventory.reservations AS r WHERE r.order_id = e.order_id AND r.state = 'held')
            AS held,
        coalesce((SELECT amount_cents FROM payments.charges AS c WHERE c.order_id = e.order_id), 0)
            - coalesce((SELECT amount_cents FROM payments.refunds AS r WHERE r.order_id = e.order_id), 0) AS paid,
        EXISTS (SELECT 1 FROM shipments.shipments AS s WHERE s.order_id = e.order_id) AS shipped
    FROM expected_orders AS e;

-- What should be remembered of the calls that are in force, in each service.
CREATE TEMP VIEW keys_in_force AS
    SELECT 'orders' AS service, order_id, key, 'create_order' AS step FROM orders.orders WHERE state = 'placed'
    UNION ALL
    SELECT 'inventory', order_id, key, 'reserve_inventory' FROM inventory.reservations WHERE state = 'held'
    UNION ALL
    SELECT 'payments', order_id, key, 'process_payment' FROM payments.charges
    WHERE order_id NOT IN (SELECT order_id FROM payments.refunds)
    UNION ALL
    SELECT 'shipments', order_id, key, 'prepare_shipment' FROM shipments.shipments;
CREATE TEMP VIEW calls_done AS
    SELECT 'orders' AS service, key FROM orders.calls WHERE state = 'done'
    UNION ALL
    SELECT 'inventory', key FROM inventory.calls WHERE state = 'done'
    UNION ALL
    SELECT 'payments', key FROM payments.calls WHERE state = 'done'
    UNION ALL
    SELECT 'shipments', key FROM shipments.calls WHERE state = 'done';
