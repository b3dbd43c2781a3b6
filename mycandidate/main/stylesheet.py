"""The stylesheet, and the digest that its URL contains."""

from hashlib import sha256
from pathlib import Path

CONTENT = (Path(__file__).parent / "static" / "style.css").read_bytes()
DIGEST = sha256(CONTENT).hexdigest()[:16]
