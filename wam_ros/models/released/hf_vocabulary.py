"""The text vocabulary of a released checkpoint, out of its own tokenizer.json. It knows nothing of numbers' meaning.

Needs the package `tokenizers`, which is imported when a file is read. Text is encoded without the file's added tokens,
so no instruction can smuggle one in; prompt.py writes them by name or value. Byte-level BPE is what LLaDA's published
tokenizers are taken to be: a file that decodes in another way is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from wam_ros.core.errors import ConfigError, InputError
from wam_ros.models.tokenizer import NUMBER_COUNT, ZERO_BIN, printed
from wam_ros.models.vocabulary import SPECIAL_TOKENS

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENIZER_FILE = "tokenizer.json"

_FIRST_NUMBER = printed(0)


class HfVocabulary:
    """Ids below the numbers, as the released files give them (wam_ros.models.vocabulary.Vocabulary).

    The numbers "-100.00" to "100.00" are added tokens of WAM-Diff's file, in ascending order behind all others; LLaDA's
    and LLaDA-V's files have none, and then they come behind the last id.
    """

    def __init__(self, tokenizer: Tokenizer, added: Mapping[str, int], where: str) -> None:
        """Take a tokenizer whose added tokens have been taken out, and these.

        Raises:
            ConfigError: A token that a driving answer needs is missing, or the numbers are not where they must be.

        """
        self._tokenizer = tokenizer
        self._names = {token: name for name, token in added.items()}
        self._special = {name: added[name] for name in SPECIAL_TOKENS if name in added}
        self.has_numbers = _FIRST_NUMBER in added
        self._length = (
            added[_FIRST_NUMBER]
            if self.has_numbers
            else max(tokenizer.get_vocab_size(with_added_tokens=False) - 1, *added.values()) + 1
        )
        missing = [name for name in SPECIAL_TOKENS if name not in added]
        if missing:
            msg = f"{where}: no added token {', '.join(missing)}: use the tokenizer of LLaDA-V or WAM-Diff"
            raise ConfigError(msg)
        if self.has_numbers:
            self._check_numbers(added, where)
        self.byte(",")

    @classmethod
    def load(cls, folder: Path) -> HfVocabulary:
        """Read a folder's tokenizer.json.

        Raises:
            ConfigError: `tokenizers` is not installed, the file is missing, broken or of another kind.

        """
        path = folder / TOKENIZER_FILE
        if not path.is_file():
            msg = (
                f"{folder}: no {TOKENIZER_FILE}; write it where transformers is installed: "
                f"AutoTokenizer.from_pretrained(folder).save_pretrained(folder)"
            )
            raise ConfigError(msg)
        try:
            from tokenizers import Tokenizer
        except ImportError as err:
            msg = f"{path}: reading it needs the package tokenizers: pip install -r requirements/full.txt"
            raise ConfigError(msg) from err
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            added = {str(token["content"]): int(token["id"]) for token in values["added_tokens"]}
            kind, decoder = values["model"]["type"], (values["decoder"] or {}).get("type")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as err:
            msg = f"{path}: not a tokenizer file: {err}"
            raise ConfigError(msg) from err
        if kind != "BPE" or decoder != "ByteLevel" or not added:
            msg = f"{path}: a {kind} with decoder {decoder}, wanted a BPE of bytes (ByteLevel) with added tokens"
            raise ConfigError(msg)
        try:
            tokenizer = Tokenizer.from_str(json.dumps({**values, "added_tokens": [], "post_processor": None}))
        except Exception as err:  # tokenizers raises nothing narrower
            msg = f"{path}: not a tokenizer file: {err}"
            raise ConfigError(msg) from err
        return cls(tokenizer, added, str(path))

    def __len__(self) -> int:
        return self._length

    def special(self, name: str) -> int:
        """The id of a special token."""
        return self._special[name]

    def byte(self, character: str) -> int:
        """The id of a one-byte character.

        Raises:
            ConfigError: It is not one token here.

        """
        return self.word(character)

    def word(self, word: str) -> int:
        """The id of a word.

        Raises:
            ConfigError: It is not one token here.

        """
        tokens = self.encode(word)
        if len(tokens) != 1:
            msg = f"{word!r} is {len(tokens)} tokens of the released tokenizer, wanted one"
            raise ConfigError(msg)
        return tokens[0]

    def encode(self, text: str) -> list[int]:
        """Ids of any text; the names of added tokens in it stay text.

        Raises:
            InputError: The text holds a lone surrogate, which UTF-8 cannot write.

        """
        try:
            text.encode()
        except UnicodeEncodeError as err:
            msg = f"text {text!r} cannot be written in UTF-8: {err.reason}"
            raise InputError(msg) from err
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def decode_bytes(self, token: int) -> bytes:
        """The UTF-8 bytes that one id stands for; an added token gives its name, an id without token nothing."""
        if token in self._names:
            return self._names[token].encode()
        piece = self._tokenizer.id_to_token(token) or ""
        return bytes(_BYTES[character] for character in piece)

    def _check_numbers(self, added: Mapping[str, int], where: str) -> None:
        wrong = [
            printed(number) for number in range(NUMBER_COUNT) if added.get(printed(number)) != self._length + number
        ]
        above = [name for name, token in added.items() if token >= self._length + NUMBER_COUNT]
        if wrong or above:
            first = wrong[0] if wrong else above[0]
            msg = (
                f"{where}: the {NUMBER_COUNT} numbers must be the last ids, ascending from {_FIRST_NUMBER} = "
                f"{self._length} on: {len(wrong) + len(above)} tokens are elsewhere, as {first!r} (0.00 belongs at "
                f"{self._length + ZERO_BIN})"
            )
            raise ConfigError(msg)


def _byte_characters() -> dict[str, int]:
    """The letters that byte-level BPE writes bytes with: printable ones as themselves, the others from U+0100 on."""
    plain = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [value for value in range(256) if value not in plain]
    return {chr(value): value for value in plain} | {chr(256 + index): value for index, value in enumerate(others)}


_BYTES: Mapping[str, int] = _byte_characters()
