DROP TABLE party_projection, order_returns, order_extras, order_items, orders, product_extras, products;
