"""The metrics by release that an application may send itself: the names they have to have.

They are those of AWS's load balancers, with the same units, so that whoever reads metrics by
release (dashboard, judge) need not know where they come from. An application sends them as it
likes (MyCandidate: CloudWatch's embedded metric format in its log), in one namespace an
environment, with the dimension RELEASE alone, and perhaps with more dimensions besides.
"""

from __future__ import annotations

REQUESTS = "RequestCount"
ERRORS = "HTTPCode_Target_5XX_Count"
LATENCY = "TargetResponseTime"  # seconds
RELEASE = "Release"  # the dimension: what the application knows as RELEASE
ROUTE = "Route"  # the dimension: a route's name, never a path
