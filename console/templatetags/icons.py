"""Icons as inline SVG: strokes on a 24-unit grid, in the colour of the text beside them."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

PATHS = {
    "overview": "M3 3h7v9H3zM14 3h7v5h-7zM14 12h7v9h-7zM3 16h7v5H3z",
    "sign": "M3 21h18M5 17l1-4L16.5 2.5a2.1 2.1 0 0 1 3 3L9 16z",
    "zones": "M12 3l8 4v5c0 4.5-3.2 7.7-8 9-4.8-1.3-8-4.5-8-9V7z",
    "nodes": "M3 4h18v6H3zM3 14h18v6H3zM7 7h.01M7 17h.01M11 7h4M11 17h4",
    "people": "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 21v-1a6 6 0 0 1 12 0v1M16 3.5a4 4 0 0 1 0 7"
    "M18 14.5a6 6 0 0 1 4 5.5v1",
    "duties": "M4 4h16v16H4zM4 9.3h16M4 14.6h16M10 4v16M12.8 11.9h3.4M15 17.3h2",
    "log": "M5 3h11l3 3v15H5zM9 9h6M9 13h6M9 17h3",
    "settings": "M4 6h10M18 6h2M4 12h2M10 12h10M4 18h12M20 18h0M16 4v4M8 10v4M18 16v4",
    "search": "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20.5 20.5 16 16",
    "command": "M9 9h6v6H9zM9 9V6.5A2.5 2.5 0 1 0 6.5 9zM15 9h2.5A2.5 2.5 0 1 0 15 6.5z"
    "M15 15v2.5a2.5 2.5 0 1 0 2.5-2.5zM9 15H6.5A2.5 2.5 0 1 0 9 17.5z",
    "theme": "M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18",
    "bell": "M6 17V11a6 6 0 0 1 12 0v6l2 2H4zM10 21.5h4",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "copy": "M9 9h11v11H9zM5 15H4V4h11v1",
    "check": "M4.5 12.5l5 5 10-11",
    "cross": "M6 6l12 12M18 6L6 18",
    "plus": "M12 5v14M5 12h14",
    "arrow": "M4 12h16M14 6l6 6-6 6",
    "back": "M20 12H4M10 6l-6 6 6 6",
    "down": "M6 9l6 6 6-6",
    "download": "M12 3v12M7 10.5l5 5 5-5M4 20h16",
    "print": "M7 8V3h10v5M7 17H4V8h16v9h-3M7 14h10v7H7z",
    "warning": "M12 3.5L22 20.5H2zM12 10v4.5M12 17.5h.01",
    "info": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5.5M12 7.5h.01",
    "key": "M14.5 14a5 5 0 1 0-4.6-3L3 18v3h3.5v-2.5H9V16h2l1.9-2.4a5 5 0 0 0 1.6.4zM16 8h.01",
    "token": "M7 10h10v11H7zM9 10V3h6v7M12 14.5h.01M11 5.5h.01M13 5.5h.01",
    "clock": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.5 2",
    "desk": "M4 4h16v11H4zM9 20h6M12 15v5M9 9.5l2 2 4-4",
    "filter": "M4 5h16l-6.5 7.5V19l-3 1.5v-8z",
    "charter": "M6 3h12v18l-6-3.5L6 21zM9.5 8h5M9.5 12h5",
    "place": "M12 21s7-6.2 7-11a7 7 0 1 0-14 0c0 4.8 7 11 7 11zM12 12.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
    "out": "M10 4H5v16h5M15 8l4 4-4 4M19 12H9",
    "eye": "M2 12s3.6-6.5 10-6.5S22 12 22 12s-3.6 6.5-10 6.5S2 12 2 12z"
    "M12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
    "link": "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7L12 7"
    "M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7L12 17",
    "program": "M4 5h16v14H4zM7.5 10l2.5 2-2.5 2M12.5 14.5H16",
    "proof": "M12 3l8 4v5c0 4.5-3.2 7.7-8 9-4.8-1.3-8-4.5-8-9V7zM8.5 12l2.5 2.5 4.5-5",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """The icon `name`; decoration only, so hidden from screen readers."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="{}"/></svg>',
        PATHS[name],
    )


@register.simple_tag
def mark() -> SafeString:
    """Quorate's mark: three seats, two of them taken."""
    return mark_safe(
        '<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
        '<rect class="firm" x="2" y="12" width="9" height="9" rx="2.5"/>'
        '<rect class="firm" x="7.5" y="2" width="9" height="9" rx="2.5"/>'
        '<rect class="light" x="13.9" y="12.9" width="7.2" height="7.2" rx="1.8"/></svg>'
    )
