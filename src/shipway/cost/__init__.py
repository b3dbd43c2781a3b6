"""What a month costs: prices with date and source, quantities from the levers. Pure."""
