"""Which model cards there are: the built-in ones, and the user's own in their configuration folder."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ModelError, unknown_name
from ..io import atomic_write, existing_file
from .card import ModelCard, read_card

BUILT_IN = Path(__file__).parent / "cards"
#: Decoders and heads that explain networks, by the network's name.
EXPLAINERS = Path(__file__).parent.parent / "data" / "explain"


def user_cards_folder() -> Path:
    """Where added cards are kept: `FACESPACE_CONFIG`/cards, else `facespace/cards` in the platform's place for it."""
    if given := os.environ.get("FACESPACE_CONFIG"):
        return Path(given).expanduser() / "cards"
    base = os.environ.get("APPDATA") if os.name == "nt" else os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "facespace" / "cards"


def card_names() -> list[str]:
    """Names of all cards, sorted.

    >>> "edgeface-xxs" in card_names()
    True
    """
    return sorted(_card_files())


def _card_files() -> dict[str, Path]:
    # A user's card may replace a built-in one: it comes later.
    folders = [BUILT_IN, user_cards_folder()]
    return {path.stem: path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.toml"))}


def list_cards() -> list[ModelCard]:
    """All cards, sorted by name."""
    return [load_card(name) for name in card_names()]


def load_card(name: str | Path) -> ModelCard:
    """The card called `name`, or the one in the TOML file of that path.

    Raises UnknownNameError with the nearest known name, ModelError for a faulty card.

    >>> load_card("openvino-0095").shape
    (128, 128)
    """
    if isinstance(name, Path) or name.endswith(".toml"):
        return read_card(name)
    files = _card_files()
    if name not in files:
        error = unknown_name("model", name, files)
        hint = f"{error.hint} A card of your own: give the path of its .toml file, or `facespace models add CARD.toml`."
        raise type(error)(error.message, hint)
    return read_card(files[name])


def can_be_explained(name: str) -> bool:
    """Does what opens this network's map for `facespace explain` ship with facespace? (Its own weights do not.)

    Black-box methods explain every network.
    """
    return (EXPLAINERS / f"{name}.safetensors").exists()


def add_card(path: str | Path) -> Path:
    """Check a card and copy it to the user's configuration folder, where its name finds it. Returns the copy.

    The weights stay where they are: the copy notes the card's folder, and `find_weights` looks there too.
    A card already there under the same name is replaced; a built-in name is refused.
    """
    path = existing_file(path, "a model card")
    card = read_card(path)
    if (BUILT_IN / f"{card.name}.toml").exists():
        raise ModelError(f"{path}: {card.name!r} is the name of a built-in model", "Give the card another name.")
    if Path(card.name).name != card.name or card.name.startswith("."):
        raise ModelError(f"{path}: {card.name!r} can't be a model's name", "Use letters, digits, - and _ only.")
    text = path.read_text(encoding="utf-8")
    target = user_cards_folder() / f"{card.name}.toml"
    with atomic_write(target) as temporary:
        temporary.write_text(f"{ORIGIN}{path.resolve().parent.as_posix()}\n{text}", encoding="utf-8")
    return target


ORIGIN = "# added from the folder "


def origin(card: ModelCard) -> Path | None:
    """The folder that an added card came from, where its weights may lie."""
    if card.path is None or card.path.parent != user_cards_folder():
        return None
    first = card.path.read_text(encoding="utf-8").split("\n", 1)[0]
    return Path(first.removeprefix(ORIGIN)) if first.startswith(ORIGIN) else None
