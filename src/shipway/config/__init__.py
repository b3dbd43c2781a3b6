"""What `shipway.toml` may say, a file a table. config/schema.py puts them together."""
