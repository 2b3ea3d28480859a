"""Keys: their files, a key service by pyarrow's protocol, what is derived, and bytes under AES-GCM."""

from __future__ import annotations

import base64
import os
import stat

import numpy as np
import pytest
from pyarrow.parquet.encryption import KmsClient

from facespace import EmbeddingSet, LinearMap, fit_map
from facespace.errors import EncryptionError, KeyFileError, MovedFileError, NoKeyError, OutputError, WrongKeyError
from facespace.io import AesKey, KmsKey, Scratch, new_key_file, read_keys, rotate_keys, show_keys, use_keys
from facespace.io.keys.key import hkdf

aead = pytest.importorskip("cryptography.hazmat.primitives.ciphers.aead")


class Service(KmsClient):
    """A key service in this process, which wraps by AES-GCM under master keys that never leave it."""

    def __init__(self, **masters: bytes) -> None:
        super().__init__()
        self.masters, self.calls = masters, 0

    def wrap_key(self, key_bytes, master_key_identifier):
        nonce = os.urandom(12)
        data = aead.AESGCM(self.masters[master_key_identifier]).encrypt(nonce, key_bytes, None)
        return base64.b64encode(nonce + data).decode()

    def unwrap_key(self, wrapped_key, master_key_identifier):
        self.calls += 1
        data = base64.b64decode(wrapped_key)
        return aead.AESGCM(self.masters[master_key_identifier]).decrypt(data[:12], data[12:], None)


@pytest.fixture
def faces():
    return EmbeddingSet(np.random.default_rng(1).normal(size=(60, 6)), [f"p{n // 2}/{n}" for n in range(60)], model="a")


@pytest.mark.parametrize(
    ("key", "salt", "info", "made"),
    [
        (
            "0b" * 22, "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            "".join(f"{n:02x}" for n in range(0x50)), "".join(f"{n:02x}" for n in range(0x60, 0xB0)),
            "".join(f"{n:02x}" for n in range(0xB0, 0x100)),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8"
            "367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
        ),
        (
            "0b" * 22, "", "",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ],
)  # fmt: skip
def test_data_keys_are_derived_as_rfc_5869_says(key, salt, info, made):
    assert hkdf(*map(bytes.fromhex, (key, salt, info)), len(made) // 2).hex() == made


def test_a_key_file_is_its_owners_alone_and_never_overwritten(tmp_path):
    made = new_key_file(tmp_path / "mine.key")
    assert made.id == "mine"
    assert stat.S_IMODE((tmp_path / "mine.key").stat().st_mode) == 0o600
    assert read_keys([tmp_path / "mine.key"]) == [made]
    with pytest.raises(OutputError, match="A key is never overwritten"):
        new_key_file(tmp_path / "mine.key")
    assert read_keys([tmp_path / "mine.key"]) == [made]
    assert [path.name for path in tmp_path.iterdir()] == ["mine.key"]
    assert made.secret.hex() not in repr(made)


def test_a_folder_gives_all_its_keys_the_newest_first(tmp_path, monkeypatch):
    for id, year in (("b", 2024), ("a", 2026), ("c", 2025)):
        new_key_file(tmp_path, id)
        path = tmp_path / f"{id}.key"
        text = path.read_text()
        path.write_text(text[: text.index('"created"')] + f'"created": "{year}-01-01T00:00:00Z"}}')
    assert [key.id for key in read_keys([tmp_path])] == ["a", "c", "b"]


def test_a_bare_key_is_called_as_its_file(tmp_path):
    path = tmp_path / "bare.key"
    path.write_bytes(bytes(range(24)))
    path.chmod(0o600)
    assert read_keys([path]) == [AesKey("bare", bytes(range(24)))]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    new_key_file(tmp_path / "x.key")
    (tmp_path / "x.key").chmod(mode)
    with pytest.raises(KeyFileError, match=f"mode {mode:o}.*\nchmod 600"):
        read_keys([tmp_path / "x.key"])


@pytest.mark.parametrize(
    "text", ["", "{", "{}", '{"facespace_key": 1, "id": "x", "key": "AAAA"}', '{"facespace_key": 1, "id": "x"}', "x" * 5000,
             '{"facespace_key": 1, "id": "", "key": "AAAAAAAAAAAAAAAAAAAAAA=="}', "[" * 3000]
)  # fmt: skip
def test_what_is_no_key_is_told(tmp_path, text):
    path = tmp_path / "x.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(KeyFileError):
        read_keys([path])


def test_a_key_service_gives_every_file_a_key_and_may_refuse(faces, tmp_path):
    service = Service(prod=os.urandom(32), old=os.urandom(16))
    path = faces.save(tmp_path / "faces.parquet", key=KmsKey("prod", service))
    assert np.array_equal(EmbeddingSet.load(path, key=KmsKey("prod", service)).vectors, faces.vectors)
    assert service.calls == 1  # a file is asked for once
    with pytest.raises(NoKeyError, match="the key service unwraps nothing"):
        EmbeddingSet.load(path, key=KmsKey("prod", Service(prod=os.urandom(32))))
    with pytest.raises(NoKeyError, match="wraps nothing under 'none'"):
        faces.save(tmp_path / "x.parquet", key=KmsKey("none", service))
    assert not (tmp_path / "x.parquet").exists()
    with pytest.raises(WrongKeyError, match="is of a key service"):
        EmbeddingSet.load(path, key=AesKey.random("prod"))
    rotate_keys([path], KmsKey("old", service), KmsKey("prod", service))
    assert show_keys([path])["keys"] == {"old": 1}
    assert np.array_equal(EmbeddingSet.load(path, key=KmsKey("old", service)).vectors, faces.vectors)


def test_maps_are_encrypted_where_it_is_asked_for(faces, tmp_path):
    key, other = AesKey.random("k"), AesKey.random("l")
    made = fit_map(faces, faces.with_vectors(faces.vectors[:, ::-1], "b"), "ols")
    with use_keys(key):
        made.save(tmp_path / "plain.safetensors")
    LinearMap.load(tmp_path / "plain.safetensors")
    with use_keys(key, maps=True):
        path = made.save(tmp_path / "map.safetensors")
        assert np.array_equal(LinearMap.load(path).weight, made.weight)
    assert b"weight" not in path.read_bytes()
    with pytest.raises(NoKeyError):
        LinearMap.load(path)
    with use_keys(other), pytest.raises(WrongKeyError):
        LinearMap.load(path)
    rotate_keys([path], other, key)
    with use_keys(other):
        assert np.array_equal(LinearMap.load(path).weight, made.weight)
        moved = path.rename(tmp_path / "renamed.safetensors")
        with pytest.raises(MovedFileError):
            LinearMap.load(moved)


def test_no_changed_byte_of_an_encrypted_map_is_read(faces, tmp_path):
    key = AesKey.random("k")
    with use_keys(key, maps=True):
        path = fit_map(faces, faces.with_vectors(faces.vectors[:, ::-1], "b"), "ols").save(tmp_path / "map.safetensors")
        data = path.read_bytes()
        for place in range(0, len(data), 7):
            path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
            with pytest.raises((EncryptionError, Exception)) as told:
                LinearMap.load(path)
            assert place < 8 or isinstance(told.value, EncryptionError)
        for left in (0, 9, 30, len(data) // 2, len(data) - 1):
            path.write_bytes(data[:left])
            with pytest.raises(Exception, match=r"truncated|damaged|not as it was written|encrypted|safetensors"):
                LinearMap.load(path)


def test_temporary_numbers_come_back_and_are_not_in_plain(tmp_path):
    numbers = np.random.default_rng(0).normal(size=(40, 5)).astype("f4")
    for keeping in (Scratch(), Scratch(os.urandom(32))):
        path = tmp_path / f"{keeping.secret is None}"
        for part in np.split(numbers, 4):
            keeping.append(path, part)
        assert np.array_equal(keeping.read(path, np.float32).reshape(-1, 5), numbers)
        assert (numbers[7].tobytes() in path.read_bytes()) == (keeping.secret is None)
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)
    with pytest.raises(EncryptionError):
        keeping.read(path, np.float32)
