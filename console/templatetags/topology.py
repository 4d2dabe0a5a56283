"""The drawing of the topology, for the width that a part of a page has."""

from django import template

from console.pages import topology_drawing
from console.pages.topology import Picture

register = template.Library()

WIDTHS = {
    "narrow": topology_drawing.NARROW,
    "wide": topology_drawing.WIDE,
    "widest": topology_drawing.WIDEST,
}


@register.simple_tag
def drawing(picture: Picture, size: str) -> topology_drawing.Drawing:
    """Where everything of the picture goes."""
    return topology_drawing.draw(picture, WIDTHS[size])
