SELECT
    'order ' || order_id || ' is completed, and it is '
        || CASE
            WHEN NOT placed THEN 'not placed'
            WHEN NOT held THEN 'not reserved'
            WHEN NOT shipped THEN 'not shipped'
            ELSE printf('paid with %d.%02d, its total is %d.%02d',
                paid / 100, paid % 100, total_cents / 100, total_cents % 100)
        END
FROM standing
WHERE ending = 'completed' AND NOT (placed AND held AND shipped AND paid = total_cents);
