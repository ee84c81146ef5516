SELECT
    'order ' || order_id || ' is compensated, and still '
        || CASE
            WHEN placed THEN 'placed'
            WHEN held THEN 'reserved'
            WHEN shipped THEN 'shipped'
            ELSE printf('paid with %d.%02d', paid / 100, paid % 100)
        END
FROM standing
WHERE ending = 'compensated' AND (placed OR held OR shipped OR paid <> 0);
