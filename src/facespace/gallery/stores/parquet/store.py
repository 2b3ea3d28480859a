"""Parquet files as a gallery: parts are row groups, and each is one file of the second place."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ....errors import EncryptionError, FileFormatError, GalleryError, GuessWarning, OutputError, PlainFileWarning
from ....io import GROUP, ParquetFiles, Seal, Shard, facts_text, keys_of, prefetched, write_tables
from ..nearest import nearest, of_width
from ..protocol import ROWS, Found, GalleryInfo, Origin, Place, Templates
from ..url import GalleryURL
from .parts import grouped, part_of, pieces, schema_of, shard_of
from .places import KEY, FilePlaces, FolderPlaces, Places, made_of
from .rows import MODEL, Stream, column_of, keeps_models, templates_in, with_vectors


class ParquetGallery:
    """A gallery in a Parquet file or a folder of them; see Store.

    A part is named by file, row groups, size and time of the file, so that one that has changed is another. Its rows lie in
    one file of `next`, with every other column as it was. facespace's readers follow a switch of a folder when they open it;
    a single file is replaced by its successor, for everybody, and `old` is another name of it.
    """

    ranges: ClassVar[bool] = False
    alone: ClassVar[bool] = False
    encrypts: ClassVar[bool] = True  # with keys in use

    def __init__(self, url: str, address: GalleryURL) -> None:
        self.url, self._options, self._root = url, dict(address.options), Path(address.place)
        self._keys = keys_of(None)  # those in use; what is encrypted stays so, and with a key what is made is

    @property
    def _places(self) -> Places:
        return (
            FilePlaces(self._root, self._keys)
            if self._root.suffix == ".parquet" and not self._root.is_dir()
            else FolderPlaces(self._root)
        )

    def info(self) -> GalleryInfo:
        """See Store."""
        with self._told():
            files, known = self._files("current"), self._places.origins()
            schema, current, origins = schema_of(files, files.paths[0]), known.get("current"), {}
            beside: tuple[Place, Place] = ("next", "old")
            for place in (one for one in beside if self._places.at(one)):
                origins[str(place)] = known.get(place) or Origin("", (other := self._files(place)).model, other.dim)
            taken = {files.names["id"], files.names["vector"]}
            kind = schema.field(files.names["vector"]).type
            return GalleryInfo(
                self.url, "parquet", len(files), files.dim, str(getattr(kind, "value_type", kind)),
                model=current.model if current else files.model, places=origins, notes=tuple(self._notes(files)),
                mapped=dict(current.mapped if current else files.metadata[0].get("mapped") or {}),
                columns=tuple(name for name in schema.names if name not in taken),
            )  # fmt: skip

    def _notes(self, files: ParquetFiles) -> Iterator[str]:
        if isinstance(self._places, FolderPlaces):
            yield "Other programs that read the folder don't follow a switch: they read the files of before; copy it."
        if told := files.metadata[0].get("columns"):
            yield f"It was read with {told}; say otherwise behind a #: #?id=NAME&vector=NAME&subject=NAME."

    def scan(self, place: Place = "current", rows: int = ROWS) -> Iterator[Templates]:
        """See Store: as of the moment when it begins."""
        with self._told():
            files = self._files(place)
            for shard in files.shards(len(files)):  # a file is opened once: its successor doesn't disturb
                yield from self._templates(files, shard, rows, place)

    def parts(self, rows: int) -> list[str]:
        """See Store."""
        with self._told():
            files = self._files("current")
            return [part_of(files, shard) for shard in files.shards(rows)]

    def read(self, part: str, rows: int = ROWS) -> Iterator[Templates]:
        """See Store. GalleryError for a part that has changed."""
        with self._told():
            files = self._files("current")
            yield from self._templates(files, shard_of(files, part), rows)

    def begin(self, origin: Origin) -> None:
        """See Store."""
        with self._told():
            self._files("current")
            self._places.begin(origin)

    def put(self, part: str, templates: Iterator[Templates]) -> None:
        """See Store. GalleryError where the rows are not those of the part in their order."""
        with self._told():
            files, folder, origin = self._files("current"), self._building(), self._places.origins()["next"]
            shards = [shard_of(files, part)] if part else list(self._left(files))
            stream = Stream(of_width(templates, origin.dim))
            for shard in shards:
                self._write(files, shard, folder, origin, stream, final=shard is shards[-1])

    def _write(self, files: ParquetFiles, shard: Shard, folder: Path, origin: Origin, stream: Stream, final: bool) -> None:
        schema, vector = schema_of(files, files.paths[0]), files.names["vector"]
        models = keeps_models(schema) or MODEL not in schema.names
        metadata = {key: value for key, value in (schema.metadata or {}).items() if key not in (KEY, b"facespace")}
        if b"facespace" in (schema.metadata or {}):
            facts = dict(files.metadata[0]) | ({"mapped": dict(origin.mapped)} if origin.mapped else {})
            metadata[b"facespace"] = facts_text(origin.mapped.get("model", origin.model), origin.dim, facts).encode()
        schema = schema.with_metadata(metadata)
        others = [name for name in schema.names if name not in (vector, MODEL if models else "")]

        def made() -> Iterator[Any]:
            for table in files.tables(shard, names=others, rows=GROUP):
                ids = files.fields(shard.path, table)["ids"]
                vectors, told = stream.take(ids, self.url)
                yield with_vectors(table, schema, vector, vectors, [one or origin.model for one in told] if models else None)

            if final:
                stream.end(self.url)

        name = part_of(files, shard)
        path = folder / f"{name}.parquet"
        inside = path.relative_to(folder).as_posix()
        packed = "zstd" if isinstance(self._places, FolderPlaces) else "none"
        write_tables(path, prefetched(made()), compression=packed, seal=self._seal(inside, origin, files))
        head, first, last, _ = pieces(name)
        for other in folder.rglob("*.parquet"):  # what was cut otherwise into parts, before
            cut = pieces(other.relative_to(folder).as_posix().removesuffix(".parquet"))
            if other != path and cut[0] == head and first <= cut[2] and cut[1] <= last:
                other.unlink()

    def missing(self, rows: int = ROWS) -> Iterator[Templates]:
        """See Store."""
        with self._told():
            files = self._files("current")
            for shard in list(self._left(files)):
                yield from self._templates(files, shard, rows)

    def _left(self, files: ParquetFiles) -> Iterator[Shard]:
        """The row groups of the current place that `next` has not got."""
        done = {(head, stamp, group) for head, first, last, stamp in self._done() for group in range(first, last + 1)}
        for shard in files.groups:
            head, group, _, stamp = pieces(part_of(files, shard))
            if (head, stamp, group) not in done:
                yield shard

    def _done(self) -> list[tuple[str, int, int, str]]:
        place = self._places.at("next")
        if place is None:
            raise OutputError(f"{self.url} has no place 'next' beside the current one")
        if place.is_file():
            return [pieces(part) for part in made_of(place, self._root, self._keys)["parts"]]
        found = [path.relative_to(place) for path in place.rglob("*.parquet")]
        return [pieces(path.as_posix().removesuffix(".parquet")) for path in found if path.name[0] != "."]

    def replace(self, templates: Templates, place: Place) -> int:
        """See Store: the files that have such rows are written anew."""
        with self._told():
            files = self._files(place)
            (checked,) = of_width([templates], files.dim) if len(templates) else (templates,)
            row = {id_: number for number, id_ in enumerate(checked.ids)}
            return sum(self._replaced(files, shard, checked, row) for shard in files.shards(len(files)))

    def _replaced(self, files: ParquetFiles, shard: Shard, new: Templates, row: dict[str, int]) -> int:
        vector, names = files.names["vector"], files.names["id"]
        found = sum(
            id_ in row for table in files.tables(shard, names=[names]) for id_ in files.fields(shard.path, table)["ids"]
        )
        if not found:
            return 0
        schema = schema_of(files, shard.path)
        models = keeps_models(schema) or (new.models is not None and MODEL not in schema.names)
        known = json.loads((schema.metadata or {}).get(KEY, b"{}")).get("origin", {}).get("model", files.model)

        def made() -> Iterator[Any]:
            for table in files.tables(shard, everything=True):
                fields = files.fields(shard.path, table)
                vectors = np.array(fields["vectors"], np.float32)
                at = np.array([row.get(id_, -1) for id_ in fields["ids"]])
                vectors[at >= 0] = new.vectors[at[at >= 0]]
                told = table[MODEL].to_pylist() if MODEL in table.column_names and models else [known] * len(at)
                if new.models is not None:
                    told = [new.models[number] if number >= 0 else one for number, one in zip(at, told, strict=True)]
                yield with_vectors(table, schema, vector, vectors, told if models else None)

        told = files.locks.told.get(shard.path)
        seal = None if told is None or self._keys is None else Seal(self._keys.writes, told.set, told.name)
        write_tables(shard.path, made(), seal=seal)
        return found

    def complete(self) -> None:
        """See Store: files of parts that are gone go; the parts of a single file become one."""
        with self._told():
            places, files = self._places, self._files("current")
            there = {pieces(part_of(files, shard))[::3] for shard in files.groups}
            if (place := places.at("next")) is None:
                raise OutputError(f"{self.url} has no place 'next' beside the current one")
            if place.is_file():
                return
            for path in place.rglob("*.parquet"):
                if (
                    pieces(path.relative_to(place).as_posix().removesuffix(".parquet"))[::3] not in there
                    and path.name[0] != "."
                ):
                    path.unlink()
            if isinstance(places, FilePlaces):
                self._join(places, place)

    def _join(self, places: FilePlaces, folder: Path) -> None:
        files, origin = self._files("next"), places.origins()["next"]
        parts = [path.stem for path in files.paths]
        schema = schema_of(files, files.paths[0])
        told = json.dumps({"origin": asdict(origin), "parts": parts})
        schema = schema.with_metadata({**(schema.metadata or {}), KEY: told.encode()})
        tables = (table for shard in files.shards() for table in files.tables(shard, everything=True))
        # It is called as the gallery, whose place it takes at the switch.
        seal = self._seal(self._root.name, origin, files)
        write_tables(places.whole["next"], prefetched(table.cast(schema) for table in tables), seal=seal)
        places.completed()

    def switch(self) -> None:
        """See Store."""
        with self._told():
            self._places.turn("next", "old")

    def back(self) -> None:
        """See Store."""
        with self._told():
            self._places.turn("old", "next")

    def drop(self, place: Literal["next", "old"]) -> None:
        """See Store."""
        with self._told():
            self._places.drop(place)

    def search(self, queries: NDArray[Any], count: int, place: Place = "current") -> Found:
        """See Store: every row is looked at."""
        return nearest(self.scan(place), queries, count)

    def write_all(self, templates: Iterator[Templates], model: str, mapped: Mapping[str, Any] | None = None) -> int:
        """See Store: columns id, vector, and where the rows have them subject and model; a folder gets one file."""
        import pyarrow as pa

        single = isinstance(self._places, FilePlaces)
        if self._root.exists() if single else any(self._root.rglob("*.parquet")):
            raise OutputError(f"{self.url} is there already", "Name another file or folder.")
        total = 0
        facts = {"mapped": dict(mapped)} if mapped else {}
        told = str((mapped or {}).get("model", model))

        def made() -> Iterator[Any]:
            nonlocal total
            dim = 0
            for batch in templates:
                dim = dim or batch.vectors.shape[1]
                for one in of_width([batch], dim):
                    texts = {"id": one.ids, "subject": one.people, MODEL: one.models}
                    columns = {name: pa.array(column, pa.string()) for name, column in texts.items() if column}
                    columns["vector"] = column_of(pa.list_(pa.float32(), dim), one.vectors)
                    total += len(one)
                    yield pa.table(columns).replace_schema_metadata({"facespace": facts_text(told, dim, facts)})

        with self._told():
            path = self._root if single else self._root / "part-0.parquet"
            seal = None if self._keys is None else Seal.new(self._keys.writes)
            write_tables(path, grouped(made()), seal=seal)
        return total

    def _files(self, place: Place) -> ParquetFiles:
        if (at := self._places.at(place)) is None:
            raise OutputError(f"{self.url} has no place {place!r} beside the current one")
        if not self._root.exists():
            raise GalleryError(f"{self.url}: there is no such file or folder", "Check the path.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GuessWarning)  # info tells it
            warnings.simplefilter("ignore", PlainFileWarning)
            called = self._root.name if self._root.suffix == ".parquet" and at.is_file() else ""
            found = ParquetFiles.open(at, self._options, follow=False, key=None, called=called)
            return replace(found, locks=replace(found.locks, keys=self._keys or found.locks.keys))

    def _seal(self, name: str, origin: Origin, files: ParquetFiles) -> Seal | None:
        """How a file of the place beside is encrypted, the same set whoever writes its parts."""
        if self._keys is None:
            return None
        beside = [told.set for told in files.locks.told.values()][:1]
        place = blake2b(repr((origin, beside, self._places.at("next"))).encode(), digest_size=16)
        return Seal(self._keys.writes, place.hexdigest(), name)

    def _building(self) -> Path:
        if (folder := self._places.parts()) is None:
            raise OutputError(f"{self.url} has no place 'next' beside the current one")
        return folder

    def _templates(self, files: ParquetFiles, shard: Shard, rows: int, place: Place = "current") -> Iterator[Templates]:
        origin = self._places.origins().get(place)
        return templates_in(
            files, shard, rows, origin.model if origin else files.model, keeps_models(schema_of(files, files.paths[0]))
        )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What can't be read, or written, is the gallery's error."""
        try:
            yield
        except EncryptionError:
            raise
        except FileFormatError as error:
            raise GalleryError(error.message, error.hint) from error
        except OSError as error:
            raise GalleryError(f"{self.url}: {error.strerror or error}", "Is its disk there, and not full?") from error
