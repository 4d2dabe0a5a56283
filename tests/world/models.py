"""The list of token models, loaded as the operator does: three models, of which one fails."""

from tenants import clock
from tenants.metadata import keeping, reading
from tests.cast.makers import CARD, CLONE, KEYRING, SIGNER, Maker, entry, make_blob, root_of

MAKER, OTHER = Maker.of(KEYRING, "Maker"), Maker.of(CARD, "Other maker")
FAILS = [("USER_KEY_REMOTE_COMPROMISE", "2026-03-04")]


def load_models() -> None:
    """Load the list."""
    blob = make_blob(
        entry(KEYRING, "Keyring 5", roots=[MAKER.root.der]),
        entry(CARD, "Card", roots=[OTHER.root.der]),
        entry(CLONE, "Clone", roots=[MAKER.root.der], reports=FAILS),
    )
    root = root_of("Root of lists").der
    keeping.keep_list(reading.read_list(blob, root=root, signer=SIGNER, today=clock.now().date()))
