DROP TABLE stock_movements;
DROP FUNCTION make_stock_movement_partitions(integer);
DROP FUNCTION make_stock_movement_partition(date);
