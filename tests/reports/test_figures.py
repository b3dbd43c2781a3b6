from __future__ import annotations

from shipway.reports.figures import format_duration, format_figure


def test_figures_and_durations_read_well() -> None:
    assert [format_figure(x) for x in (1840, 10**400, 11.20, 0.0, None, True, "x")] == [
        "1,840",
        f"{10**400:,}",
        "11.2",
        "0",
        "",
        "True",
        "x",
    ]
    assert [format_duration(x) for x in (0.123, 4.25, 65.0)] == ["0.12 s", "4.2 s", "1 min 05 s"]
