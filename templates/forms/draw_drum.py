"""Draws art/bronze-drum.svg: python3 draw_drum.py > art/bronze-drum.svg

The face of a bronze drum of Đông Sơn, after what all of them share: a star of fourteen rays,
plumes between them, circles that tangents link, teeth and combs, a ring of deer and one of
long-beaked birds, against the clock. No single drum is copied. Its inks run from copper in
the middle to verdigris at the rim, as a press with a split duct prints.
"""

from math import cos, pi, sin

MIDDLE = 100.0


def at(angle, radius):
    return MIDDLE + radius * sin(angle), MIDDLE - radius * cos(angle)


def num(v):
    return f"{v:.1f}".removesuffix(".0")


def points(list_):
    return " ".join(f"{num(x)} {num(y)}" for x, y in list_)


def chain(*list_, closed=False):
    return f"M{points(list_[:1])}L{points(list_[1:])}" + ("Z" if closed else "")


def circle(x, y, r, quarters=2):
    """A circle of two curves, which is round enough below a millimeter, or of four."""
    step = 2 * pi / quarters
    k = 4 / 3 * (1 - cos(step / 2)) / sin(step / 2) * r
    d = f"M{points([(x + r, y)])}C"
    for i in range(quarters):
        a, b = i * step, (i + 1) * step
        d += points([
            (x + r * cos(a) - k * sin(a), y + r * sin(a) + k * cos(a)),
            (x + r * cos(b) + k * sin(b), y + r * sin(b) - k * cos(b)),
            (x + r * cos(b), y + r * sin(b)),
        ]) + " "
    return d.strip() + "Z"


def ring(*radii):
    return "".join(circle(MIDDLE, MIDDLE, r, 4) for r in radii)


def around(n, draw):
    return "".join(draw(2 * pi * i / n, 2 * pi / n) for i in range(n))


def comb(n, inner, outer):
    return around(n, lambda a, _: chain(at(a, inner), at(a, outer)))


def links(n, middle, r):
    """Circles with a dot in each, and tangents from the outside of one to the inside of the next."""
    def one(a, step):
        x, y = at(a, middle)
        near = 0.3 * step
        return circle(x, y, r) + chain(at(a + near / 2, middle + r * 0.98), at(a + step - near / 2, middle - r * 0.98))
    return around(n, one)


def dots(n, middle, r):
    return around(n, lambda a, _: circle(*at(a, middle), r))


def teeth(n, inner, outer):
    return around(n, lambda a, step: chain(at(a, inner), at(a + step / 2, outer), at(a + step, inner)))


def creature(a, radius, strokes):
    """Strokes along a ring: x in units of length against the clock, y outwards."""
    return "".join(chain(*[at(a - x / radius, radius + y) for x, y in s]) for s in strokes)


BIRD = [(11.6, 0.2), (7.4, 1.5), (6.6, 2.3), (5.6, 2.5), (3.4, 4.2), (0.6, 5.0), (3.2, 2.9), (4.2, 1.7), (2.6, 1.2),
        (1.2, 1.9), (-2.2, 6.0), (-6.6, 8.8), (-5.6, 5.4), (-4.2, 2.2), (-4.6, 1.5), (-8.0, 2.2), (-11.4, 3.6),
        (-10.6, 0.4), (-11.4, -2.8), (-8.0, -1.3), (-4.6, -1.1), (-4.4, -2.4), (-5.6, -5.4), (-6.0, -8.4), (-2.0, -5.4),
        (1.0, -1.7), (3.0, -0.9), (5.2, -0.2), (7.2, -0.2), (11.6, 0.2)]
PLUMES = [[(0.6, 1.6), (-2.8, 5.0), (-6.0, 7.9)], [(-0.6, 1.4), (-3.4, 4.2), (-6.0, 6.6)], [(-2.0, 1.3), (-3.9, 3.4), (-5.6, 5.2)],
          [(0.4, -1.6), (-2.6, -4.8), (-5.7, -7.6)], [(-0.8, -1.4), (-3.2, -3.9), (-5.6, -6.4)], [(-2.2, -1.3), (-3.8, -3.0), (-5.3, -4.9)],
          [(-5.0, 0.8), (-10.9, 2.0)], [(-5.0, 0.2), (-10.8, 0.4)], [(-5.0, -0.5), (-10.9, -1.4)], [(3.8, 0.4), (-4.0, 0.2)]]
DEER = [(7.6, 1.5), (6.9, 2.4), (5.9, 2.9), (5.2, 2.2), (4.1, 0.9), (0.6, 0.9), (-3.4, 1.1), (-5.2, 0.6), (-5.9, -0.4),
        (-5.2, -0.2), (-5.0, -1.6), (-5.6, -3.2), (-5.2, -5.4), (-4.6, -5.4), (-4.8, -3.4), (-3.9, -2.0), (-3.2, -3.6), (-3.4, -5.4),
        (-2.8, -5.4), (-2.5, -3.4), (-1.8, -1.5), (1.8, -1.4), (2.6, -3.4), (2.3, -5.4), (2.9, -5.4), (3.3, -3.2), (3.8, -1.4),
        (4.6, -3.1), (5.0, -5.4), (5.6, -5.4), (5.2, -2.8), (4.9, -0.6), (5.7, 0.9), (7.0, 0.8), (7.6, 1.5)]
ANTLERS = [[(5.8, 2.9), (4.2, 4.2), (1.2, 5.2)], [(5.0, 3.6), (5.2, 5.6)], [(3.6, 4.5), (3.4, 6.0)], [(2.4, 4.8), (1.8, 6.0)],
           [(6.1, 2.9), (7.4, 4.6), (7.0, 6.0)], [(6.8, 3.8), (8.2, 4.2)]]


def star(rays, inner, outer):
    """Rays of two facets each; the light falls from one side."""
    lit, dark = "", ""
    for i in range(rays):
        a, half = 2 * pi * i / rays, pi / rays
        lit += chain((MIDDLE, MIDDLE), at(a - half, inner), at(a, outer), closed=True)
        dark += chain((MIDDLE, MIDDLE), at(a, outer), at(a + half, inner), closed=True)
    return lit, dark


def plumes(rays):
    """What stands between two rays: an eye, and chevrons below it."""
    def one(a, step):
        a += step / 2
        d = circle(*at(a, 26.6), 1.9) + circle(*at(a, 26.6), 0.8)
        for r in (16.4, 19.4, 22.4):
            spread = 0.062 + 0.0058 * (r - 16)
            d += chain(at(a - spread, r + 2.3), at(a, r - 0.6), at(a + spread, r + 2.3))
        return d
    return around(rays, one)


def path(d, width=None, color=None, opacity=None):
    paint = f'fill="none" stroke="{color}" stroke-width="{width}"' if width else f'fill="{color}"'
    if opacity:
        paint += f' opacity="{opacity}"'
    print(f'<path {paint} d="{d}"/>')


def main():
    copper, bronze, gold, olive, verdigris = "#d79a72", "#d8a96c", "#d3b267", "#b9b878", "#93bb9c"
    print('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200">')
    print("<!-- The face of a bronze drum of Đông Sơn, by draw_drum.py. -->")
    lit, dark = star(14, 9.5, 29.5)
    path(lit, color=copper, opacity=0.28)
    path(dark, color=copper, opacity=0.62)
    path(plumes(14), 0.45, copper)
    path(ring(30.6, 32) + links(36, 34.6, 1.5) + ring(37.2, 38.4), 0.45, bronze)
    path(teeth(56, 38.6, 41.6) + ring(42), 0.45, bronze)
    herd, flock = 12, 16
    path(around(herd, lambda a, _: creature(a, 48.4, [DEER])), color=bronze, opacity=0.5)
    path(around(herd, lambda a, _: creature(a, 48.4, ANTLERS)), 0.5, bronze)
    path(ring(55.6, 56.6) + comb(80, 57.2, 60) + ring(60.6, 61.6), 0.45, gold)
    path(around(flock, lambda a, _: creature(a, 71.6, [BIRD])), color=gold, opacity=0.5)
    path(around(flock, lambda a, _: creature(a, 71.6, PLUMES)), 0.4, olive)
    path(ring(81.8, 82.8) + comb(100, 83.2, 85.6) + ring(86), 0.45, olive)
    path(links(60, 89, 2.1), 0.45, olive)
    path(dots(60, 89, 0.7), color=olive)
    path(ring(92) + comb(100, 92.4, 94.8) + ring(95.2, 96.4), 0.45, verdigris)
    path(teeth(100, 96.6, 99) , 0.4, verdigris)
    print("</svg>")


if __name__ == "__main__":
    main()
