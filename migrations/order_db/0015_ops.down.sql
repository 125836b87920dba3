DROP VIEW ops.stuck_orders;
