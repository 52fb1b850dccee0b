"""Bench `dedup`: build and quality of near-duplicate search, against datasketch and two cosines."""

import importlib.util
import math
import resource
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice, pairwise
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from ingestion.rules.likeness import judging
from ingestion.rules.likeness.judging import Answer, Rule, judge, measure
from ingestion.rules.likeness.signs import (
    BANDS,
    SLOTS,
    Signs,
    keys_of,
    overlap,
    sign_texts,
    wording_of,
)
from ingestion.rules.likeness.traits import Traits, traits_of
from ingestion.rules.normalise import Posting
from jobly.errors import Unavailable

from .alike import Planted, copies, look_alikes, postings
from .measuring import Report, Side, compare, in_turns, summary

PEER_ROWS = 2_000  # datasketch is timed on so many: rates are compared
PEER_STEP = 5  # of so many planted postings one is asked of datasketch
COPIED = 2_000
NEGATIVES = 6_000
A_KEY = 24  # as the product reads them
LEAST = judging.FLOOR - 0.08
PART = 10_000  # postings made at a time while growing
GOALS = {"2%": 0.99, "5%": 0.98, "10%": 0.85}
MOST_MERGED = 0.001
S513 = 0.95
OWN_KEYS = 2  # of a posting besides those of its words
PLACE_BITS = 36
Index = tuple[NDArray[np.uint64], int]


def bench(rows: int, repeats: int) -> Report:
    """Build over `rows` postings, find planted copies, and refuse look-alikes."""
    if importlib.util.find_spec("datasketch") is None:
        raise Unavailable("datasketch is not installed; install the bench group.")
    made = list(postings(rows))
    texts = [one.description_text for one in made]
    blocks = [traits_of(one, day=0.0).block for one in made]
    few = texts[: min(rows, PEER_ROWS)]
    ours = Side("ours", rows, lambda: _built(texts, blocks))
    peer = Side("datasketch MinHash + LSH (128)", len(few), lambda: _datasketch(few))
    sign_texts(texts[:1])  # compiled before anything is timed
    in_turns([ours, peer], repeats)
    planted = [*copies(made[:COPIED]), *look_alikes(made[:NEGATIVES])]
    quality = _quality(made, planted)
    return Report(
        name="dedup",
        rows=rows,
        repeats=repeats,
        ours=summary(ours) | quality,
        against=[compare(ours, peer) | _peer_recall(few, planted)],
        growth=[_grown(count) for count in (rows // 10, rows, rows * 10) if count >= PART // 10],
        answers_equal=_is_met(quality),
        checks=_cosines(made, planted),
    )


def _is_met(found: dict[str, Any]) -> bool:
    recalled = all(found[f"recall {share}"] >= goal for share, goal in GOALS.items())
    return recalled and found["merged"] <= MOST_MERGED * found["look-alikes"]


def _built(texts: Sequence[str], blocks: Sequence[int]) -> Index:
    """Sign the texts and order their keys: what is needed to answer any query."""
    signs, _ = sign_texts(texts)
    return _indexed(keys_of(signs, blocks))


def _indexed(keys: NDArray[np.int64]) -> Index:
    """Order the cells by key; the low bits of a key give way to the cell's number.

    One array of plain numbers sorts many times faster than an order is found; 38 bits of a key are
    left at a million postings, and what meets by chance is refused by its sign.
    """
    bits = int(keys.size).bit_length()
    packed = _pack(keys.ravel().view(np.uint64), np.uint64(bits))
    packed.sort()
    return packed, bits


@numba.njit(nogil=True)
def _pack(cells: Any, bits: Any) -> Any:
    packed = np.empty_like(cells)
    for number in range(cells.size):
        packed[number] = (cells[number] >> bits << bits) | np.uint64(number)
    return packed


@numba.njit(nogil=True)
def _agree(left: Any, right: Any) -> Any:
    """Return the share of slots that agree."""
    same = 0
    for slot in range(left.size):
        same += left[slot] == right[slot]
    return same / left.size


@numba.njit(nogil=True)
def _shared(packed: Any, bits: Any, width: Any) -> Any:
    """Return posting and place of each cell whose key stands before it as well, packed."""
    told = []
    mask = (np.uint64(1) << bits) - np.uint64(1)
    for at in range(1, packed.size):
        if packed[at] >> bits == packed[at - 1] >> bits:
            told.append((np.int64((packed[at] & mask) // width) << PLACE_BITS) | at)  # noqa: PERF401 # compiled
    return np.array(told)


@numba.njit(nogil=True)
def _look(told: Any, index: Any, width: Any, signs: Any, least: float) -> Any:
    """Return the pairs of rows that share a key and agree in enough slots, and all looked at."""
    packed, bits = index
    mask = (np.uint64(1) << bits) - np.uint64(1)
    met = np.full(signs.shape[0], -1, np.int64)
    pairs = []
    looked = 0
    for one in told:
        this, at = one >> PLACE_BITS, one & ((1 << PLACE_BITS) - 1)
        for before in range(at - 1, max(-1, at - 1 - A_KEY), -1):
            if packed[before] >> bits != packed[at] >> bits:
                break
            other = np.int64((packed[before] & mask) // width)
            if other != this and met[other] != this:
                met[other] = this
                looked += 1
                if _agree(signs[this], signs[other]) >= least:
                    pairs.append((max(this, other), min(this, other)))
    return pairs, looked


def _join(index: Index, width: int, signs: Signs, least: float) -> tuple[list[Any], int]:
    """Compare every posting with at most A_KEY others under each of its keys."""
    packed, bits = index[0], np.uint64(index[1])
    told = _shared(packed, bits, np.uint64(width))
    told.sort()  # by posting, so that its signs are near
    pairs, looked = _look(told, (packed, bits), np.uint64(width), signs, least)
    return pairs, looked


def _joined(texts: Iterable[str], keyed: Sequence[Traits]) -> tuple[list[tuple[int, int]], int]:
    """Return the pairs worth measuring among these postings, and how many were looked at."""
    signs, _ = sign_texts(texts)
    bands = keys_of(signs, [one.block for one in keyed])
    own = np.array([one.own_keys[:OWN_KEYS] for one in keyed], np.int64)
    keys = np.hstack([bands, own])
    return _join(_indexed(keys), keys.shape[1], signs, LEAST)


def _quality(made: list[Posting], planted: list[Planted]) -> dict[str, Any]:
    """Judge copies and look-alikes, all in one catalogue with the postings they stem from."""
    whole = [*made, *(one.posting for one in planted)]
    keyed = [traits_of(one, day=0.0) for one in whole]
    pairs, _ = _joined((one.description_text for one in whole), keyed)
    near = set(pairs)
    found: Counter[str] = Counter()
    for number, one in enumerate(planted, start=len(made)):
        is_merged = (number, one.base) in near and _is_one(whole, keyed, number, one.base)
        found["look-alikes"] += not one.is_same
        found["merged"] += is_merged and not one.is_same
        found[f"copies {one.kind}"] += one.is_same
        found[f"found {one.kind}"] += is_merged and one.is_same
    recall = {f"recall {k}": round(found[f"found {k}"] / found[f"copies {k}"], 4) for k in GOALS}
    return recall | {"look-alikes": found["look-alikes"], "merged": found["merged"]}


def _is_one(whole: list[Posting], keyed: list[Traits], a: int, b: int) -> bool:
    words = overlap(wording_of(whole[a].description_text), wording_of(whole[b].description_text))
    return judge(measure(keyed[a], keyed[b], words), Rule()).answer is Answer.SAME


def _shingles(text: str) -> list[bytes]:
    words = text.lower().split()
    return [f"{a} {b}".encode() for a, b in pairwise(words)]


def _datasketch(texts: Sequence[str]) -> Any:
    """Sign and index as its documentation has it for many texts."""
    from datasketch import MinHash, MinHashLSH  # noqa: PLC0415 # only with the bench lock file

    index = MinHashLSH(threshold=0.5, num_perm=128)
    with index.insertion_session() as session:
        for number, sign in enumerate(MinHash.bulk(map(_shingles, texts), num_perm=128)):
            session.insert(number, sign)
    return index


def _peer_recall(texts: Sequence[str], planted: list[Planted]) -> dict[str, Any]:
    """Return the share of copies that datasketch finds, and of look-alikes it finds as well."""
    from datasketch import MinHash  # noqa: PLC0415 # only with the bench lock file

    index = _datasketch(texts)
    found: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for one in planted[::PEER_STEP]:
        if one.base >= len(texts):
            continue
        kind = f"recall {one.kind}" if one.is_same else "look-alikes found"
        (sign,) = MinHash.bulk([_shingles(one.posting.description_text)], num_perm=128)
        asked[kind] += 1
        found[kind] += one.base in index.query(sign)
    return {kind: round(found[kind] / asked[kind], 4) for kind in sorted(asked)}


def _cosines(made: list[Posting], planted: list[Planted]) -> list[dict[str, Any]]:
    """Judge the same pairs by "cosine > 0.95" alone: of counts, and of TF-IDF."""
    documents: Counter[str] = Counter()
    for posting in made:
        documents.update(set(posting.description_text.lower().split()))
    rarity = {word: math.log(len(made) / count) + 1 for word, count in documents.items()}
    lines = []
    for name, is_rare in (("cosine > 0.95 of counts", False), ("cosine > 0.95 of TF-IDF", True)):
        merged: Counter[str] = Counter()
        asked: Counter[str] = Counter()
        for one in planted:
            base, copy = made[one.base], one.posting
            kind = f"recall {one.kind}" if one.is_same else "look-alikes merged"
            asked[kind] += 1
            known = rarity if is_rare else None
            left, right = (_weights(p.description_text, known) for p in (base, copy))
            merged[kind] += _cosine(left, right) > S513
        line: dict[str, Any] = {k: round(merged[k] / asked[k], 4) for k in sorted(asked)}
        failed = line["look-alikes merged"] > MOST_MERGED
        failed |= any(line[f"recall {share}"] < goal for share, goal in GOALS.items())
        lines.append({"name": name, "failed": failed, **line})
    return lines


def _weights(text: str, rarity: dict[str, float] | None) -> dict[str, float]:
    counts = Counter(text.lower().split())
    if rarity is None:
        return dict(counts)
    most = max(rarity.values())
    return {w: (1 + math.log(n)) * rarity.get(w, most) for w, n in counts.items()}


def _cosine(a: dict[str, float], b: dict[str, float]) -> float:
    product = sum(value * b.get(word, 0.0) for word, value in a.items())
    squares = sum(v * v for v in a.values()) * sum(v * v for v in b.values())
    return product / math.sqrt(squares)


def _grown(rows: int) -> dict[str, float]:
    """Time signing, ordering and joining `rows` postings, by the processor's clock.

    Making them is not timed; what else the machine does is not either.
    """
    seconds, start = 0.0, 0
    signs = np.empty((rows, SLOTS), np.uint16)
    keys = np.empty((rows, BANDS + OWN_KEYS), np.int64)
    source = postings(rows, seed=2)
    while part := list(islice(source, PART)):
        blocks, own = _brief(part)
        began = time.process_time()
        here = slice(start, start + len(part))
        signs[here], _ = sign_texts(one.description_text for one in part)
        keys[here, :BANDS], keys[here, BANDS:] = keys_of(signs[here], blocks), own
        start += len(part)
        seconds += time.process_time() - began
    began = time.process_time()
    pairs, looked = _join(_indexed(keys), keys.shape[1], signs, Rule().jaccard)
    seconds += time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "rows": rows,
        "seconds": round(seconds, 3),
        "looked at a posting": round(looked / rows, 1),
        "near pairs": len(pairs),
        "peak_mb": round(peak),
    }


def _brief(part: list[Posting]) -> tuple[list[int], list[list[int]]]:
    """Return the blocks and the own keys of postings, read without their words."""
    keyed = [traits_of(replace(one, description_text=""), day=0.0) for one in part]
    return [one.block for one in keyed], [one.own_keys[:OWN_KEYS] for one in keyed]
