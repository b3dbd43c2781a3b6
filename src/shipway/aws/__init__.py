"""The AWS account: names of resources, clients, errors, retries and secrets."""
