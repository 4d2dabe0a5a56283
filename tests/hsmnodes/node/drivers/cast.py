"""What the driver tests share: a token's particulars and the keys of a zone of Meridian Bank."""

from hsmnodes.node.drivers.values import Algorithm, KeySpec, Usage

LABEL = "meridian-payments"
SO_PIN = "so-pin-8d1f"
USER_PIN = "user-pin-42c7"
BACKUP_KEY_ID = b"backup-key-of-mb"
BACKUP_KEY = bytes.fromhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
NEXT_BACKUP_KEY_ID = b"backup-key-of-m2"
NEXT_BACKUP_KEY = bytes.fromhex("5b" * 32)
BACKUP_KEY_KCV = "f29000"  # AES-256 of a block of zeros under BACKUP_KEY begins with these bytes

USAGE_OF_FAMILY = {"rsa": Usage.SIGN, "ec": Usage.SIGN, "aes": Usage.ENCRYPT}


def key_id(number: int) -> bytes:
    return number.to_bytes(16)


def spec(number: int, algorithm: Algorithm = Algorithm.EC_P256, *usages: Usage, label: str = "") -> KeySpec:
    return KeySpec(
        key_id=key_id(number),
        label=label or f"key {number}",
        algorithm=algorithm,
        usages=frozenset(usages or {USAGE_OF_FAMILY[algorithm.family]}),
    )
