"""The pairs that the report of `study agreement` shows are those that one network judges rightly and the other wrongly."""

from __future__ import annotations

import re

import cv2
import numpy as np

from facespace.embeddings import EmbeddingSet
from facespace.report import Pictures, Report
from facespace.studies.agreement import add_disagreements


def test_every_pair_shown_is_one_that_the_networks_judge_differently(tmp_path):
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(60), 4)
    centres = rng.normal(size=(60, 24))
    ids = [f"p{one}/{row}" for row, one in enumerate(person)]
    sets = [
        EmbeddingSet((centres[person] + noise * rng.normal(size=(240, 24))).astype(np.float32), ids, model=name)
        for name, noise in (("fine", 0.9), ("coarse", 1.1))
    ]
    for one in ids[:120]:
        path = tmp_path / f"{one}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), rng.integers(0, 255, (90, 70, 3), dtype=np.uint8))
    report = Report("made")
    add_disagreements(report, *sets, tmp_path, far=0.01)
    sections = [section for section in report.sections if isinstance(section, Pictures)]
    assert len(sections) == 4
    unit = [faces.normalized() for faces in sets]
    place = {one: row for row, one in enumerate(ids)}
    for section in sections:
        pictures = section.rows[0]
        assert 1 <= len(pictures) <= 20
        cuts = {name: float(cut) for cut, name in re.findall(r"(-?[\d.]+) of (fine|coarse)", section.caption)}
        right = re.search(r": (fine|coarse) right", section.title)[1]
        same = section.title.startswith("One person")
        for picture in pictures:
            left, other = (place[one] for one in picture.label.split(" · "))
            assert (person[left] == person[other]) == same
            scores = dict(zip(("fine", "coarse"), (float(part[left] @ part[other]) for part in unit), strict=True))
            told = {name: float(score) for name, score in re.findall(r"(fine|coarse) (-?[\d.]+)", picture.note)}
            for name in cuts:
                assert abs(told[name] - scores[name]) < 1e-3
                if abs(scores[name] - cuts[name]) > 1e-3:
                    assert ((scores[name] >= cuts[name]) == same) == (name == right)
    assert sum(picture.uri.startswith("data:image/jpeg") for section in sections for picture in section.rows[0]) > 40
