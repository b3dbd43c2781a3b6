"""Strips debug information and symbol tables from the compiled modules below a folder.

    python strip_symbols.py FOLDER

Wheels from PyPI come with them: 13 MB of SQLAlchemy, Brotli and wrapt, which nothing reads when the
application runs. The system's loader reads what the program headers name; what lies behind the last
of it is cut off, with the section headers that would point there. binutils' strip does the same by
other means; it is not in the image's base, and getting it would need a package archive.

Only 64-bit little-endian ELF files are touched (Linux on x86-64 and ARM).
"""

import struct
import sys
from pathlib import Path

# Offsets in the header of an ELF64 file, and in an entry of its program headers: elf(5).
_IDENTITY = b"\x7fELF\x02\x01"
_E_PHOFF, _E_SHOFF, _E_PHENTSIZE, _E_SHNUM = 0x20, 0x28, 0x36, 0x3C
_P_OFFSET, _P_FILESZ = 0x08, 0x20


def strip(content: bytes) -> bytes:
    """The file without what no program header names; any other file as it is."""
    if not content.startswith(_IDENTITY):
        return content
    (table,) = struct.unpack_from("<Q", content, _E_PHOFF)
    size, count = struct.unpack_from("<HH", content, _E_PHENTSIZE)
    ends = [table + size * count]
    for entry in range(table, table + size * count, size):
        (offset,) = struct.unpack_from("<Q", content, entry + _P_OFFSET)
        (length,) = struct.unpack_from("<Q", content, entry + _P_FILESZ)
        ends.append(offset + length)
    kept = bytearray(content[: max(ends)])
    struct.pack_into("<Q", kept, _E_SHOFF, 0)
    struct.pack_into("<HH", kept, _E_SHNUM, 0, 0)  # and the index of the names' section
    return bytes(kept)


def main(folder: Path) -> None:
    """Strip every shared library below the folder."""
    for path in folder.rglob("*.so*"):
        content = path.read_bytes()
        stripped = strip(content)
        if stripped != content:
            path.write_bytes(stripped)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
