WITH balance AS (
    SELECT
        product_id,
        units_at_start,
        units AS units_now,
        coalesce((SELECT sum(u.units) FROM shipments.shipped_units AS u WHERE u.product_id = s.product_id), 0)
            AS shipped,
        coalesce((
            SELECT sum(u.units)
            FROM inventory.reserved_units AS u JOIN standing USING (order_id)
            WHERE u.product_id = s.product_id AND ending = 'parked' AND held AND NOT shipped
        ), 0) AS held
    FROM inventory.stock AS s
)
SELECT
    'product ' || product_id || ': ' || units_at_start || ' at the start, ' || units_now || ' now, ' || shipped
        || ' shipped, ' || held || ' held'
FROM balance
WHERE units_at_start <> units_now + shipped + held;
