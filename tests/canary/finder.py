"""Finds a marker in bytes, however it was written down: plain, encoded, escaped, backwards, whole or half.

Compressed and encrypted forms are out of reach, of course. Nothing here prints a marker.
"""
import base64
import secrets

HALF = 16


def new_marker(label):
    """Letters and digits, so that what it becomes in every form is known; each half random enough to be unique."""
    random = secrets.token_hex(HALF)
    return label[:6] + random[:HALF - len(label[:6])] + "M" + random[-(HALF - 1):]


def base64_at(raw, before, encode=base64.b64encode):
    """What is certain of the base64 text of `raw` when `before` (modulo 3) bytes stand before it."""
    whole = encode(bytes(before) + raw).rstrip(b"=")
    return whole[-(-8 * before // 6):8 * (before + len(raw)) // 6]


def forms(text):
    """{name of the form: bytes}"""
    raw = text.encode()
    found = {
        "utf-8": raw,
        "utf-16": text.encode("utf-16-le"),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "json": "".join(f"\\u{ord(c):04x}" for c in text).encode(),
        "JSON": "".join(f"\\u{ord(c):04X}" for c in text).encode(),
        "percent": "".join(f"%{b:02X}" for b in raw).encode(),
        "reversed": raw[::-1],
        "reversed hex": raw[::-1].hex().encode(),
    }
    for before in range(3):
        found[f"base64+{before}"] = base64_at(raw, before)
        found[f"reversed base64+{before}"] = base64_at(raw[::-1], before)
        url = base64_at(raw, before, base64.urlsafe_b64encode)
        if url != found[f"base64+{before}"]:
            found[f"base64url+{before}"] = url
    return found


class Finder:
    """Of markers with names."""

    def __init__(self, **markers):
        self.patterns = []
        for name, marker in markers.items():
            for part, text in (("first half", marker[:HALF]), ("second half", marker[HALF:])):  # the whole holds both
                self.patterns += [(f"{part} of the {name} as {form}", data) for form, data in forms(text).items()]
        self.overlap = max(len(data) for _, data in self.patterns)

    def find(self, data):
        return [what for what, pattern in self.patterns if pattern in data]
