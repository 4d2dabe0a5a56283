"""Share key files and sheets: the published format is enough to read them, and every change is found out."""

import json

import pytest
from cryptography.exceptions import InvalidTag

from tests.console.desk import kept_keys

FORMS = json.loads(kept_keys.VECTORS.read_text())
every_file = pytest.mark.parametrize("one", FORMS["files"], ids=lambda one: one["name"])
every_sheet = pytest.mark.parametrize("one", FORMS["sheets"], ids=lambda one: one["name"])


@every_file
def test_a_file_is_read_and_written_by_the_published_format(one):
    private_key, data = bytes.fromhex(one["private_key"]), one["file"].encode()
    assert kept_keys.read_file(data, one["passphrase"]) == private_key
    assert kept_keys.write_file(private_key, one["passphrase"]) == data


def test_what_a_file_says_in_the_open_is_authenticated():
    """Also where its check was made anew: only the passphrase's holder can say whose it is."""
    one = FORMS["files"][0]
    forged = json.loads(kept_keys.write_file(bytes.fromhex(one["private_key"]), "another", label="Red key"))
    forged["sealed"] = json.loads(one["file"])["sealed"]
    del forged["sha256"]
    sha256 = kept_keys.hashlib.sha256(kept_keys.encode(forged)).hexdigest()
    with pytest.raises(InvalidTag):
        kept_keys.read_file(kept_keys.encode(forged | {"sha256": sha256}), one["passphrase"])


@every_sheet
def test_a_sheet_is_read_and_written_by_the_published_format(one):
    private_key = bytes.fromhex(one["private_key"])
    assert kept_keys.read_lines(one["lines"]) == private_key == kept_keys.read_code(one["code"])
    assert kept_keys.write_lines(private_key) == one["lines"]
    assert kept_keys.write_code(private_key) == one["code"]
    assert kept_keys.public_key_of(private_key).hex() == one["public_key"]


@every_sheet
def test_a_code_is_read_by_its_standard(one):
    assert kept_keys.read_modules(one["modules"]) == one["code"]
