"""The account: stacks, and what is kept in it beside them."""
