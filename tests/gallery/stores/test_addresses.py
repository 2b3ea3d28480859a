"""Addresses of galleries: their pieces, and that no password is shown or kept."""

import pytest

from facespace.errors import InputError, UnknownNameError
from facespace.gallery.stores import open_gallery, without_password


@pytest.mark.parametrize(("url", "shown"), [
    ("postgresql://me:s3cr:t@host:5432/db#t", "postgresql://me@host:5432/db#t"),
    ("postgresql://me:s%40cret@host/db?password=s3cret#t", "postgresql://me@host/db#t"),
    ("postgresql://host/db?password=s3cret&sslmode=require#t?id=x", "postgresql://host/db?sslmode=require#t?id=x"),
    ("postgresql://me@host/db#t", "postgresql://me@host/db#t"),
    ("qdrant:http://host:6333#t", "qdrant:http://host:6333#t"),
    ("faces@home.parquet", "faces@home.parquet"),
    ("faiss:a.index?ids=b.txt", "faiss:a.index?ids=b.txt"),
])  # fmt: skip
def test_no_password_is_kept(url, shown):
    assert without_password(url) == shown
    assert without_password(shown) == shown


@pytest.mark.parametrize(
    "url", ["postgresql://me:s3cret@host/db#t?id", "nothing:me:s3cret@host", "postgresql://me:s3cret@host/db#t?x=y"]
)
def test_no_password_is_in_an_error(url):
    with pytest.raises((InputError, UnknownNameError)) as error:
        open_gallery(url)
    assert "s3cret" not in str(error.value)


def test_a_server_that_is_not_there_is_told_without_its_password():
    pytest.importorskip("psycopg")
    with pytest.raises(Exception) as error:  # noqa: PT011
        open_gallery("postgresql://me:s3cret@127.0.0.1:1/db#t").info()
    assert "s3cret" not in str(error.value)
    assert "s3cret" not in open_gallery("postgresql://me:s3cret@127.0.0.1:1/db#t").__repr__()
