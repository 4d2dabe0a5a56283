"""The machines' side of the database."""

from hsmnodes.models.alarm import Alarm
from hsmnodes.models.application import Application, ApplicationSuspension, ApplicationToken
from hsmnodes.models.backup import Backup
from hsmnodes.models.ceremony import Ceremony, Contribution, ContributionOutcome
from hsmnodes.models.cluster import Cluster, ClusterMode
from hsmnodes.models.data_centre import DataCentre
from hsmnodes.models.epoch import Epoch
from hsmnodes.models.key import Key, KeyCopy
from hsmnodes.models.node import Node, NodeStatus
from hsmnodes.models.outbox import ANSWERED, MessageKind, OutboxMessage
from hsmnodes.models.receipt import Attachment, Receipt
from hsmnodes.models.sample import Sample, Span, Standing
from hsmnodes.models.share_set import HeldShare, Kept, ShareSet
from hsmnodes.models.slot import BackupKey, Placement, Slot

__all__ = [
    "ANSWERED",
    "Alarm",
    "Application",
    "ApplicationSuspension",
    "ApplicationToken",
    "Attachment",
    "Backup",
    "BackupKey",
    "Ceremony",
    "Cluster",
    "ClusterMode",
    "Contribution",
    "ContributionOutcome",
    "DataCentre",
    "Epoch",
    "HeldShare",
    "Kept",
    "Key",
    "KeyCopy",
    "MessageKind",
    "Node",
    "NodeStatus",
    "OutboxMessage",
    "Placement",
    "Receipt",
    "Sample",
    "ShareSet",
    "Slot",
    "Span",
    "Standing",
]
