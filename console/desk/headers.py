"""The headers of every answer from the desk's origin, whoever serves it."""


def desk_headers(*, console: str, origin: str) -> dict[str, str]:
    """The headers by name: only the desk's own files run there, and reach the console's origin alone."""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "font-src": "'self'",
        "img-src": "'self'",
        "connect-src": console,
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Permissions-Policy": (
            "publickey-credentials-get=(self), publickey-credentials-create=(self), "
            "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
        ),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cache-Control": "no-cache",
    }
    if origin.startswith("https://"):
        headers["Strict-Transport-Security"] = "max-age=63072000"
    return headers


def nginx_headers(headers: dict[str, str]) -> str:
    """The same headers as a file that an nginx `server` block includes."""
    lines = [f'add_header {name} "{value}" always;' for name, value in headers.items()]
    return "\n".join(["# The desk's headers: include this in the server block of its host name.", *lines, ""])
