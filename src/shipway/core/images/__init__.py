"""Images as data: references, OCI's formats, tags, weights, and statements about them."""
