"""Keys of encrypted files: key files, a key service, what a file says of its key and its name, and bytes under AES-GCM."""

from .cipher import check_cipher
from .identity import Identity, Seal, check_one_set, key_of, seal_of
from .key import AesKey, Key, KmsKey
from .key_files import new_key_file, read_keys
from .ring import AnyKey, KeyRing, keys_of, use_keys
from .scratch import Scratch
from .sealed_bytes import is_sealed, no_key, opened, sealed, sealed_identity, tampered

__all__ = [
    "AesKey", "AnyKey", "Identity", "Key", "KeyRing", "KmsKey", "Scratch", "Seal", "check_cipher", "check_one_set",
    "is_sealed", "key_of", "keys_of", "new_key_file", "no_key", "opened", "read_keys", "seal_of", "sealed",
    "sealed_identity", "tampered", "use_keys",
]  # fmt: skip
