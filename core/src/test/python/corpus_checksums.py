#!/usr/bin/env python3
"""Prints each page of the corpus with the number of its samples and the checksum that CorpusTest expects.

A second, simple reading of the two text formats with Python's own float(), for pages without errors; it shares nothing
with the parser under test. Run it by hand after a page was added: python3 corpus_checksums.py

The checksum is a CRC-32 over the samples in page order, without those of a series (and timestamp, if the page states
one) that stood further above. Of a sample: its labels, __name__ among them and those with an empty value left out,
sorted by the bytes of their names, each as name, FF, value, FF (a byte that UTF-8 never has); then the bits of the
value as 16 hex digits, a space, the timestamp in milliseconds (of the scrape, if the page states none) and a newline.
"""
import decimal
import pathlib
import re
import struct
import zlib

CORPUS = pathlib.Path(__file__).parent.parent / "resources" / "corpus"
SCRAPE_TIME = 1_700_000_000_000
NORMAL_NAN = "7ff8000000000001"

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
QUOTED = r'"((?:[^"\\]|\\.)*)"'
LABEL = re.compile(r"(?:([a-zA-Z_][a-zA-Z0-9_]*)|" + QUOTED + r")[ \t]*(?:=[ \t]*" + QUOTED + r")?[ \t]*,?")
ESCAPE = re.compile(r'\\(["\\n])')


def unescape(text):
    return ESCAPE.sub(lambda m: "\n" if m[1] == "n" else m[1], text)


def labels_and_rest(line):
    labels = {}
    at = 0
    name = NAME.match(line)
    if name:
        labels["__name__"] = name[0]
        at = name.end()
    while line[at] in " \t":
        at += 1
    if line[at] == "{":
        at += 1
        while True:
            while line[at] in " \t":
                at += 1
            if line[at] == "}":
                break
            label = LABEL.match(line, at)
            key = label[1] if label[1] else unescape(label[2])
            if label[3] is None:
                key, value = "__name__", key
            else:
                value = unescape(label[3])
            assert key not in labels, line
            labels[key] = value
            at = label.end()
        at += 1
    return labels, line[at:]


def bits(text):
    value = float(text)
    return NORMAL_NAN if value != value else struct.pack(">d", value).hex()


def samples(page, openmetrics):
    for line in page.decode("utf-8").split("\n"):
        line = line.strip(" \t\r")
        if not line or line.startswith("#"):
            continue
        labels, rest = labels_and_rest(line)
        words = rest.split(" # ")[0].split()
        stamp = None
        if len(words) > 1:
            stamp = int(decimal.Decimal(words[1]) * 1000) if openmetrics else int(words[1])
        assert len(words) <= 2, line
        yield labels, bits(words[0]), stamp


def checksum(page, openmetrics):
    seen = set()
    count = 0
    crc = 0
    for labels, value, stamp in samples(page, openmetrics):
        count += 1
        kept = sorted((k.encode(), v.encode()) for k, v in labels.items() if v)
        series = b"".join(k + b"\xff" + v + b"\xff" for k, v in kept)
        if (series, stamp) in seen:
            continue
        seen.add((series, stamp))
        crc = zlib.crc32(series + f"{value} {SCRAPE_TIME if stamp is None else stamp}\n".encode(), crc)
    return count, crc


for file in sorted(CORPUS.iterdir()):
    if file.suffix in (".prom", ".openmetrics"):
        print("%s, %d, %08x" % (file.name, *checksum(file.read_bytes(), file.suffix == ".openmetrics")))
