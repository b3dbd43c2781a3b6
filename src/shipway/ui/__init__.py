"""The pages that `shipway ui` serves to one person on this machine, and who may ask for them."""
