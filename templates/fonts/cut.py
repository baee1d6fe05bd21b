#!/usr/bin/python3
"""Cuts the fonts of this folder from their sources (README.md).

    apt-get install python3-fonttools fonts-ocr-b
    npm pack @expo-google-fonts/be-vietnam-pro@0.4.1 && tar xzf *.tgz
    ./cut.py package/ .

Be Vietnam Pro has every Vietnamese letter, but not all that Ede, Jrai, Bahnar and
Cơ-ho add. Those are composed here from the font's own letters, marks and distances,
and go to a second file, so that the common one stays small. In the common one, figures
are tabular, and pairs are kerned as in the source. Letters for which Unicode
has no code point (Ê with a breve, ...) stand at U+E000 and up, under the name of both
code points ("uni00CA0306"), by which text is extracted from a PDF.
"""

import sys
from fontTools import subset
from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

ASCII = [c for c in map(chr, range(32, 127)) if c not in "^{}|~\\`"]
LOWER = "àảãáạăằẳẵắặâầẩẫấậèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵđ"
VIETNAMESE = LOWER + LOWER.upper()
MRZ = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"

# Composed letters: code point, name, letter, mark.
BREVES = [(0x114, "E"), (0x115, "e"), (0x12C, "I"), (0x12D, "dotlessi"), (0x14E, "O"), (0x14F, "o"), (0x16C, "U"), (0x16D, "u")]
DOUBLE = "ÊÔƠƯêôơư"  # each with U+0306, at U+E000 and up


def bounds(font, name):
    pen = BoundsPen(font.getGlyphSet())
    font.getGlyphSet()[name].draw(pen)
    return pen.bounds


def put(font, code, name, glyph, like):
    font["glyf"][name] = glyph
    font["hmtx"][name] = font["hmtx"][like]
    glyph.recalcBounds(font["glyf"])
    font["hmtx"][name] = (font["hmtx"][like][0], glyph.xMin)
    for table in font["cmap"].tables:
        if table.isUnicode():
            table.cmap[code] = name


def breve_over(font, code, name, letter, mark, gap, middle=None):
    """Stacks the mark over the letter, centered, with a gap."""
    l, m = bounds(font, letter), bounds(font, mark)
    center = middle if middle is not None else (l[0] + l[2]) / 2
    pen = TTGlyphPen(font.getGlyphSet())
    pen.addComponent(letter, (1, 0, 0, 1, 0, 0))
    pen.addComponent(mark, (1, 0, 0, 1, round(center - (m[0] + m[2]) / 2), round(l[3] + gap - m[1])))
    put(font, code, name, pen.glyph(), letter)


def barred(font, code, name, letter, y, left, right, thick):
    """Draws a bar through the letter's stem."""
    pen = TTGlyphPen(font.getGlyphSet())
    record = DecomposingRecordingPen(font.getGlyphSet())
    font.getGlyphSet()[letter].draw(record)
    record.replay(pen)
    pen.moveTo((left, y)); pen.lineTo((left, y + thick)); pen.lineTo((right, y + thick)); pen.lineTo((right, y)); pen.closePath()
    put(font, code, name, pen.glyph(), letter)


def compose(font):
    cmap = font.getBestCmap()
    mark = cmap[0x306]
    capital, small = bounds(font, cmap[ord("Ă")]), bounds(font, cmap[ord("ă")])
    height = bounds(font, mark)[3] - bounds(font, mark)[1]
    gap_capital = capital[3] - height - bounds(font, "A")[3]
    gap_small = small[3] - height - bounds(font, "a")[3]
    for code, letter in BREVES:
        name = cmap.get(0x131, "dotlessi") if letter == "dotlessi" else letter
        breve_over(font, code, "uni%04X" % code, name, mark, gap_small if chr(code).islower() else gap_capital)
    for i, c in enumerate(DOUBLE):
        name, middle = cmap[ord(c)], None
        if c in "ƠƯơư":  # centered over the letter, not over its horn
            plain = bounds(font, {"Ơ": "O", "Ư": "U", "ơ": "o", "ư": "u"}[c])
            middle = (plain[0] + plain[2]) / 2
        breve_over(font, 0xE000 + i, "uni%04X0306" % ord(c), name, mark, gap_small * 0.6, middle)
    dash = bounds(font, cmap[ord("-")])
    thick = round((dash[3] - dash[1]) * 0.8)
    stem = bounds(font, "B")
    barred(font, 0x243, "uni0243", "B", round((stem[3] - thick) * 0.5), stem[0] - 85, stem[0] + 190, thick)
    d = bounds(font, cmap[ord("đ")])
    stem = bounds(font, "b")
    barred(font, 0x180, "uni0180", "b", round(stem[3] * 0.80 - thick), stem[0] - 75, stem[0] + 215, thick)
    n, o = font["hmtx"]["N"][0], cmap[0xBA]
    pen = TTGlyphPen(font.getGlyphSet())
    pen.addComponent("N", (1, 0, 0, 1, 0, 0))
    pen.addComponent(o, (1, 0, 0, 1, n, 0))
    put(font, 0x2116, "uni2116", pen.glyph(), "N")
    font["hmtx"]["uni2116"] = (n + font["hmtx"][o][0], font["hmtx"]["uni2116"][1])
    font.setGlyphOrder(list(font["glyf"].glyphOrder))


def tabular(font):
    """Gives all figures the width of a zero, each in the middle of it: numbers and dates of
    different cards, and rows of papers, stand in columns. The font has no such figures."""
    cmap = font.getBestCmap()
    width = font["hmtx"][cmap[ord("0")]][0]
    for figure in "123456789":
        name = cmap[ord(figure)]
        own, left = font["hmtx"][name]
        by = round((width - own) / 2)
        font["glyf"][name].coordinates.translate((by, 0))
        font["glyf"][name].recalcBounds(font["glyf"])
        font["hmtx"][name] = (width, left + by)


def cut(font, text, to, features=()):
    options = subset.Options(hinting=False, glyph_names=True, notdef_outline=True, layout_features=list(features),
                             name_IDs=[0, 1, 2, 4, 6, 13, 14], name_languages=[0x409],
                             drop_tables=["GSUB"] + ([] if features else ["GPOS"]) + ["GDEF", "DSIG", "STAT", "FFTM", "gasp", "BASE", "meta"])
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[ord(c) for c in text])
    cutter.subset(font)
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    font.save(to)
    print(to, len(font.getGlyphOrder()), "glyphs")


def quadratic(path):
    """Turns OCR-B's cubic outlines into quadratic ones: gofpdf embeds TrueType only."""
    font = TTFont(path)
    order = font.getGlyphOrder()
    glyphs = {}
    for name in order:
        pen = TTGlyphPen(None)
        font.getGlyphSet()[name].draw(Cu2QuPen(pen, 0.5, reverse_direction=True))
        glyphs[name] = pen.glyph()
    del font["CFF "]
    font["loca"], font["glyf"] = newTable("loca"), newTable("glyf")
    font["glyf"].glyphOrder, font["glyf"].glyphs = order, glyphs
    maxp = font["maxp"] = newTable("maxp")
    maxp.tableVersion, maxp.numGlyphs = 0x00010000, len(order)
    for key in ("maxZones maxTwilightPoints maxStorage maxFunctionDefs maxInstructionDefs maxStackElements maxSizeOfInstructions "
                "maxComponentElements maxComponentDepth maxPoints maxContours maxCompositePoints maxCompositeContours").split():
        setattr(maxp, key, 0)
    maxp.maxZones = 1
    font["post"].formatType, font["post"].extraNames, font["post"].mapping = 2.0, [], {}
    font.sfntVersion = "\x00\x01\x00\x00"
    return font


def main(source, to):
    for weight, name in (("400Regular", "Regular"), ("600SemiBold", "SemiBold")):
        path = f"{source}/{weight}/BeVietnamPro_{weight}.ttf"
        common = TTFont(path)
        tabular(common)
        cut(common, ASCII + list(VIETNAMESE) + ["°"], f"{to}/BeVietnamPro-{name}.ttf", ["kern"])
        more = TTFont(path)
        compose(more)
        cut(more, "".join(chr(c) for c, _ in BREVES) + "ČčÑñɃƀ№" + "".join(chr(0xE000 + i) for i in range(len(DOUBLE))), f"{to}/BeVietnamPro-{name}-More.ttf")
    cut(quadratic("/usr/share/fonts/opentype/ocr-b/OCRB.otf"), MRZ, f"{to}/OCRB.ttf")


main(*sys.argv[1:3])
