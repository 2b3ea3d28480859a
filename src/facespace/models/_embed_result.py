"""What `embed` made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..embeddings import EmbeddingSet, StoredSet
from ..results import fields, signature
from ..shown import Result
from .faces import Noted, Skipped


@dataclass(frozen=True, repr=False)
class EmbedResult(Result):
    """What `embed` made.

    Attributes:
        embeddings: the set, a StoredSet where it was written to a folder; rows in the order of the images.
        skipped: the images without an embedding, each with its reason.
        images: how many images there were; len(embeddings) + len(skipped).
        several_faces: in how many images the detector saw more than one face.
        other_files: how many files of the folder are no images that can be read, by suffix in small letters.
        resumed: how many images an earlier, interrupted run had done.
        seconds: wall time of this run from the first image to the last, without loading the network.
        path: where the set was written, None if it was not.
        failures, noted_table: the tables of `skipped` and `noted` that lie in a folder beside the set's files.
        noted: the images that were turned, or show several faces, and which of these was taken.
        encrypted: id of the key that the set is encrypted under, "" where it is not.
    """

    embeddings: EmbeddingSet | StoredSet[EmbeddingSet]
    skipped: tuple[Skipped, ...]
    images: int
    several_faces: int
    resumed: int
    seconds: float
    path: Path | None = None
    other_files: Mapping[str, int] = field(default_factory=dict)
    failures: Path | None = None
    noted_table: Path | None = None
    noted: tuple[Noted, ...] = ()
    encrypted: str = ""

    @property
    def turned(self) -> tuple[Noted, ...]:
        """The images whose face was found with the picture turned."""
        return tuple(one for one in self.noted if one.degrees)

    @property
    def images_per_second(self) -> float:
        """Images of this run (without the resumed ones) by its wall time."""
        return (self.images - self.resumed) / self.seconds if self.seconds > 0 else 0.0

    @property
    def reasons(self) -> dict[str, int]:
        """How many images were skipped for which reason."""
        return dict(Counter(s.reason for s in self.skipped))

    @property
    def signature(self) -> str:
        """One line that says how the set was made."""
        facts = self.embeddings.metadata
        weights = ",".join(digest[:12] for digest in facts["weights"].values())
        return signature(
            "embed",
            model=self.embeddings.model,
            weights=weights,
            alignment=facts["alignment"],
            faces=facts["faces"],
            images=self.images,
            embedded=len(self.embeddings),
        )

    def brief(self) -> str:
        """The headline and its counts in a line."""
        return f"{self.embeddings!r} of {self.images:,} images, {len(self.skipped):,} skipped"

    def to_dict(self) -> dict[str, Any]:
        """Everything but the vectors, as plain JSON types."""
        return {
            "signature": self.signature,
            **fields(self.embeddings, "model", "dim"),
            "output": self.path,
            **({"encrypted": self.encrypted} if self.encrypted else {}),
            "images": self.images,
            "embedded": len(self.embeddings),
            "skipped": [fields(skipped, "id", "file", "reason", "detail") for skipped in self.skipped],
            **fields(self, "failures", "reasons", "several_faces", "resumed", "other_files"),
            "turned": len(self.turned),
            "noted": [asdict(one) for one in self.noted],
            "noted_table": self.noted_table,
            "seconds": round(self.seconds, 3),
            "images_per_second": round(self.images_per_second, 2),
        }
