"""Ways to spoil a file: bytes anywhere, words and lines of text, and what lies behind checksums.

A file with a checksum is refused for nearly every flipped bit, so its reader is hardly reached. `spoil` therefore takes half
of the files that it can apart (the members of a zip, the JSON and arrays of safetensors, chunks of a PNG, what gzip holds),
spoils a part, and puts the whole together again with the right checksums and digests.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from random import Random

from facespace.io import artefact

INTEGERS = (
    0,
    1,
    -1,
    2,
    16,
    127,
    128,
    255,
    256,
    32767,
    32768,
    65535,
    65536,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63 - 1,
    -(2**63),
)
WORDS = [
    *(
        "",
        " ",
        "0",
        "1",
        "-1",
        "2",
        "1.0",
        "1e999",
        "nan",
        "inf",
        "-0",
        "1_0",
        "٣",
        "0x10",
        "2147483648",
        "9223372036854775808",
    ),
    *(
        "9" * 5000,
        "x" * 2000,
        "é",
        "é",
        "﻿",
        "\x00",
        "\x1b[31m",
        "\r",
        "\n",
        "\t",
        '"',
        "'",
        ",",
        ";",
        "=1+1",
        "../x",
        "None",
    ),
    *("true", "False", "yes", "same", "id", "same,same", "{", "[", "]}", "null", "\u202e", "\ufffe", "a/../b", ".jpg", "𝔘"),
]
VALUES = [
    None,
    True,
    False,
    0,
    -1,
    1,
    1.5,
    1e308,
    2**31,
    2**63,
    10**400,
    "",
    "x",
    "é" * 40,
    "\x1b[31m",
    [],
    [0],
    [[1]],
    {},
    {"a": 1},
]
VALUES += [[None] * 3, "9" * 5000, -0.0, "NaN", ["a", "b"], [1, 2, 3], [2**62] * 3, {"0": {}}, float("nan"), float("inf")]


def spoil(data: bytes, other: bytes, random: Random) -> bytes:
    """`data` after one or a few changes; `other` is another file of the kind, to take pieces from."""
    for _ in range(random.choice((1, 1, 1, 1, 2, 2, 3, 6))):
        apart = next((way for sign, way in APART if data.startswith(sign) or sign == data[8:9]), None)
        if apart and random.random() < 0.5:
            try:
                data = apart(data, other, random)
            except Exception:  # it is too spoiled already to be taken apart
                data = _bytes(data, other, random)
        elif _is_text(data) and random.random() < 0.8:
            data = random.choice(TEXT)(data, random)
        else:
            data = _bytes(data, other, random)
    return data


def _is_text(data: bytes) -> bool:
    return b"\0" not in data[:512] and sum(byte >= 0x80 for byte in data[:512]) * 4 <= len(data[:512])


def _bytes(data: bytes, other: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    if random.random() < 0.3:
        at = min(at, random.randrange(256))  # headers are small and matter
    size = min(random.choice((1, 1, 2, 4, 8, 32, 256, 4096)), len(data))
    head, piece, rest = data[:at], data[at : at + size], data[at + size :]
    kind = random.randrange(12)
    if kind <= 1:
        return head + bytes([piece[0] ^ 1 << random.randrange(8)]) + data[at + 1 :] if piece else data
    if kind == 2:
        return head + bytes([random.randrange(256)]) + data[at + 1 :]
    if kind == 3:
        return head
    if kind == 4:
        return head + random.randbytes(size) + data[at:]
    if kind == 5:
        return head + rest
    if kind == 6:
        return head + piece * random.choice((2, 3, 50)) + rest
    if kind == 7:
        start = random.randrange(len(other) + 1)
        return head + other[start:]
    if kind == 8:
        start = random.randrange(len(other) + 1)
        return head + other[start : start + size] + rest
    if kind == 9:
        return head + bytes(len(piece)) + rest
    if kind == 10:
        return head + b"\xff" * len(piece) + rest
    width = random.choice((1, 2, 4, 8))
    number = random.choice(INTEGERS) & (1 << 8 * width) - 1
    return head + number.to_bytes(width, random.choice(("little", "big"))) + data[at + width :]


def _line(data: bytes, random: Random) -> tuple[list[bytes], int]:
    lines = data.split(b"\n")
    return lines, random.randrange(len(lines))


def _swap_word(data: bytes, random: Random) -> bytes:
    lines, at = _line(data, random)
    mark = next((m for m in (b"\t", b",", b";", b" = ", b" ") if m in lines[at]), b" ")
    cells = lines[at].split(mark)
    place, word = random.randrange(len(cells)), random.choice(WORDS).encode("utf-8", "surrogatepass")
    if random.random() < 0.2:
        cells.insert(place, word)
    elif random.random() < 0.2:
        cells.pop(place)
    else:
        cells[place] = word if random.random() < 0.7 else cells[place] + word
    lines[at] = mark.join(cells)
    return b"\n".join(lines)


def _move_line(data: bytes, random: Random) -> bytes:
    lines, at = _line(data, random)
    kind = random.randrange(4)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines.insert(at, lines[random.randrange(len(lines))])
    elif kind == 2:
        random.shuffle(lines)
    else:
        lines[at] = random.choice((b"", b" ", b"#", b"\t\t", b"," * 20, b'"'))
    return b"\n".join(lines)


def _other_text(data: bytes, random: Random) -> bytes:
    text = data.decode("utf-8", "replace")
    kind = random.randrange(6)
    if kind == 0:
        return text.encode(random.choice(("utf-16", "utf-8-sig", "utf-16-le", "utf-32")))
    if kind == 1:
        return text.encode("cp1252", "replace") + "é".encode("cp1252")
    if kind == 2:
        return data.replace(b"\n", random.choice((b"\r\n", b"\r", b"\n\n", b"")))
    if kind == 3:
        marks = (b",", b"\t", b";", b" ")
        return data.replace(random.choice(marks), random.choice(marks))
    if kind == 4:
        return data.strip() if random.random() < 0.5 else data + b"\n\n \n"
    return random.choice((str.upper, str.lower, str.title))(text).encode()


TEXT: tuple[Callable[[bytes, Random], bytes], ...] = (_swap_word, _swap_word, _swap_word, _move_line, _other_text)


def spoil_json(value: object, random: Random, depth: int = 0) -> object:
    """A JSON value with one of its nodes changed, left out or doubled."""
    if isinstance(value, dict | list) and value and random.random() < 0.85 and depth < 6:
        key = random.choice(list(value)) if isinstance(value, dict) else random.randrange(len(value))
        if random.random() < 0.12:
            return (
                {k: v for k, v in value.items() if k != key} if isinstance(value, dict) else value[:key] + value[key + 1 :]
            )
        changed = spoil_json(value[key], random, depth + 1)
        return {**value, key: changed} if isinstance(value, dict) else [*value[:key], changed, *value[key + 1 :]]
    if isinstance(value, int | float) and random.random() < 0.4:
        return random.choice((-value, value + 1, value * 1000, float(value), [value], str(value)))
    return random.choice(VALUES)


def _json_text(text: str, random: Random) -> str:
    return json.dumps(spoil_json(json.loads(text), random), ensure_ascii=random.random() < 0.5)


def _zip(data: bytes, other: bytes, random: Random) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = random.choice(list(members))
    head, text = members[name][:128], members[name][128:]
    if b"<U" in head and text[:4] in (b"{\0\0\0", b"[\0\0\0") and random.random() < 0.8:
        changed = _json_text(text.decode("utf-32-le"), random)
        members[name] = head.split(b"<U")[0] + f"<U{len(changed)}', 'fortran_order': False, 'shape': (), }}".encode()
        members[name] = members[name].ljust(127)[:127] + b"\n" + changed.encode("utf-32-le", "surrogatepass")
    elif random.random() < 0.4:
        members[name] = _npy_header(members[name], random)
    elif random.random() < 0.1:
        del members[name]
    else:
        members[name] = _bytes(members[name], other, random)
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return whole.getvalue()


def _npy_header(data: bytes, random: Random) -> bytes:
    start = 10
    size = int.from_bytes(data[8:10], "little")
    text = data[start : start + size].decode("latin-1").rstrip()
    kinds = (
        "<f8",
        "<f4",
        "<f2",
        "<i8",
        "<i4",
        "<u1",
        "|b1",
        "<U4",
        "<U1024",
        "|S4",
        "<c8",
        "|O",
        ">f4",
        "|V8",
        "<M8[s]",
        "<i2",
    )
    shapes = (
        "()",
        "(0,)",
        "(1,)",
        "(-1,)",
        "(2, 3)",
        "(1, 1, 1)",
        "(4294967296,)",
        "(99999999999999999999,)",
        "(3,)",
        "(0, 5)",
    )
    if random.random() < 0.5:
        before, _, rest = text.partition("'descr': '")
        text = f"{before}'descr': '{random.choice(kinds)}'{rest.partition(chr(39))[2]}"
    else:
        text = f"{text.partition(chr(40))[0]}{random.choice(shapes)}{text.rpartition(')')[2]}"
    header = (text.encode() + b" " * 200)[: max(size - 1, len(text))] + b"\n"
    return data[:8] + len(header).to_bytes(2, "little") + header + data[start + size :]


def _safetensors(data: bytes, other: bytes, random: Random) -> bytes:
    size = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    about = header.get("__metadata__", {})
    kind, names = random.randrange(5), [name for name in header if name != "__metadata__"]
    if kind <= 1 and "facts" in about:
        about["facts"] = _json_text(about["facts"], random)
    elif kind == 2:
        key = random.choice(list(about))
        about[key] = random.choice(
            ("", "x", "0", "-1", "99", "map", "hub", "statistics", "two-sided-map", "[" * 3000, "9" * 5000)
        )
    elif kind == 3:
        one = header[random.choice(names)]
        if random.random() < 0.3:
            one["dtype"] = random.choice(("F16", "I32", "U32", "BOOL", "F64", "F32", "I64", "U64", "F8_E4M3", "BF16", "U8"))
        else:
            one["shape"] = random.choice(([], one["shape"][::-1], [1, *one["shape"]], [0, 2**40], [-1]))
    else:
        one, two = random.choice(names), random.choice(names)
        header[one], header[two] = header[two], header[one]
    if random.random() < 0.3:
        at = 4 * random.randrange(len(body) // 4 or 1)
        number = random.choice((float("nan"), float("inf"), -1.0, 0.0, 3e38, 1e-40))
        body = body[:at] + struct.pack("<f", number) + body[at + 4 :]
    if "digest" in about:
        about["digest"] = _right_digest({**about}, header, body)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def _right_digest(about: dict[str, str], header: dict[str, dict[str, object]], body: bytes) -> str:
    import safetensors.numpy

    plain = json.dumps({name: one for name, one in header.items() if name != "__metadata__"}).encode()
    try:
        arrays = safetensors.numpy.load(len(plain).to_bytes(8, "little") + plain + body)
    except Exception:  # it can't be read anyway
        return ""
    about.pop("digest", None)
    return artefact._digest(about, arrays)


def _png(data: bytes, other: bytes, random: Random) -> bytes:
    chunks, at = [], 8
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    place = random.randrange(len(chunks))
    name, inside = chunks[place]
    kind = random.randrange(4)
    if kind == 0:
        chunks.insert(place, random.choice(chunks))
    elif kind == 1:
        del chunks[place]
    elif name == b"IDAT" and kind == 2:
        chunks[place] = name, zlib.compress(_bytes(zlib.decompress(inside), other, random))
    else:
        chunks[place] = name, _bytes(inside, other, random)
    parts = [len(c).to_bytes(4, "big") + n + c + zlib.crc32(n + c).to_bytes(4, "big") for n, c in chunks]
    return data[:8] + b"".join(parts)


def _gzip(data: bytes, other: bytes, random: Random) -> bytes:
    return gzip.compress(spoil(gzip.decompress(data), other, random), 1, mtime=0)


def _json(data: bytes, other: bytes, random: Random) -> bytes:
    return _json_text(data.decode(), random).encode("utf-8", "surrogatepass")


#: By how a file begins (of safetensors: the ninth byte).
APART = ((b"PK\3\4", _zip), (b"\x89PNG", _png), (b"\x1f\x8b", _gzip), (b"\x93NUMPY", lambda d, o, r: _npy_header(d, r)))
APART = (*APART, (b"{\n", _json), (b"{", _safetensors))
