SELECT 'product ' || product_id || ' is not in the catalogue, or there with other values'
FROM (
    SELECT product_id, name, unit_price, discontinued FROM expected_products
    EXCEPT
    SELECT product_id, name, unit_price, discontinued FROM orders.products
)
UNION ALL
SELECT 'the catalogue has a product ' || product_id || ' that is not in the data'
FROM orders.products
WHERE product_id NOT IN (SELECT product_id FROM expected_products)
UNION ALL
SELECT 'product ' || product_id || ' is not in the inventory, or began with another stock'
FROM (
    SELECT product_id, units_in_stock FROM expected_products
    EXCEPT
    SELECT product_id, units_at_start FROM inventory.stock
)
UNION ALL
SELECT 'the inventory has a product ' || product_id || ' that is not in the data'
FROM inventory.stock
WHERE product_id NOT IN (SELECT product_id FROM expected_products);
