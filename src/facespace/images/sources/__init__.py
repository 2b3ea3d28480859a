"""Where images come from: folders and lists of files, tar archives, Parquet tables; read as they are, never unpacked."""

from .choose import ImageSource, open_images
from .ids import named_by
from .source import Lost, Picture, Source

__all__ = ["ImageSource", "Lost", "Picture", "Source", "named_by", "open_images"]
