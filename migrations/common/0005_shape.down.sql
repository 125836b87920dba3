DROP VIEW ev.shape;
