"""`manage.py token_models`: says what it found, and loads nothing that it does not believe."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from tenants.models import ModelList, Token
from tests.cast.makers import CARD, CLONE, KEYRING, SIGNER, entry, make_blob, root_of
from tests.cast.people import EMIL, FAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def files(tmp_path, settings):
    """The files that the settings name: a list of three models, and its root."""
    settings.METADATA_BLOB, settings.METADATA_ROOT = tmp_path / "blob.jwt", tmp_path / "root.pem"
    settings.METADATA_SIGNER = SIGNER
    settings.METADATA_ROOT.write_bytes(root_of("Root of lists").pem)
    write(settings, number=7)
    return settings


def write(settings, **options) -> None:
    fails = [("ATTESTATION_KEY_COMPROMISE", "2026-03-04")]
    entries = (entry(KEYRING, "Keyring"), entry(CARD, "Card"), entry(CLONE, "Clone", reports=fails))
    settings.METADATA_BLOB.write_bytes(make_blob(*entries, **options))


def run(capsys, **options) -> str:
    call_command("token_models", **options)
    return capsys.readouterr().out


def test_it_says_what_it_found_and_loads_it(world, files, capsys):
    Token.objects.filter(person=EMIL.id).update(aaguid=CLONE)
    Token.objects.filter(person=FAY.id).update(aaguid=KEYRING)
    said = run(capsys)
    assert f"List 7, signed by {SIGNER}" in said
    assert "3 models, of which 1 are known to be compromised" in said
    assert "1 enrolled here of Keyring.\n" in said
    assert "1 enrolled here of Clone. COMPROMISED: others can make tokens that pass for it" in said
    assert "which is not in the list." in said
    assert "Loaded. 3 models are new, 0 are gone." in said
    assert f"Newly known to be compromised: Clone ({CLONE})" in said
    assert "Newly" not in run(capsys)


def test_it_can_only_check(files, capsys):
    assert "Nothing was loaded: it was only checked." in run(capsys, check=True)
    assert not ModelList.objects.exists()


def _another_root(files):
    files.METADATA_ROOT.write_bytes(root_of("Another root").pem)


def _altered(files):
    files.METADATA_BLOB.write_bytes(files.METADATA_BLOB.read_bytes()[:-6] + b"AAAAAA")


def _out_of_date(files):
    write(files, next_update=datetime.now(UTC).date() - timedelta(days=1))


def _gone(files):
    files.METADATA_BLOB.unlink()


def _a_folder(files):
    files.METADATA_ROOT = files.METADATA_ROOT.parent


def _not_set(files):
    files.METADATA_BLOB = None


REFUSED = {
    "another root": (_another_root, "other-root"),
    "altered": (_altered, "bad-signature"),
    "out of date": (_out_of_date, "out of date: the next was due on"),
    "not there": (_gone, "cannot be read: No such file"),
    "a folder": (_a_folder, "QUORATE_METADATA_ROOT: .* cannot be read"),
    "not set": (_not_set, "QUORATE_METADATA_BLOB is not set"),
}


@pytest.mark.parametrize(("spoil", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_it_loads_nothing_and_says_why_where_the_list_is(files, spoil, says):
    spoil(files)
    with pytest.raises(CommandError, match=f"{says}.*Nothing was loaded"):
        call_command("token_models")
    assert not ModelList.objects.exists()


def test_an_older_list_is_loaded_only_on_the_operator_s_word(files, capsys):
    run(capsys)
    write(files, number=6)
    with pytest.raises(CommandError, match=r"number 7 is loaded.*older"):
        call_command("token_models")
    assert "Loaded." in run(capsys, anew=True)
