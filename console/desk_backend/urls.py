"""The addresses between console and desk."""

from django.urls import path

from console.desk_backend import begin, exchange, returning

app_name = "desk"
urlpatterns = [
    path("sign-in", begin.sign_in, name="sign-in"),
    path("enrol", begin.enrol, name="enrol"),
    path("share-key/<str:key>", begin.share_key, name="share-key"),
    path("propose/<str:key>", begin.propose, name="propose"),
    path("approve/<str:key>", begin.approve, name="approve"),
    path("reject/<str:key>", begin.reject, name="reject"),
    path("cancel/<str:key>", begin.cancel, name="cancel"),
    path("found/<str:key>", begin.found, name="found"),
    path("suspend/<str:key>", begin.suspend, name="suspend"),
    path("suspend-application/<str:key>", begin.suspend_application, name="suspend-application"),
    path("contribute/<str:key>", begin.contribute, name="contribute"),
    path("ticket", exchange.ticket, name="ticket"),
    path("answer", exchange.answer, name="answer"),
    path("return", returning.come_back, name="return"),
]
