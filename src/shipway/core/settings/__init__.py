"""What `shipway.toml` may say, a file a table. core/config.py puts them together."""
