"""What is left when shares of a backup key are lost: what is still possible, what is not, what to do now."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from console.pages import wording
from hsmnodes.node.protocol.consistency import can_be_signed
from hsmnodes.node.protocol.documents import Charter
from tenants import tags, tokens
from tenants.models import CharterVersion, TrustZone


@dataclass(frozen=True)
class Step:
    """One thing to do; `address` is where, or empty."""

    text: str
    address: str = ""


@dataclass(frozen=True)
class Loss:
    """`state` gives its colour: `bad` if the shares do not rebuild the key, else `wait`."""

    state: str
    title: str
    still: tuple[str, ...]
    gone: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Shares:
    """How many shares of the last set can be given, of how many, how many it takes, and whose cannot."""

    usable: int
    count: int
    threshold: int
    lost: tuple[str, ...]

    @property
    def spare(self) -> int:
        """How many more can be lost; below zero, too many are."""
        return self.usable - self.threshold


def loss_of(zone: TrustZone, shares: Shares, version: CharterVersion | None) -> Loss | None:
    """What threatens, or has come; None if a share can be lost and none is."""
    if shares.spare > 0 and not shares.lost:
        return None
    return Loss(
        state="bad" if shares.spare < 0 else "wait",
        title=_title(shares),
        still=tuple(_still(shares)),
        gone=tuple(_gone(shares)),
        steps=tuple(_steps(zone, shares, version)),
    )


def _title(shares: Shares) -> str:
    if shares.spare < 0:
        return ngettext(
            "Too few shares are left: %(usable)d can be given, and it takes %(threshold)d to rebuild the key",
            "Too few shares are left: %(usable)d can be given, and it takes %(threshold)d to rebuild the key",
            shares.usable,
        ) % {"usable": shares.usable, "threshold": shares.threshold}
    if shares.spare == 0:
        return _("There is no one to spare: all %(usable)d who can still give their share are needed") % {
            "usable": shares.usable
        }
    return _("%(lost)s cannot give their share: %(spare)d more can be lost") % {
        "lost": wording.names(list(shares.lost), last="and"),
        "spare": shares.spare,
    }


def _still(shares: Shares) -> Iterator[str]:
    yield _("The keys in the HSM work as before, and new ones can be made and backed up.")
    yield _("The HSM has the backup key itself, so it can be reshared or rotated without anybody's share.")
    yield _("While an HSM has the key, the zone can be extended to another one without the custodians.")
    if shares.spare >= 0:
        yield _("The custodians who are left can bring the key into another HSM, and prove that in a drill.")


def _gone(shares: Shares) -> Iterator[str]:
    if shares.spare < 0:
        yield _(
            "The backup key cannot be rebuilt: its custodians can bring it into no other HSM, and hold no "
            "drill."
        )
        yield _("If every HSM that has the zone is lost now, so are its keys, whatever backups there are.")


def _steps(zone: TrustZone, shares: Shares, version: CharterVersion | None) -> Iterator[Step]:
    if version is None:
        return
    if out_of_reach := _out_of_reach(version.document):
        yield Step(
            _(
                "Too few people with a working token are left to sign for %(what)s. Nobody can reset that: "
                "unless a token comes back, make new keys in a zone founded anew, and let this one go."
            )
            % {"what": out_of_reach}
        )
    if shares.lost:
        back = _("If a token was suspended and has turned up again, have a security officer clear it.")
        yield Step(back, reverse("people"))
        amend = _("Take what is lost out of the zone's charter, and admit other custodians or share keys.")
        yield Step(amend, reverse("charter-amend", args=[version.pk]))
    else:
        more = _("Make more people custodians in the zone's charter, or lower the number of shares it takes.")
        yield Step(more, reverse("charter-amend", args=[version.pk]))
    reshare = _(
        "Reshare the backup key among custodians whose tokens work. It is the same key: old shares fit it."
    )
    yield Step(reshare, _to(tags.RESHARE_BACKUP_KEY, zone))
    if shares.lost:
        rotate = _(
            "If a share may be in other hands, rotate the backup key instead: old shares fit no new backup."
        )
        yield Step(rotate, _to(tags.ROTATE_BACKUP_KEY, zone))


def _out_of_reach(charter: Charter) -> str:
    """What would help, and too few are left to sign for."""
    able = able_to_sign(charter)
    found = [
        f"“{wording.operation(tag)}”"
        for tag in (tags.AMEND_CHARTER, tags.RESHARE_BACKUP_KEY)
        if not can_be_signed(charter, tag, by=able)
    ]
    return wording.names(found)


def able_to_sign(charter: Charter) -> set[str]:
    """The ids of those in a charter who have a token there that is not suspended."""
    suspended = tokens.not_counting(charter.by_credential, [charter.authority.id])
    return {
        person.id
        for person in charter.people
        if any(token.credential_id not in suspended for token in person.tokens)
    }


def _to(tag: str, zone: TrustZone) -> str:
    return f"{reverse('propose-form', args=[tag])}?zone={zone.pk}"
