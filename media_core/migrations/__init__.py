"""Every change of a tenant's tables. Whoever adds a migration decides the lines below; `manage.py check` reminds you.

While a release is rolled out, old code meets new tables, and new code old ones. A tenant whose tables the code cannot
serve gets a plain 503 until both fit. docs/howto/deploy.md says how a change is spread over releases so that none does.
"""

# The migration for which the two lines below were thought through: the newest.
DECIDED_FOR = "0001_initial"
# This code serves a tenant whose tables are at this migration or later. Django's models name every column they have,
# so a new column or table usually moves it to the newest migration: tenants are migrated before the code is reloaded.
OLDEST_SCHEMA = "0001_initial"
# The tables are served by code that knows this migration or a later one. What only adds (a table, a column that may
# be null or has db_default) leaves it where it is; what removes, renames or forbids moves it to the newest code that
# did without.
OLDEST_CODE = "0001_initial"
