"""Any receipt at all: what a record may hold, whoever wrote it."""

from __future__ import annotations

from hypothesis import strategies as st

from shipway.reports.rollout_samples import ChartSample, ReleaseTraffic

from .any_finding import ANY_TEXT

ODD = st.none() | st.booleans() | st.floats() | ANY_TEXT | st.just(10**400) | st.lists(st.none())
TIMES = st.floats(0, 500) | st.floats(1.79e9, 1.79e9 + 500) | ODD
NUMBERS = st.floats(0, 1e6) | ODD
GOT = st.dictionaries(st.sampled_from(["requests", "failed", "p50", "p95", "p99"]), NUMBERS)
NAMES = st.sampled_from(["1.3.9", "1.4.0"]) | ANY_TEXT
RELEASES = st.dictionaries(NAMES, GOT | ODD, max_size=3) | ODD
SAMPLES = st.fixed_dictionaries({}, optional={"at": TIMES, "weight": NUMBERS, "releases": RELEASES})
MOMENTS = st.fixed_dictionaries({}, optional={"at": TIMES, "stage": ODD, "text": ODD})
SAID = st.fixed_dictionaries({}, optional={"at": TIMES, "decision": ODD, "sentence": ODD})


def lists(of: st.SearchStrategy[dict[str, object]]) -> st.SearchStrategy[object]:
    return st.lists(of | ODD, max_size=6) | ODD


RECEIPTS = st.fixed_dictionaries(
    {},
    optional={
        "release": NAMES,
        "before": NAMES,
        "verdict": ODD,
        "started": TIMES,
        "seconds": NUMBERS,
        "releases": RELEASES,
        "samples": lists(SAMPLES),
        "timeline": lists(MOMENTS),
        "evidence": lists(SAID),
        "cause": ODD,
        "remedy": ODD,
        "log": ODD,
        "by": ODD,
        "strategy": ODD,
    },
)

_GOTS = st.builds(
    ReleaseTraffic, st.integers(0, 1000), st.integers(0, 10), st.none() | st.floats(0, 1e4)
)
READ = st.lists(
    st.builds(
        ChartSample,
        st.floats(0, 1000),
        st.none() | st.floats(0, 100),
        st.dictionaries(st.sampled_from(["a", "b"]), _GOTS),
    ),
    max_size=60,
).map(lambda found: sorted(found, key=lambda one: one.at))
