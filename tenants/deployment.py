"""Which deployment this is, and the desk its people sign at."""

from django.conf import settings
from django.db import transaction

from hsmnodes.node.protocol.documents import Desk
from tenants.models import Deployment


def current() -> Deployment:
    """The deployment; its id is drawn when it is first asked for."""
    deployment = Deployment.objects.first()
    if deployment is None:
        with transaction.atomic():
            deployment, _ = Deployment.objects.get_or_create(only=True, defaults={"demo": settings.DEMO})
    return deployment


def desk() -> Desk:
    """The desk of this console, as charters pin it."""
    return Desk(origin=settings.DESK_ORIGIN, rp_id=settings.DESK_RP_ID)
