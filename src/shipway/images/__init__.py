"""Images: built by the builder that is here, made reproducible, and brought to a registry."""
