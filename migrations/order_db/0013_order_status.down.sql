DROP TRIGGER orders_status_path ON orders;
DROP FUNCTION refuse_order_status();
DROP FUNCTION order_steps();
