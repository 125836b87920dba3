-- Lets the session make the plans of its prepared statements again, at their next use.
DISCARD PLANS
