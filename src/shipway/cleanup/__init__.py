"""What an application left in its account: found by its names and its tags, one file a kind."""
