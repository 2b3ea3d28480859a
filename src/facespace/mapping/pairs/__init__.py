"""Pairs of two sets of any size: which rows they are, and one pass over them."""

from .pairing import Pairing, excluded_rows, moments_of, paired_vectors
from .sums import PARTS, Division, PairSums

__all__ = ["PARTS", "Division", "PairSums", "Pairing", "excluded_rows", "moments_of", "paired_vectors"]
