"""Lists of galleries and probes for identification: the IJB-B/C 1:N files `*_1N_gallery_G1.csv`, `*_1N_probe_mixed.csv`.

A header, then lines that begin with a template and its subject; a template has a line for each of its images. What
follows on a line (file names, boxes) is not needed: the templates are embedded already.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..embeddings import Strings
from ..errors import FileFormatError
from ..io import delimiter_of, existing_file
from ._lines import wrong_line
from ._tables import filled_lines


@dataclass(frozen=True, eq=False, repr=False)
class TemplateList:
    """`templates` (n,), each once, in the order of the file, and their `subjects` (n,)."""

    name: str
    templates: Strings
    subjects: Strings

    def __len__(self) -> int:
        return len(self.templates)

    def __repr__(self) -> str:
        return f"TemplateList({self.name!r}, {len(self):,} templates, {len(np.unique(self.subjects)):,} subjects)"


def read_template_list(path: str | Path) -> TemplateList:
    """The list in a csv whose first two columns are template and subject; plain or gzip, any line ends.

    Raises FileFormatError naming file and line.
    """
    path = existing_file(path, "a list of templates")
    found: dict[str, str] = {}
    lines = filled_lines(path)
    header = next(lines, None)
    if header is None:
        raise FileFormatError(f"{path} is empty", "A list of templates has a header, then lines 'template,subject,…'.")
    delimiter = delimiter_of(header[1])
    first = header[1].split(delimiter)[0].strip().strip('"')
    if len(header[1].split(delimiter)) < 2 or first.isdigit():
        raise wrong_line(path, header, "the header of a list of templates, such as TEMPLATE_ID,SUBJECT_ID")
    for line in lines:
        cells = [cell.strip().strip('"') for cell in line[1].split(delimiter)[:2]]
        if len(cells) < 2 or not all(cells):
            raise wrong_line(path, line, "'template,subject,…'")
        if found.setdefault(cells[0], cells[1]) != cells[1]:
            raise wrong_line(path, line, f"right: template {cells[0]} is of subject {found[cells[0]]} above")
    if not found:
        raise FileFormatError(f"{path} has a header and no templates")
    name = path.name.removesuffix(".gz").removesuffix(".csv")
    return TemplateList(name, np.array(list(found)), np.array(list(found.values())))
