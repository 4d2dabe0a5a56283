"""What programs may do here: read, and draft. Signing, in whatever form, is for people."""

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from tenants.models import Person, Program


class PeopleWrite(BasePermission):
    """Everybody who is known reads; only people write. Every view has this unless it says otherwise."""

    message = "Programs read and draft; this is done by a person."
    code = "people-only"

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002 - the framework's
        """Whether the request may go on; nobody at all gets 401 from the framework."""
        if isinstance(request.user, Program):
            return request.method in SAFE_METHODS
        return isinstance(request.user, Person)


class AnyoneKnown(BasePermission):
    """People and programs alike."""

    def has_permission(self, request: Request, view: APIView) -> bool:  # noqa: ARG002
        """Whether the request may go on."""
        return isinstance(request.user, Person | Program)
