"""Sets in the objects of other libraries: data frames, what face programs give of an image, indexes. One kind a module."""

from .detected import FACES, fields_of_faces
from .frames import LIBRARIES, fields_of_frame, frame_of, is_frame
from .index import fields_of_index

__all__ = ["FACES", "LIBRARIES", "fields_of_faces", "fields_of_frame", "fields_of_index", "frame_of", "is_frame"]
