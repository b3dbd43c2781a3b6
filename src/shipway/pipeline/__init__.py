"""The verbs: each decides an order and knows no tool, no cloud."""
