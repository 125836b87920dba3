-- Forgets the older generation when the current one is a week old.
-- out: is_rotated bool
SELECT ev.rotate_inbox() AS is_rotated
