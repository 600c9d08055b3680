#!/usr/bin/env python3
"""embed.py DIST OUT.cpp: writes C++ that embeds every file of DIST, the page's build, with its
compressed forms: FILE.br and FILE.gz beside it when the build made them, gzip made here otherwise.
Without DIST the list is empty and the program says how to build the page."""
import gzip
import hashlib
import pathlib
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".map": "application/json",
}
# Compressing again what is compressed already only costs bytes.
DENSE = {".png", ".woff2", ".ico"}


def literal(data: bytes) -> str:
    """A C++ string literal in pieces; octal escapes, because hexadecimal ones have no end."""
    if not data:
        return "{}"
    lines = []
    for start in range(0, len(data), 4096):
        piece = data[start : start + 4096]
        text = "".join(
            chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in piece
        )
        lines.append(f'"{text}"')
    return "std::string_view{\n" + "\n".join(lines) + f",\n{len(data)}}}"


def smaller(data: bytes, than: bytes) -> bytes:
    return data if len(data) < len(than) else b""


def entry(dist: pathlib.Path, path: pathlib.Path) -> str:
    plain = path.read_bytes()
    name = "/" + path.relative_to(dist).as_posix()
    packed = {}
    for suffix in (".gz", ".br"):
        beside = path.with_name(path.name + suffix)
        packed[suffix] = beside.read_bytes() if beside.exists() else b""
    if not packed[".gz"] and path.suffix not in DENSE:
        packed[".gz"] = gzip.compress(plain, 9, mtime=0)
    parts = [
        f'"{name}"',
        f'"{TYPES.get(path.suffix, "application/octet-stream")}"',
        f'"{hashlib.sha256(plain).hexdigest()[:16]}"',
        literal(plain),
        literal(smaller(packed[".gz"], plain)),
        literal(smaller(packed[".br"], plain)),
        "true" if name.startswith("/assets/") else "false",
    ]
    return "    {" + ", ".join(parts) + "},\n"


def main() -> None:
    dist, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    files = sorted(p for p in dist.rglob("*") if p.is_file() and p.suffix not in (".gz", ".br"))
    entries = "".join(entry(dist, p) for p in files)
    size = len(files)
    body = f"constexpr Asset kAssets[] = {{\n{entries}}};\n" if size else ""
    answer = "kAssets" if size else "{}"
    out.write_text(
        "// Printed by embed.py from the page's build; not kept.\n"
        '#include "server/api/assets.h"\n\nnamespace idast::api {\nnamespace {\n'
        f"{body}}}  // namespace\n\nstd::span<const Asset> assets() {{ return {answer}; }}\n\n"
        "}  // namespace idast::api\n"
    )


if __name__ == "__main__":
    main()
