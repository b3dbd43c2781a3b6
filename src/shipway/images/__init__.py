"""Container images: built reproducibly, described by OCI formats, and pushed to a registry."""
