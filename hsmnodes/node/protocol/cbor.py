"""Whether bytes are exactly one well-formed CBOR map (RFC 8949), for the extensions in authenticator data.

Only well-formedness is looked at: nothing in the extensions is used.
"""

MAX_DEPTH = 8


def is_one_map(data: bytes) -> bool:
    """Whether `data` is one definite-length CBOR map and nothing more (as CTAP2 sends it)."""
    if not data or data[0] >> 5 != 5:
        return False
    try:
        return _skip(data, 0, depth=0) == len(data)
    except (IndexError, ValueError):
        return False


def _skip(data: bytes, at: int, *, depth: int) -> int:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deep")
    major, value, at = _head(data, at)
    if major in (2, 3):
        if at + value > len(data):
            raise ValueError("cut short")
        return at + value
    if major in (4, 5):
        if value > len(data):
            raise ValueError("cut short")
        for _ in range(value * (major - 3)):
            at = _skip(data, at, depth=depth + 1)
        return at
    if major == 6:
        return _skip(data, at, depth=depth + 1)
    return at


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    major, info = data[at] >> 5, data[at] & 31
    if info < 24:
        return major, info, at + 1
    if info > 27:
        raise ValueError("indefinite lengths are not canonical")
    size = 1 << (info - 24)
    if at + 1 + size > len(data):
        raise ValueError("cut short")
    return major, int.from_bytes(data[at + 1 : at + 1 + size], "big"), at + 1 + size
