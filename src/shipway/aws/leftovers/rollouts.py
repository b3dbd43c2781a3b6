"""Which environments have rollouts in the bucket, also those that shipway.toml does not name."""

from __future__ import annotations

from shipway.core.ports import Clients


def environments(clients: Clients, bucket: str, application: str) -> list[str]:
    """Their names, from the keys `APPLICATION/ENVIRONMENT/rollouts/…`. Raises botocore's errors."""
    pages = clients.client("s3").get_paginator("list_objects_v2")
    start = f"{application}/"
    return sorted(
        str(one["Prefix"]).removeprefix(start).rstrip("/")
        for page in pages.paginate(Bucket=bucket, Prefix=start, Delimiter="/")
        for one in page.get("CommonPrefixes", ())
    )
