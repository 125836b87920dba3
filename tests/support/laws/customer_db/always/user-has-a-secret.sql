-- Every user of the live database has a password's hash; `!` is what a rebuild puts there.
SELECT unique_id FROM users WHERE password_hash IN ('', '!')
