"""The database: tables, migrations, and one module of statements for each subject."""
