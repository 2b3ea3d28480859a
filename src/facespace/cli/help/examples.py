"""A line for every command that one can copy; a group shows that of its first command. A new command gets its line here."""

from __future__ import annotations

#: By the command's words: what follows them.
EXAMPLES = {
    "demo": "-o report",
    "models list": "--json",
    "models show": "openvino-0095",
    "models new": "my-network.onnx",
    "models add": "my-network.toml",
    "models check": "openvino-0095 --pairs pairs.txt --images lfw",
    "detect": "photos -o landmarks.parquet",
    "embed": "photos --model mobileface-v2 -o photos.parquet",
    "info": "photos.parquet",
    "map fit": "old.parquet new.parquet -o map.safetensors",
    "map apply": "map.safetensors old.parquet -o mapped.parquet",
    "map refine": "map.safetensors old.parquet new.parquet -o sharper.safetensors",
    "map threshold": "map.safetensors old.parquet new.parquet --far 1e-3",
    "map get": "mobileface-v2 openvino-0095 -o map.safetensors",
    "map export": "map.safetensors -o map.onnx",
    "map check": "map.safetensors old.parquet",
    "canonical fit": "a.parquet b.parquet c.parquet -o hub.safetensors",
    "canonical join": "hub.safetensors new.parquet a.parquet -o larger-hub.safetensors",
    "canonical apply": "hub.safetensors a.parquet -o in-hub.parquet",
    "canonical fuse": "hub.safetensors a.parquet b.parquet -o fused.parquet",
    "canonical report": "hub.safetensors a.parquet b.parquet --pairs pairs.txt -o report",
    "verify": "old.parquet new.parquet --map map.safetensors --pairs pairs.txt -o report",
    "identify": "gallery.parquet probes.parquet --fpir 1e-2 -o report",
    "gallery info": "gallery.parquet",
    "gallery copy": "gallery.parquet sqlite:gallery.db",
    "migrate plan": "gallery.parquet --map map.safetensors --check old.parquet new.parquet -o plan.json",
    "migrate order": "plan.json --check old.parquet new.parquet -o order.csv",
    "migrate run": "plan.json",
    "migrate verify": "plan.json",
    "migrate switch": "plan.json",
    "migrate back": "plan.json",
    "migrate finish": "plan.json",
    "migrate enrol": "plan.json new.parquet",
    "migrate status": "plan.json",
    "study cross-model": "a.parquet b.parquet --pairs pairs.txt -o report",
    "study sensitivity": "old.parquet new.parquet --pairs pairs.txt --sizes 100,1000 -o report",
    "study rank": "old.parquet new.parquet --pairs pairs.txt --ranks 16,64 -o report",
    "study pairs-needed": "old.parquet new.parquet --loss 0.01",
    "study templates": "a.parquet b.parquet --far 1e-3 -o report",
    "study agreement": "a.parquet b.parquet -o report",
    "capacity estimate": "photos.parquet --fpir 0.01 -o report",
    "capacity compare": "new.parquet old.parquet -o report",
    "capacity plan": "photos.parquet --cohort others.parquet -o report",
    "capacity student": "--images photos -o student.safetensors --since blocks.12",
    "compare": "ann-1.jpg ann-2.jpg -o same-or-not",
    "find": "ann.jpg photos --set photos.parquet -o found",
    "explain pair": "ann-1.jpg ann-2.jpg --threshold 0.35 -o why.png",
    "explain train": "--images faces --aligned --mode decoder-only -o checkpoint.safetensors",
    "explain evaluate": "--pairs pairs.txt --images lfw --limit 200 -o report",
    "key new": "house.key",
    "key show": "photos.parquet",
    "key rotate": "photos.parquet --key-file house.key --to new.key",
    "key adopt": "renamed.parquet --key-file house.key",
    "audit protections": "old.parquet new.parquet --pairs pairs.txt -o report",
    "audit attributes": "photos.parquet --labels labels.csv -o report",
    "audit mixture": "gallery.parquet --reference clean.parquet",
    "audit labels": "one-network.parquet another.parquet --write exclude.txt -o report",
    "audit report": "old.parquet new.parquet --pairs pairs.txt -o report",
    "audit linkage": "old.parquet new.parquet --leaked 10,100 -o report",
}


def example(words: str) -> str | None:
    """The line for a command, or for a group by its name; None where there is none.

    >>> example("map fit"), example("map")
    ('Example: facespace map fit old.parquet new.parquet -o map.safetensors', 'Example: facespace map fit ...')
    """
    found = next((name for name in EXAMPLES if name == words or name.startswith(f"{words} ")), None)
    return None if found is None else f"Example: facespace {found} {EXAMPLES[found]}"
