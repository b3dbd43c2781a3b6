"""The metrics by release that an application may send itself: the names they have to have.

An application sends them as it likes (MyCandidate: CloudWatch's embedded metric format in its
log), in one namespace an environment, each with the dimension RELEASE alone, and perhaps with
more dimensions besides.
"""

from __future__ import annotations

REQUESTS = "Requests"  # count
ERRORS = "Errors"  # count of answers with a status of 500 and more
LATENCY = "Latency"  # milliseconds
RELEASE = "Release"  # the dimension: what the application knows as RELEASE
ROUTE = "Route"  # the dimension: a route's name, never a path
