import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facespace import EmbeddingSet
from facespace.errors import FileFormatError
from facespace.io.parquet import pages


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(rng.standard_normal(3000 * 64).astype(np.float32)), 64)
    ids = [f"{i}" for i in range(3000)]
    return pa.table({"id": ids, "subject": [f"p{i // 50}" for i in range(3000)], "vector": vectors})


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd"])
@pytest.mark.parametrize("options", [{}, {"data_page_version": "2.0"}, {"use_dictionary": False}, {"data_page_size": 4096}])
def test_pages_as_arrow_writes_them_are_read(tmp_path, table, compression, options):
    path = tmp_path / "set.parquet"
    pq.write_table(table, path, row_group_size=1000, compression=compression, write_page_checksum=True, **options)
    pages.check_pages(path, range(3))
    assert len(EmbeddingSet.load(path)) == 3000


def test_the_footer_is_read_as_pyarrow_reads_it(tmp_path, table):
    path = tmp_path / "set.parquet"
    pq.write_table(table, path, row_group_size=1000)
    about = pq.read_metadata(path)
    for group, columns in enumerate(pages._columns(path, 0, path.stat().st_size)):
        for number, ours in enumerate(columns):
            theirs = about.row_group(group).column(number)
            told = (theirs.num_values, theirs.total_uncompressed_size, theirs.total_compressed_size, theirs.data_page_offset)
            assert (ours[5], ours[6], ours[7], ours[9]) == told
            assert (ours.get(11, 0) or None) == theirs.dictionary_page_offset


def test_a_page_that_asks_for_more_than_its_column_has_is_refused_before_arrow_reserves_it(tmp_path, table, monkeypatch):
    monkeypatch.setattr(pages, "_SMALL", 0)
    path = tmp_path / "set.parquet"
    pq.write_table(table, path, use_dictionary=False, compression="none", data_page_size=1 << 16)
    data = bytearray(path.read_bytes())
    header = pq.read_metadata(path).row_group(0).column(2).data_page_offset
    # 15: field 1, a whole number (the kind of page); 15: field 2, a whole number (bytes unpacked), of three bytes here
    assert data[header] == data[header + 2] == 0x15
    assert data[header + 4] >= 128 > data[header + 5]
    data[header + 3 : header + 6] = b"\xfe\xff\x7f"
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match=r"promises .* in 1,048,575 bytes"):
        EmbeddingSet.load(path)


def test_a_cut_header_is_refused(tmp_path, table):
    path = tmp_path / "set.parquet"
    pq.write_table(table, path)
    data = bytearray(path.read_bytes())
    data[4:12] = b"\xff" * 8
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match=r"set\.parquet can't be read as Parquet"):
        EmbeddingSet.load(path)
