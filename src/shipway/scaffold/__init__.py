"""What an application is and needs, worked out from its files: all that `shipway init` knows."""
