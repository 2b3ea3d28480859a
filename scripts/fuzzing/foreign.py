"""Sets as other programs write them, as seeds: csv, JSON, safetensors, HDF5, PostgreSQL's text, FAISS."""

from __future__ import annotations

import importlib.util
import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np

#: Readers by their seeds' folders; HDF5 where its extra is.
FOREIGN = ("csv", "json", "tensors", "postgres", "faiss", *(["hdf5"] if importlib.util.find_spec("h5py") else []))
IDS = [f"p{i // 2:02d}/{i % 2}.jpg" for i in range(24)]


def foreign_sets(place: Callable[[str, str], Path]) -> None:
    """Write them."""
    from safetensors.numpy import save_file

    x = np.random.default_rng(2).normal(size=(24, 6)).astype(np.float32).round(4)
    texts = [str(row) for row in x.tolist()]

    def write(reader: str, variant: str, name: str, text: str | bytes) -> None:
        (place(reader, variant) / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    wide = ["id,subject,quality,e0,e1,e2,e3,e4,e5"]
    wide += [",".join([i, i[:3], "0.5", *map(str, row)]) for i, row in zip(IDS, x.tolist(), strict=True)]
    write("csv", "wide", "set.csv", "\n".join(wide) + "\n")
    write("csv", "european", "set.csv", "\n".join(line.replace(",", ";").replace(".", ",") for line in wide))
    quoted = [f'{i}\t"{text}"' for i, text in zip(IDS, texts, strict=True)]
    write("csv", "lists", "set.tsv", "\n".join(["image\tembedding", *quoted]))
    records = [{"id": i, "vector": row, "subject": i[:3]} for i, row in zip(IDS, x.tolist(), strict=True)]
    write("json", "lines", "set.jsonl", "\n".join(map(json.dumps, records)) + "\n")
    write("json", "records", "set.json", json.dumps(records))
    write("json", "indented", "set.json", json.dumps(dict(zip(IDS, x.tolist(), strict=True)), indent=1))
    faces = {i: [{"embedding": row, "face_confidence": 0.9}] for i, row in zip(IDS, x.tolist(), strict=True)}
    write("people", "named", "people.csv", "\n".join(["image,person", *(f"{i},{i[:3]}" for i in IDS)]))
    write("json", "deepface", "set.json", json.dumps(faces))
    write("json", "columns", "set.json", json.dumps({"ids": IDS, "embeddings": x.tolist()}))
    for variant, arrays, header in (
        ("list", {"vectors": x}, {"ids": json.dumps(IDS), "model": "anna"}),
        ("dict", dict(zip(IDS, x, strict=True)), None),
        ("half", {"embeddings": x.astype(np.float16)}, {"id": json.dumps(IDS)}),
    ):
        save_file(arrays, place("tensors", variant) / "set.safetensors", header)
    rows = [f"{n}\t{i[:3]}\t{text.replace(' ', '')}" for n, (i, text) in enumerate(zip(IDS, texts, strict=True))]
    copy = "\n".join(["COPY public.faces (id, subject, vector) FROM stdin;", *rows, "\\.", "", "SELECT 1;", ""])
    write("postgres", "dump", "set.sql", "--\n-- PostgreSQL database dump\n--\n\n" + copy)
    head = struct.pack("<iqqq?i", 6, 24, 1 << 20, 1 << 20, True, 1)
    flat = b"IxF2" + head + struct.pack("<Q", x.size) + x.tobytes()
    write("faiss", "mapped", "set.faiss", b"IxMp" + head + flat + struct.pack("<Q", 24) + np.arange(24).tobytes())
    write("faiss", "flat", "set.index", flat)
    write("faiss", "flat", "set.ids.txt", "\n".join(IDS))
    if "hdf5" in FOREIGN:
        import h5py

        for variant, options in (("plain", {}), ("packed", {"compression": "gzip", "fletcher32": True})):
            with h5py.File(place("hdf5", variant) / "set.h5", "w") as file:
                file.create_dataset("vectors", data=x, **options)
                file["ids"] = IDS
        with h5py.File(place("hdf5", "dict") / "set.hdf5", "w") as file:
            for name, row in zip(IDS, x, strict=True):
                file[name.replace("/", "_")] = row
