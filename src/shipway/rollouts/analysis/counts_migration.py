"""What was counted and judged, of documents in which figures were rows and edges texts. Pure."""

from __future__ import annotations

from shipway.codec import JsonObject, JsonValue, Mismatch, member


def counts_from_rows(rows: JsonObject | None) -> JsonObject:
    """RequestCounts by name, of what was [requests, errors, [[edge, count], …]]."""
    return {name: _counts(name, row) for name, row in (rows or {}).items()}


def _counts(name: str, row: JsonValue) -> JsonObject:
    if not isinstance(row, list) or len(row) != 3:
        raise Mismatch("expected [requests, errors, edges]", name)
    buckets: JsonObject = {str(edge): count for edge, count in _pairs(row[2], name)}
    return {"requests": row[0], "errors": row[1], "buckets": buckets}


def analysis_from_texts(analysis: JsonObject | None) -> JsonObject:
    """AnalysisState of one whose histogram had its edges as texts."""
    known = analysis or {}
    judge = member(known, "state") or {}
    edges: list[JsonValue] = [
        [float(str(edge)), count] for edge, count in _pairs(judge.get("histogram", []), "histogram")
    ]
    return {**known, "state": {**judge, "histogram": edges}}


def _pairs(rows: JsonValue, name: str) -> list[tuple[JsonValue, JsonValue]]:
    pairs = []
    for row in rows if isinstance(rows, list) else [None]:
        if not isinstance(row, list) or len(row) != 2:
            raise Mismatch("expected a list of [edge, count]", name)
        pairs.append((row[0], row[1]))
    return pairs
