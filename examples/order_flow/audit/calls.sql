SELECT service || ': order ' || order_id || ' stands under the key ' || key
FROM keys_in_force
WHERE key <> 'order-flow/order-' || order_id || '/' || step
UNION ALL
SELECT service || ': ' || key || ' is in force and not remembered as done'
FROM (SELECT service, key FROM keys_in_force EXCEPT SELECT service, key FROM calls_done)
UNION ALL
SELECT service || ': ' || key || ' is remembered as done and not in force'
FROM (SELECT service, key FROM calls_done EXCEPT SELECT service, key FROM keys_in_force);
