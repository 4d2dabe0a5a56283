"""The addresses of the console."""

from django.urls import include, path

from console.metrics import metrics

urlpatterns = [
    path("desk/", include("console.desk_backend.urls")),
    path("api/", include("console.api.urls")),
    path("metrics", metrics, name="metrics"),
    path("", include("console.pages.urls")),
]

handler400 = "console.errors.bad_request"
handler404 = "console.errors.not_found"
handler500 = "console.errors.server_error"
