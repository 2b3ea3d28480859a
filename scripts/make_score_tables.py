"""Scores of known networks on LFW, as the tables that likelihood ratios are made of (src/facespace/data/scores).

    facespace embed ../shared/data/lfw --model w600k-mbf --landmarks …/landmarks-176.csv -o lfw/lfw-w600k-mbf.parquet
    python scripts/make_score_tables.py lfw/lfw-*.parquet

All 13,233 images, or a part (of slow networks 4,500: two each of the 1,680 people with several, and 1,140 others). LFW
lists some people under two names and some images under a wrong one, and there are twins and siblings among its people: their
pairs are neither one person's nor those of two unrelated people, and are left out. They were found as the highest of all
impostor pairs by the mean of three networks, and looked at one by one: of the first 84 these 50 are such; all others are
lookalikes, which count.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from facespace import EmbeddingSet, load_card
from facespace.io import write_json
from facespace.metrics import PairCounts, ScoreTable, cllr, pav_ratios, shipped_table
from facespace.people import people_of

GROUPS = 100
# One person under two names, or an image under another's name.
SAME = """
Bart_Hendricks Ricky_Ray; Carlos_Beltran Raul_Ibanez; Emmy_Rossum Eva_Amurri; Gabrielle_Rose Martha_Bowen;
Andrew_Caldecott Andrew_Gilligan; Shinya_Taniguchi Takahiro_Mori; Carlos_Ruckauf Eduardo_Duhalde;
Choi_Sung-hong Sung_Hong_Choi; Abdullah_Gul Recep_Tayyip_Erdogan; Noer_Moeis Noer_Muis; Hasan_Wirayuda Hassan_Wirajuda;
Diana_Taurasi Shavon_Earp; Joseph_Blatter Sepp_Blatter; Anja_Paerson Janica_Kostelic; Michael_Schumacher Rubens_Barrichello;
John_Barnett John_Burnett; Chyung_Dai-chul Dai_Chul_Chyung; Harold_Scott Jeff_Roehm; Wang_Yingfan Yingfan_Wang;
Doc_Rivers Glenn_Rivers; Mireya_Elisa_Moscoso_Rodriguez Mireya_Moscoso; Felipe_De_Borbon Prince_Felipe; Nan_Wang Wang_Nan;
Bison_Dele Brian_Williams; Jason_Kapono Ray_Young; Flor_Montulo Nora_Bendijo; Bill_Pryor William_Pryor_Jr;
Odai_Hussein Uday_Hussein; Talisa_Bratt Talisa_Soto; Ruano_Pascual Virgina_Ruano_Pascal;
Hamad_Bin_Isa_al-Khalifa Mahmoud_Abbas; Jaqueline_Godoy Kelly_Santos; Cristina_Fernandez Cristina_Kirchner;
Lane_Bryant Roseanne_Barr; John_Gruden Jon_Gruden; Stephan_Eberharter Stephen_Ebberharter; Dennis_Hastert John_Taylor;
Carolina_Kluft Tina_Pisnik; Daja_Bedanova Tina_Pisnik; Mayumi_Moriyama Yoriko_Kawaguchi
"""
KIN = """
Carolina_Moraes Isabela_Moraes; Claire_Hentzen Morgan_Hentzen; Tamara_Mowry Tia_Mowry; Ashley_Olsen Mary-Kate_Olsen;
James_Phelps Oliver_Phelps; Serena_Williams Venus_Williams; Ahmed_Ibrahim_Bilal Muhammad_Ibrahim_Bilal;
Angelica_Romero Jenny_Romero; George_W_Bush Jeb_Bush; Makiya_Ali_Hassan Mariam_Ali_Hassan
"""
REFERENCE = (
    "Labeled Faces in the Wild: {images:,} press photographs of {people:,} well-known people, about 2002 to 2004, mostly "
    "frontal, mostly of men; relatives and known label errors left out"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+", help="of all images of LFW, by one network each")
    parser.add_argument("-o", "--output", type=Path, default=Path("src/facespace/data/scores"))
    parser.add_argument(
        "--judge", action="store_true", help="the shipped tables on these sets of other people; write nothing"
    )
    given = parser.parse_args()
    for path in given.sets:
        faces = EmbeddingSet.load(path)
        card, people = load_card(str(faces.model)), people_of(faces)
        if given.judge:
            judge(card.name, faces.normalized(), people.codes)
            continue
        kin, number = families(people.names), len(set(people.names.tolist()))
        counts = PairCounts.of(faces.normalized(), people.codes, kin, GROUPS, seed=0)
        table = ScoreTable.fit(
            counts,
            network=card.name,
            sha256=card.files[0].sha256,
            reference=REFERENCE.format(images=len(faces), people=number),
            people=number,
            kin=kin_scores(faces.normalized(), people.names),
        )
        write_json(table.to_dict(), given.output / f"{card.name}.json")
        held = table.held_out
        print(
            f"{card.name:24} {len(faces):6,} images; held out Cllr {held.cllr:.4f}, least {held.cllr_min:.4f}, loss "
            f"{held.loss:.4f}; highest two people {table.highest_impostor:.2f}; FMR .1 % at {table.threshold(1e-3):.2f}; "
            f"largest ratio {table.ratio(0.999).text()}; relatives {np.round(table.kin, 2).tolist()}",
            flush=True,
        )


def judge(name: str, vectors: np.ndarray, people: np.ndarray) -> None:
    table = shipped_table(name)
    if table is None:
        raise SystemExit(f"no table ships for {name}")
    genuine, impostor = PairCounts.of(vectors, people, people).totals()
    found = cllr(10**table.log10_ratio, genuine, impostor)
    least = cllr(pav_ratios(genuine, impostor), genuine, impostor)
    wrong = [impostor[table.log10_ratio >= power].sum() / impostor.sum() for power in (2, 4)]
    print(
        f"{name:24} {round(genuine.sum()):4} people: Cllr {found:.4f}, least {least:.4f}, loss {found - least:.4f}; of two "
        f"people's pairs {wrong[0]:.2g} have a ratio of 100 or more, {wrong[1]:.2g} of 10,000 or more",
        flush=True,
    )


def entries(text: str) -> list[list[str]]:
    return [entry.split() for entry in text.replace("\n", " ").split(";") if entry.strip()]


def kin_scores(vectors: np.ndarray, names: np.ndarray) -> list[float]:
    """Of each pair of relatives whose images the set has, the mean score."""
    sides = [[vectors[names == name] for name in pair] for pair in entries(KIN)]
    return [float((one @ other.T).mean()) for one, other in sides if len(one) and len(other)]


def families(names: np.ndarray) -> np.ndarray:
    """Codes of the people (n,), the same for those whose pairs are left out."""
    family = {name: name for name in set(names.tolist())}
    for one, other in entries(SAME + ";" + KIN):
        if {one, other} - set(family):
            continue  # not in a part
        old, new = family[other], family[one]
        family = {name: new if head == old else head for name, head in family.items()}
    return np.unique([family[name] for name in names.tolist()], return_inverse=True)[1]


if __name__ == "__main__":
    main()
