"""The page of method: how every figure of the report was made, in plain words."""

from __future__ import annotations

from .result import PrivacyAudit

_RATES = (
    "Named: each stolen template is looked up in a gallery with names, and the best match is the answer (rank-1, ISO/IEC "
    "19795-1); a tie is no answer. Counted are templates of people who are in the gallery, by another image. FNIR at "
    "FPIR x: share of them without the right answer when answers are given only above a threshold that a share x of "
    "strangers passes."
)
_INTERVALS = (
    "Intervals are at 95 %, from 500 draws of people (not of images, since images of one person are alike) and of the "
    "leaked pairs. Where none of n people has an event, the upper end is 1 − 0.025^(1/n), "
    "about 3.7/n; where all have it, the lower end is as far from 1."
)
_MIXTURE = (
    "Mixed networks: every network spreads faces along its own directions; two groups of templates whose directions do "
    "not agree are of two networks. With a reference, a template is also named when the reference's people hardly ever "
    "look so."
)
_ATTRIBUTES = (
    "Attributes: logistic regression on the labels that were brought, judged on people it never saw, in five parts. "
    "Balanced: all labels are held equally likely, so that its chance is one by their number."
)
_STORAGE = (
    "Storage: Parquet modular encryption (AES-GCM) says in plain text which key a file is under; reading the file checks "
    "it. Copies: one person's images whose templates are equal but for rounding; of two people: equal templates under "
    "two names."
)
_LINKAGE = (
    "Linkage, after section 5 of McNeely-White and others, Canonical Face Embeddings (2021): of a few images (the leaked "
    "pairs) the attacker has the embeddings by both systems, and fits a linear map from one to the other. The people "
    "attacked are not among those whose images leak. Both directions were tried."
)


def method(result: PrivacyAudit) -> list[str]:
    """Paragraphs."""
    told = [_RATES, _INTERVALS]
    if result.linkage:
        told.append(_LINKAGE)
    if result.protections is not None:
        c = result.protections.counts
        told.append(
            f"Protections: the {c['attacked_people']:,} people attacked are none of the {c['leaked_people']:,} whose "
            f"images may leak, and whom ranges and codebooks were fitted on. The gallery has {c['gallery']:,} images; "
            f"{c['mated_probes']:,} templates are of people in it and {c['nonmated_probes']:,} of others. The attacker "
            "tries his own gallery protected by the public scheme, both sides about their means, turned principal "
            "directions, the map for few pairs, Procrustes and kernel ridge regression; the one that names most "
            f"counts. Accuracy is measured on {c['pairs']:,} pairs of images, {c['genuine']:,} of one person. D_sys: "
            "Gomez-Barrero and others (2018), ω = 1, beside what as many scores give that say nothing. Revoked "
            "accepted: templates of one image under two secrets that pass the threshold that 1 % of impostors pass."
        )
    told.append(_MIXTURE)
    if result.attributes is not None:
        told.append(_ATTRIBUTES)
    told.append(_STORAGE)
    if result.max_linkage is not None:
        told.append(
            "The limit on linkage is held against the upper end of the 95 % interval, the highest of all attackers "
            "with another network on open templates: few people make wide intervals, and a limit is kept only where "
            "the data show it. Attackers with the same network are left out of it, since they name what the network "
            "itself reaches."
        )
    return told
