"""All SQL: tables, migrations, and the unit of work that commits state and audit events together."""
