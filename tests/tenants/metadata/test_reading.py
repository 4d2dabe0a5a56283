"""A list of token models is believed only if whoever is meant has signed it, whole and not out of date."""

import json
from base64 import b64encode
from datetime import date, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from hsmnodes.node.protocol.canonical import b64u, b64u_decode
from tenants.metadata.reading import MetadataRefused, ModelList, read_list
from tests.cast.makers import (
    CARD,
    CLONE,
    KEYRING,
    PNG,
    SIGNER,
    entry,
    lister,
    make_blob,
    root_of,
)

TODAY = date(2026, 11, 26)
LATER = TODAY + timedelta(days=20)
ROOT = root_of("Root of lists")
MAKER = root_of("Maker")
GOOD = make_blob(
    entry(KEYRING, "Keyring 5", roots=[MAKER.der]),
    entry(CLONE, "Clone 1", reports=[("REVOKED", "2025-02-03"), ("USER_VERIFICATION_BYPASS", "2025-01-02")]),
    {"aaid": "1234#5678", "statusReports": [], "timeOfLastStatusChange": "2024-05-02"},
    next_update=LATER,
)


def read(blob: bytes = GOOD, **changes) -> ModelList:
    return read_list(blob, **({"root": ROOT.der, "signer": SIGNER, "today": TODAY} | changes))


def refused(blob: bytes = GOOD, **changes) -> str:
    with pytest.raises(MetadataRefused) as found:
        read(blob, **changes)
    return found.value.code


def altered(change) -> bytes:
    """The list with another payload under the old signature."""
    head, payload, signature = GOOD.split(b".")
    said = json.loads(b64u_decode(payload.decode()))
    change(said)
    return b".".join((head, b64u(json.dumps(said).encode()).encode(), signature))


def test_a_list_says_of_each_model_its_name_picture_roots_and_what_is_known_against_it():
    found = read()
    assert (found.number, found.next_update, found.signer, found.passed_over) == (7, LATER, SIGNER, 1)
    keyring, clone = found.models
    assert (keyring.aaguid, keyring.name, keyring.icon, keyring.roots) == (
        KEYRING,
        "Keyring 5",
        PNG,
        (MAKER.der,),
    )
    assert keyring.compromises == ()
    assert clone.compromises == (("REVOKED", "2025-02-03"), ("USER_VERIFICATION_BYPASS", "2025-01-02"))


def test_the_root_may_be_pem_and_the_file_end_with_a_line_break():
    assert read(GOOD + b"\n", root=ROOT.pem) == read()


def test_it_may_be_signed_by_rsa():
    signer = ROOT.issue("Lister", hosts=(SIGNER,), key=rsa.generate_private_key(65537, 2048))
    blob = make_blob(entry(CARD, "Card"), next_update=LATER, by=signer)
    assert [one.aaguid for one in read(blob).models] == [CARD]
    assert refused(blob[:-8] + b"AAAAAAAA") == "bad-signature"


def test_the_chain_may_hold_the_root_itself():
    chain = [*lister().chain, ROOT.der]
    assert read(make_blob(x5c=[b64encode(one).decode() for one in chain]), today=date.today()).models == ()  # noqa: DTZ011


def test_it_holds_to_the_last_day_and_no_longer():
    assert read(today=LATER)
    assert refused(today=LATER + timedelta(days=1)) == "expired"


STATUSES = [
    *("USER_VERIFICATION_BYPASS", "ATTESTATION_KEY_COMPROMISE", "USER_KEY_REMOTE_COMPROMISE"),
    *("USER_KEY_PHYSICAL_COMPROMISE", "REVOKED"),
]


@pytest.mark.parametrize("status", STATUSES)
def test_a_compromise_stays_one_though_an_update_or_a_certificate_came_after_it(status):
    reports = [
        (status, "2025-01-02"),
        ("UPDATE_AVAILABLE", "2025-02-03"),
        ("FIDO_CERTIFIED_L2", "2025-03-04"),
    ]
    [model] = read(make_blob(entry(CARD, "Card", reports=reports), next_update=LATER)).models
    assert model.compromises == ((status, "2025-01-02"),)


@pytest.mark.parametrize(
    "status", ["FIDO_CERTIFIED", "NOT_FIDO_CERTIFIED", "UPDATE_AVAILABLE", "A_LATER_STATUS"]
)
def test_what_else_is_said_of_a_model_is_nothing_against_it(status):
    [model] = read(make_blob(entry(CARD, "Card", reports=[(status, "2025-01-02")]), next_update=LATER)).models
    assert model.compromises == ()


OTHER = root_of("Another root")
ANYONE = ROOT.issue("Anyone", hosts=("anyone.example",))
BY_A_CUSTOMER = ANYONE.issue("Lister", hosts=(SIGNER,))
BY_ANOTHER = OTHER.issue("Lister", hosts=(SIGNER,))
ENDED = ROOT.issue("Lister", hosts=(SIGNER,), ended=True)
NO_LISTS = {
    "it is signed under another root": (make_blob(by=BY_ANOTHER), "other-root"),
    "another root came along with it": (
        make_blob(by=BY_ANOTHER, x5c=[b64encode(one).decode() for one in (BY_ANOTHER.der, OTHER.der)]),
        "other-root",
    ),
    "somebody with any certificate under the root made one for the lister": (
        make_blob(by=BY_A_CUSTOMER),
        "other-root",
    ),
    "somebody else under the same root signed it": (make_blob(by=ANYONE), "other-signer"),
    "the lister's certificate has ended": (make_blob(by=ENDED), "other-root"),
    "the lister's certificate stands over another's signature": (
        make_blob(by=ANYONE, x5c=[b64encode(one).decode() for one in lister().chain]),
        "bad-signature",
    ),
    "a model is missing": (altered(lambda said: said["entries"].pop()), "bad-signature"),
    "a compromise is missing": (
        altered(lambda said: said["entries"][1]["statusReports"].clear()),
        "bad-signature",
    ),
    "it was made to hold for longer": (
        altered(lambda said: said.update(nextUpdate="2099-01-01")),
        "bad-signature",
    ),
    "it is not signed": (GOOD.rpartition(b".")[0] + b".", "bad-signature"),
    "it says that it is not signed": (make_blob(alg="none"), "bad-signature"),
    "it is signed by a key that all know": (make_blob(alg="HS256"), "bad-signature"),
    "it is cut off": (GOOD[: len(GOOD) // 2], "unreadable"),
    "it says nobody signed it": (make_blob(x5c=[]), "unreadable"),
    "its certificates are none": (make_blob(x5c=["bm9uZQ=="]), "other-root"),
    "its certificates are no texts": (make_blob(x5c=[5]), "unreadable"),
    "it is a page of a website": (b"<html>Not here.</html>", "unreadable"),
    "it is empty": (b"", "unreadable"),
    "it has a model twice": (
        make_blob(entry(CARD, "Card"), entry(CARD, "Card too"), next_update=LATER),
        "unreadable",
    ),
    "a model has no name for what it is": (
        make_blob({"aaguid": "no", "statusReports": [], "timeOfLastStatusChange": "2024-05-02"}),
        "unreadable",
    ),
    "a day is none": (make_blob(entry(CARD, "Card", reports=[("REVOKED", "soon")])), "unreadable"),
}  # fmt: skip


@pytest.mark.parametrize(("blob", "code"), NO_LISTS.values(), ids=NO_LISTS.keys())
def test_a_list_is_refused_where(blob, code):
    assert refused(blob, today=date(2026, 1, 1)) == code


@pytest.mark.parametrize("root", [b"", b"none", MAKER.pem + ROOT.pem], ids=["empty", "none", "two"])
def test_the_root_is_one_certificate(root):
    assert refused(root=root) == "bad-root"


def test_another_signer_can_be_meant():
    assert refused(signer="other.example") == "other-signer"


@pytest.mark.parametrize(
    "icon",
    [
        "data:image/svg+xml;base64,PHN2Zy8+",
        "https://tracker.example/icon.png",
        "data:image/png;base64,PHN2Zy8+",
        "data:image/png;base64,not base64",
        PNG + "A" * 200_000,
    ],
)
def test_a_picture_that_is_no_small_png_is_left_out(icon):
    [model] = read(make_blob(entry(CARD, "Card", icon=icon), next_update=LATER)).models
    assert model.icon == ""


def test_a_name_is_one_line_that_can_be_read_as_it_stands():
    [model] = read(make_blob(entry(CARD, "Safe\u202e\nCard " + "x" * 500), next_update=LATER)).models
    assert model.name.startswith("Safe Card xxx")
    assert len(model.name) <= 120
    assert model.name.isprintable()
