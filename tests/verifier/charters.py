"""Cases of charters: what one may not say, and how one comes into force."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic_core import to_jsonable_python

from hsmnodes.node.protocol import canonical
from hsmnodes.node.protocol.documents import Charter, CharterLink, Role, ShareKey
from hsmnodes.node.protocol.purposes import Purpose
from tests.cast.charters import DEPLOYMENT, Chain
from tests.cast.deployment import Deployment
from tests.cast.people import CLEO, CUSTODIANS, DINA, EMIL, FAY, GUS, HANA, LEA, Member
from tests.cast.signing import reject
from tests.hsmnodes.node.protocol import (
    controlling,
    test_amendments,
    test_charters,
    test_foundings,
    test_share_keys,
)
from tests.hsmnodes.node.protocol.amending import (
    CHAIN,
    CURRENT,
    MIA,
    NORA,
    amend_rule,
    but,
    chain_with,
    in_order,
    link,
    proposal_of,
)
from tests.hsmnodes.node.protocol.making import NOW
from tests.hsmnodes.node.protocol.test_consistency import CONTRADICTIONS
from tests.verifier.book import Book

OF_A_DOCUMENT = {"missing-field": "other-document"}
OF_A_CHAIN = {
    "missing-field": "other-document",
    "other-challenge": "not-proved",
    "bad-signature": "not-proved",
}
ALIKE = {
    "by case": ("Lea", "lEA"),
    "by a sharp s": ("Straße", "STRASSE"),
    "by a long s": ("Weiſs", "weiss"),
    "by a final sigma": ("Άννας", "ΆΝΝΑΣ"),
    "by a capital sharp s": ("Wei\u1e9e", "weiss"),
}
APART = {"by a dot": ("Ali", "Al\u0131"), "by an accent": ("Léa", "Lea")}


def charters() -> Book:
    """Documents alone."""
    made = Book("charter", desk=OF_A_DOCUMENT)
    made.accept("in order", {"charter": CURRENT.raw})
    made.accept("with share keys", {"charter": _zone(CUSTODIANS).current.raw})
    for name, (change, _) in CONTRADICTIONS.items():
        made.refuse(name, {"charter": changed(CURRENT, **change)}, "bad-field")
    for name, two in ALIKE.items():
        made.refuse(f"two names are the same {name}", {"charter": _with_names(*two)}, "bad-field")
    for name, two in APART.items():
        made.accept(f"two names differ {name}", {"charter": _with_names(*two)})
    zone = Deployment(now=NOW).zone().current
    for name, make in test_share_keys.REFUSED.items():
        people = _with_share_key(zone, make().model_dump(mode="json"))
        made.refuse(f"a share key {name}", {"charter": changed(zone, people=people)}, "bad-field")
    for name, key in test_share_keys.NOT_KEYS.items():
        people = _with_share_key(zone, _share_key_with(public_key=canonical.b64u(key)))
        made.refuse(f"a share key that is {name}", {"charter": changed(zone, people=people)}, "bad-field")
    for kept in ("file", "sheet"):
        share_key = DINA.key.share_key(DINA, kept=kept).model_dump(mode="json")
        people = _with_share_key(zone, share_key)
        made.accept(f"a share key that is kept in a {kept}", {"charter": changed(zone, people=people)})
    for kept, code in (("token", "not-canonical"), ("cloud", "bad-field"), (None, "bad-field")):
        people = _with_share_key(zone, _share_key_with(kept=kept))
        made.refuse(
            f"a share key that says {kept}", {"charter": changed(zone, people=people)}, code, desk="bad-field"
        )
    people = _with_share_key(zone, None)
    made.refuse(
        "a share key that is null",
        {"charter": changed(zone, people=people)},
        "not-canonical",
        desk="bad-field",
    )
    made.refuse("a field too many", {"charter": changed(CURRENT, colour="red")}, "unknown-field")
    made.refuse("a space too many", {"charter": CURRENT.raw + b" "}, "not-canonical")
    made.refuse("no charter at all", {"charter": b"{}"}, "missing-field")
    return made


def changed(charter: Charter, **changes: Any) -> bytes:
    """The bytes of a charter with other members, though it then contradicts itself."""
    plain = {name: to_jsonable_python(one, exclude_none=False) for name, one in changes.items()}
    for rule in plain.get("rules", ()):
        for member in [name for name, value in rule.items() if value is None]:
            del rule[member]
    for person in plain.get("people", ()):
        for token in person["tokens"]:
            if token.get("share_key", "") is None and not charter.zone:
                del token["share_key"]
    return canonical.encode(charter.model_dump(mode="json") | plain)


def _with_names(one: str, other: str) -> bytes:
    people = [GUS.person().model_copy(update={"name": one}), LEA.person().model_copy(update={"name": other})]
    return changed(CURRENT, people=[one.model_dump(mode="json") for one in in_order(people)], rules=[])


def _share_key_with(**changes: Any) -> dict[str, Any]:
    """A share key whose statement says something else."""
    good = DINA.key.share_key(DINA)
    stated = good.stated.model_dump(mode="json") | changes
    return good.model_dump(mode="json") | {"statement": canonical.b64u(canonical.encode(stated))}


def _with_share_key(charter: Charter, share_key: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    people = [one.model_dump(mode="json") for one in charter.people]
    for person in people:
        if person["id"] == DINA.id:
            person["tokens"][0]["share_key"] = share_key
    return people


def chains() -> Book:
    """Links, from the founding on."""
    made = Book("chain", desk=OF_A_CHAIN)
    made.accept("a founding alone", chain_given(CHAIN))
    for name, make in test_charters.BECOMES_THE_NEXT.items():
        made.accept(f"a next version: {name}", chain_given(CHAIN, make()))
    for name, (amend, code) in test_amendments.REFUSED.items():
        other = amend()
        chain, one = other if isinstance(other, tuple) else (CHAIN, other)
        made.refuse(f"an amendment: {name}", chain_given(chain, one), code)
    for name, (make, code) in test_foundings.NOT_FOUNDED.items():
        made.refuse(f"a founding: {name}", chain_given(CHAIN, links=[make()]), code)
    _add_walks(made)
    _add_share_keys(made)
    return made


def chain_given(
    chain: Chain, *more: CharterLink, links: Sequence[CharterLink] | None = None, **changes: Any
) -> dict[str, Any]:
    every = [*chain.links, *more] if links is None else links
    values = {
        "links": [one.raw for one in every],
        "anchor": chain.anchor,
        "deployment": DEPLOYMENT,
        "demo": True,
        "now": NOW,
    }
    return values | changes


def _add_walks(made: Book) -> None:
    chain = chain_with()
    for days in (1, 2, 3):
        chain.amend(requester=HANA, approvers=[GUS, LEA], now=NOW, valid_until=CURRENT.valid_until - days)
    one, two, three, four = chain.links
    made.accept("four versions", chain_given(chain))
    made.accept("the first two of four", chain_given(chain, links=[one, two]))
    walks: dict[str, tuple[list[CharterLink], str]] = {
        "no links": ([], "no-charter"),
        "a chain that begins with its second version": ([two, three], "not-founding"),
        "a version is left out": ([one, three], "does-not-follow"),
        "the last but one is left out": ([one, two, four], "does-not-follow"),
        "a version comes twice": ([one, two, two], "does-not-follow"),
        "the founding comes twice": ([one, one], "no-warrant"),
        "back to the founding": ([one, two, one], "no-warrant"),
        "out of order": ([one, three, two], "does-not-follow"),
    }
    for name, (links, code) in walks.items():
        made.refuse(name, chain_given(chain, links=links), code)
    other = chain_with(valid_until=CURRENT.valid_until - 5)
    made.refuse("another founding", chain_given(chain, anchor=other.anchor), "other-anchor")
    made.refuse(
        "the second version is the anchor",
        chain_given(chain, anchor=chain.charters[1].sha256),
        "other-anchor",
    )
    made.refuse(
        "another deployment is asked for", chain_given(chain, deployment="0" * 32), "other-deployment"
    )
    made.refuse("no demo is asked for", chain_given(chain, demo=False), "other-deployment")
    made.refuse(
        "the amendment of another chain", chain_given(chain, link(CHAIN.next_version())), "does-not-follow"
    )
    fork = (
        link(CHAIN.next_version()),
        link(CHAIN.next_version(rules=amend_rule(3)), approvers=(GUS, LEA, MIA)),
    )
    for which, way in (("", fork), (" the other way", fork[::-1])):
        made.refuse(f"two successors of one version{which}", chain_given(CHAIN, *way), "does-not-follow")
        made.accept(f"either of two successors{which}", chain_given(CHAIN, way[0]))
    early = link(CHAIN.next_version(), not_before=NOW + 1, expires_at=NOW + 9)
    made.refuse("an amendment that is not to be in force yet", chain_given(CHAIN, early), "too-early")
    made.accept("the same a second later", chain_given(CHAIN, early, now=NOW + 1))
    made.refuse(
        "a weaker rule that nobody signed",
        chain_given(CHAIN, _unsigned(amend_rule(2)[:1])),
        "not-authorised-old",
    )
    nora = test_amendments.NORA_JOINS
    steady = link(nora, newcomers=[NORA], **test_amendments.SAME)
    refusing = reject(proposal_of(steady), NORA, at=NOW)
    rejected = link(nora, newcomers=[NORA], signed={"rejections": (refusing,)}, **test_amendments.SAME)
    made.refuse("a newcomer rejects her own coming", chain_given(CHAIN, rejected), "not-authorised-new")
    others = [one.person() for one in but(HANA)]
    hanna = HANA.person().model_copy(update={"name": "Hanna"})
    renamed = CHAIN.next_version(people=in_order([hanna, *others]))
    made.refuse("who requests gets another name", chain_given(CHAIN, link(renamed)), "not-authorised-new")
    for name, (credential, key) in {
        "another key under the same credential": (GUS.key, GUS.second_key),
        "the same key under another credential": (GUS.second_key, GUS.key),
    }.items():
        token = GUS.key.token(credential_id=credential.credential_id, public_key=key.public_key)
        people = in_order(
            [GUS.person().model_copy(update={"tokens": (token,)}), *(p.person() for p in but(GUS))]
        )
        new = CHAIN.next_version(people=people)
        made.refuse(name, chain_given(CHAIN, link(new, approvers=[LEA, MIA])), "not-proved")
    cut = one.model_copy(update={"possession": one.possession[:-1]})
    made.refuse("a signature is left out", chain_given(chain, links=[cut]), "not-proved")


def _unsigned(rules: Sequence[Any]) -> CharterLink:
    return link(CHAIN.next_version(rules=tuple(rules)), approvers=())


def _zone(members: Sequence[Member]) -> Chain:
    return Deployment(now=NOW).zone(members=members)


def _admitting(make: Callable[[], ShareKey]) -> tuple[Chain, CharterLink]:
    bare = _zone((DINA, EMIL, FAY))
    people = test_share_keys.with_share_key(bare.current, make())
    new = bare.next_version(people=people)
    return bare, bare.link_to(new, requester=DINA, approvers=(EMIL, FAY), now=NOW)


def _add_share_keys(made: Book) -> None:
    made.accept("a zone that is founded with share keys", chain_given(_zone(CUSTODIANS)))
    chain, one = _admitting(lambda: DINA.key.share_key(DINA))
    made.accept("an amendment admits a share key", chain_given(chain, one))
    codes = {"by no signature": "other-credential", "by another token of the same person": "other-credential"}
    for name, make in test_share_keys.NOT_CERTIFIED.items():
        chain, one = _admitting(make)
        code = codes.get(name, "other-challenge")
        made.refuse(f"a share key is certified {name}", chain_given(chain, one), code, desk="not-certified")
    zone = _zone(CUSTODIANS)
    rekeyed = tuple(
        one.model_copy(update={"tokens": (replace(DINA).second_key.token(share_key=None),)})
        if one.id == DINA.id
        else one
        for one in zone.current.people
    )
    new = zone.next_version(people=rekeyed)
    bare = zone.link_to(new, requester=DINA, approvers=(EMIL, FAY), now=NOW)
    made.refuse("a new token, unproved, in a share key's place", chain_given(zone, bare), "not-proved")
    proof = DINA.second_key.sign(Purpose.FOUND, new.raw)
    made.accept(
        "a new token, proved, in a share key's place",
        chain_given(zone, bare.model_copy(update={"possession": (proof,)})),
    )
    moved = zone.next_version(zone=zone.current.zone.model_copy(update={"controller": "provider"}))
    made.refuse(
        "control goes to a side that has nobody in it",
        chain_given(zone, zone.link_to(moved, requester=DINA, approvers=(EMIL, FAY), now=NOW)),
        "foreign-custodian",
    )
    stranger = CLEO.with_roles(Role.KEY_MANAGER)
    joined = zone.next_version(people=in_order([*zone.current.people, stranger.person()]))
    made.refuse(
        "somebody joins without having signed",
        chain_given(zone, zone.link_to(joined, requester=DINA, approvers=(EMIL, FAY), now=NOW)),
        "not-proved",
    )


def add_control(made: Book) -> None:
    """Chains of zones under the control of either side, and from one to the other."""
    for name, make in controlling.CONTROLLED.items():
        made.accept(f"control: {name}", chain_given(make()))
    for name, (make, code) in controlling.OUT_OF_CONTROL.items():
        made.refuse(f"out of control: {name}", chain_given(make()), code)
    for name, hand_over in controlling.HANDED_OVER.items():
        made.accept(f"control goes {name}", chain_given(*hand_over()))
    for name, (hand_over, code) in controlling.NOT_HANDED_OVER.items():
        made.refuse(f"control stays: {name}", chain_given(*hand_over()), code)
