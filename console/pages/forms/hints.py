"""What a form says beside a field, where the operation's own words are not enough. Nothing depends on it."""

from dataclasses import KW_ONLY, dataclass, field

from tenants import tags


@dataclass(frozen=True)
class Hint:
    """Help for one field; `only` maps each choice of a list to the values of `depends` it goes with.

    `none` is said in place of `help` when there is nothing to choose: what has to come before.
    """

    help: str = ""
    placeholder: str = ""
    initial: object = None
    _: KW_ONLY
    depends: str = ""
    none: str = ""
    only: dict[str, tuple[str, ...]] = field(default_factory=dict)


RSA = ("rsa-2048", "rsa-3072", "rsa-4096")
EC = ("ec-p256", "ec-p384")
AES = ("aes-128", "aes-256")

HINTS: dict[tuple[str, str], Hint] = {
    (tags.GENERATE_KEYS, "keys.label"): Hint(
        "What applications and people will call it. It is unique in the zone and never given again.",
        "payments-2027",
    ),
    (tags.GENERATE_KEYS, "keys.algorithm"): Hint("", "", "ec-p256"),
    (tags.GENERATE_KEYS, "keys.usages"): Hint(
        "Nothing else will be possible with this key. For pairs it is the private half that is meant.",
        "",
        ["sign"],
        depends="algorithm",
        only={"sign": (*RSA, *EC), "decrypt": (*RSA, *AES), "encrypt": AES},
    ),
    (tags.DESTROY_KEYS, "keys"): Hint("A destroyed key cannot be brought back except from a backup."),
    **{
        (tag, "threshold"): Hint(
            "How many custodians rebuild the key together. How many people sign this is in the charter.",
            "",
            2,
        )
        for tag in (tags.SHARE_BACKUP_KEY, tags.RESHARE_BACKUP_KEY, tags.ROTATE_BACKUP_KEY)
    },
    (tags.DRILL_BACKUP_KEY, "shares"): Hint(
        "At least as many as rebuild the key. With all custodians the drill also finds a share that is lost.",
        "",
        2,
    ),
    (tags.IMPORT_BACKUP_KEY, "slot"): Hint("The name of the zone's place on that node.", "Cards on fra-1"),
    (tags.EXTEND_ZONE, "slot"): Hint("The name of the zone's place on the further HSM.", "Cards on fra-1"),
    (tags.EXTEND_ZONE, "receiver"): Hint(
        "HSMs on which the zone's service was started, and the zone is not.",
        none="There is no such HSM yet. First its service is started on a further HSM, by a proposal, too.",
    ),
    (tags.EXTEND_ZONE, "sender"): Hint("It has the zone, and sends backup key and keys."),
    (tags.WITHDRAW_ZONE, "left"): Hint("Everything of the zone is destroyed there."),
    (tags.WITHDRAW_ZONE, "keeper"): Hint(
        "It confirms first that it has the same keys, so that none is lost."
    ),
    (tags.CREATE_SLOT, "slot"): Hint("The name of the zone's place on this node.", "Cards on ams-1"),
    (tags.START_SERVICE, "service"): Hint("What the customer will call it.", "Payments HSM"),
    (tags.START_SERVICE, "mode"): Hint(
        "Shared: slots on an HSM that others use, too. Exclusive: the whole HSM, with one Trust Zone."
    ),
    (tags.START_SERVICE, "on_node"): Hint(
        none="You see the HSMs of your own services alone. An HSM administrator of your provider proposes a "
        "service; your security officers then sign it."
    ),
    (tags.ADMIT_APPLICATION, "application"): Hint("Left empty, it is called as its request says."),
    (tags.ADMIT_APPLICATION, "on_node"): Hint(
        none="No HSM of this zone says that it serves applications: its provider configures an endpoint."
    ),
    (tags.ENROL_NODE, "node"): Hint(none="Register the machine first, on the page of the HSMs."),
    (tags.FOUND_ZONE, "zone"): Hint(none="Draft the zone's charter first, and have its people sign it."),
    (tags.CREATE_SLOT, "zone"): Hint(none="There is no founded zone yet: its founding comes first."),
    **{
        (tag, "cluster"): Hint(none="There is no cluster yet: it is formed of HSMs first.")
        for tag in (tags.JOIN_CLUSTER, tags.LEAVE_CLUSTER, tags.CHANGE_MODE)
    },
    **{
        (tag, "zone"): Hint(none="There is no zone here yet whose backup key was split: that comes first.")
        for tag in (tags.RESHARE_BACKUP_KEY, tags.DRILL_BACKUP_KEY, tags.IMPORT_BACKUP_KEY)
    },
    (tags.START_SERVICE, "customer"): Hint(
        "From then on the node knows this customer by its founding charter. Compare the words of the charter "
        "with the customer before you sign."
    ),
    (tags.FORM_CLUSTER, "cluster"): Hint(
        "What your people will call it. A name is never given to another cluster.", "Frankfurt pair"
    ),
    (tags.JOIN_CLUSTER, "joined"): Hint(
        "It becomes the last in order. Zones come to it by proposals of their own: the cluster's page leads "
        "to them.",
        none="There is no HSM that is enrolled and in no cluster.",
    ),
    (tags.LEAVE_CLUSTER, "left"): Hint(
        "What is on it stays on it. A zone that no other member has must be extended, or withdrawn, first."
    ),
    (tags.EXPORT_LOG, "from_sequence"): Hint("At most 500 entries at once.", "", 1),
}


def hint(tag: str, path: str) -> Hint:
    """The hint for a field of an operation, or an empty one."""
    return HINTS.get((tag, path), Hint())
