"""Writes tests/testdata/vectors/envelope-v1.json with the package `cryptography` and plain integers: nothing of ours.

    build/python/bin/python tests/interop/v1_envelope/make_vectors.py > tests/testdata/vectors/envelope-v1.json.new

A second run keeps the key of the file that exists; paddings and IVs are drawn anew.
"""
import base64
import json
import os
import pathlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

FILE = pathlib.Path(__file__).resolve().parents[2] / "testdata/vectors/envelope-v1.json"
AES_KEY = bytes(range(32))
IV = bytes(range(16))
CONTENT = b'[{"role": "user", "content": "What is the capital of France?"}]'
PKCS1 = padding.PKCS1v15()


def oaep(algorithm=hashes.SHA256, label=None):
    return padding.OAEP(padding.MGF1(algorithm()), algorithm(), label)


def b64(data):
    return base64.b64encode(data).decode()


def mgf1(seed, size):
    out = b""
    for counter in range(size // 32 + 1):
        digest = hashes.Hash(hashes.SHA256())
        digest.update(seed + counter.to_bytes(4, "big"))
        out += digest.finalize()
    return out[:size]


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def oaep_block(data, first=0):
    """A block with `data` (223 bytes: hash of the label, zeros, one, message) under the masks."""
    seed = os.urandom(32)
    masked = xor(data, mgf1(seed, len(data)))
    return bytes([first]) + xor(seed, mgf1(masked, 32)) + masked


def sha256(data):
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    return digest.finalize()


def oaep_data(message, label=b"", one=b"\1", first_zero=b"\0"):
    zeros = first_zero + bytes(223 - 32 - 2 - len(message))
    return sha256(label) + zeros + one + message


def pkcs1_block(message, head=b"\0\2", zero=b"\0", filler=None):
    size = 256 - 2 - 1 - len(message)
    return head + (filler or bytes(1 + os.urandom(1)[0] % 255 for _ in range(size))) + zero + message


def cbc(data, iv=IV, key=AES_KEY):
    worker = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return worker.update(data) + worker.finalize()


def pkcs7(data):
    count = 16 - len(data) % 16
    return data + bytes([count]) * count


def gcm(data, iv, associated_data):
    worker = Cipher(algorithms.AES(AES_KEY), modes.GCM(iv)).encryptor()
    worker.authenticate_additional_data(associated_data)
    out = worker.update(data) + worker.finalize()
    return out, worker.tag


def cbc_envelope(cipherkey, ciphertext=None, iv=IV):
    return {"ciphertext": b64(cbc(pkcs7(CONTENT)) if ciphertext is None else ciphertext),
            "cipherkey": b64(cipherkey), "iv": b64(iv)}  # fmt: skip


def gcm_envelope(cipherkey, change=None):
    iv, associated_data = IV[:12], b"token.place"
    out, tag = gcm(CONTENT, iv, associated_data)
    parts = {"ciphertext": out, "cipherkey": cipherkey, "iv": iv, "tag": tag, "associated_data": associated_data}
    for name, value in (change or {}).items():
        parts[name] = value
    return {name: b64(value) for name, value in parts.items()} | {"mode": "GCM"}


class Maker:
    def __init__(self, private):
        self.private = private
        self.public = private.public_key()
        self.numbers = self.public.public_numbers()
        self.text = base64.b64encode(AES_KEY)

    def raw(self, block):
        return pow(int.from_bytes(block, "big"), self.numbers.e, self.numbers.n).to_bytes(256, "big")

    def short(self):
        """A ciphertext that begins with a zero byte, without it."""
        while True:
            wrapped = self.public.encrypt(self.text, PKCS1)
            if wrapped[0] == 0:
                return wrapped.lstrip(b"\0")

    def opens(self):
        good = self.public.encrypt(self.text, oaep())
        legacy = self.public.encrypt(self.text, PKCS1)
        yield "OAEP and CBC", "oaep", "CBC", cbc_envelope(good)
        yield "PKCS#1 v1.5 and CBC", "pkcs1", "CBC", cbc_envelope(legacy)
        yield "PKCS#1 v1.5 by hand", "pkcs1", "CBC", cbc_envelope(self.raw(pkcs1_block(self.text)))
        yield "OAEP by hand", "oaep", "CBC", cbc_envelope(self.raw(oaep_block(oaep_data(self.text))))
        yield "a ciphertext shorter than the modulus", "pkcs1", "CBC", cbc_envelope(self.short())
        yield "OAEP and GCM", "oaep", "GCM", gcm_envelope(good)
        yield "PKCS#1 v1.5 and GCM", "pkcs1", "GCM", gcm_envelope(legacy)

    def refused_keys(self):
        text, n = self.text, self.numbers.n
        odd_bits = text[:-2] + b"9="  # two more bits than 32 bytes have
        texts = {"43 characters": text[:-1], "45 characters": text + b"A", "24 characters": text[:22] + b"==",
                 "the raw key": AES_KEY, "nothing": b"", "a star": b"*" + text[1:],
                 "the URL alphabet": b"-_" + text[2:], "a zero byte": text[:9] + b"\0" + text[10:],
                 "bits after the key": odd_bits, "no padding sign": text[:-1] + b"A"}  # fmt: skip
        for name, message in texts.items():
            yield f"v1.5 with {name}", self.raw(pkcs1_block(message))
            yield f"OAEP with {name}", self.public.encrypt(message, oaep())
        filler = bytes(range(1, 210))
        yield "v1.5, first byte not zero", self.raw(pkcs1_block(text, head=b"\1\2"))
        yield "v1.5, block type 1", self.raw(pkcs1_block(text, head=b"\0\1"))
        yield "v1.5, block type 0", self.raw(pkcs1_block(text, head=b"\0\0"))
        yield "v1.5, no zero", self.raw(pkcs1_block(text, zero=b"\7"))
        for at in (0, 7, 8, 100, 208):
            yield f"v1.5, zero at {at} of the filler", self.raw(
                pkcs1_block(text, filler=filler[:at] + b"\0" + filler[at + 1 :]))  # fmt: skip
        yield "OAEP, first byte not zero", self.raw(oaep_block(oaep_data(text), first=1))
        yield "OAEP, another label", self.public.encrypt(text, oaep(label=b"label"))
        yield "OAEP with SHA-1", self.public.encrypt(text, oaep(hashes.SHA1))
        yield "OAEP, no one", self.raw(oaep_block(oaep_data(text, one=b"\0")))
        yield "OAEP, two for one", self.raw(oaep_block(oaep_data(text, one=b"\2")))
        yield "OAEP, one too early", self.raw(oaep_block(oaep_data(text, first_zero=b"\1")))
        good = self.public.encrypt(text, oaep())
        yield "empty", b""
        yield "zero", bytes(256)
        yield "one", b"\1"
        yield "the modulus", n.to_bytes(256, "big")
        yield "above the modulus", (n + 2).to_bytes(256, "big")
        yield "all ones", b"\xff" * 256
        yield "a zero before", b"\0" + good
        yield "a zero after", good + b"\0"
        yield "a flipped bit", good[:-1] + bytes([good[-1] ^ 1])
        yield "noise", b"\1" + os.urandom(255)

    def refused(self):
        for name, cipherkey in self.refused_keys():
            yield f"key: {name}", cbc_envelope(cipherkey)
        wrapped = self.public.encrypt(self.text, oaep())
        body = cbc(pkcs7(CONTENT))
        room = CONTENT[:-1]  # JSON, but for the end
        ends = {"padding 0": CONTENT + b"\0", "padding 17": room + b"]" + b"\x11",
                "padding 255": CONTENT + b"\xff", "unequal padding": CONTENT[:48] + b"\1\2" * 6 + b"\4\4\3\4",
                "a whole block but one": CONTENT[:48] + b"\x0f" + b"\x10" * 15}  # fmt: skip
        for name, data in ends.items():
            yield f"CBC: {name}", cbc_envelope(wrapped, cbc(data))
        yield "CBC: no JSON", cbc_envelope(wrapped, cbc(pkcs7(CONTENT[:-1])))
        yield "CBC: no UTF-8", cbc_envelope(wrapped, cbc(pkcs7(b'["\xff"]')))
        yield "CBC: nothing in it", cbc_envelope(wrapped, cbc(pkcs7(b"")))
        yield "CBC: no ciphertext", cbc_envelope(wrapped, b"")
        yield "CBC: half a block more", cbc_envelope(wrapped, body + bytes(8))
        yield "CBC: half a block", cbc_envelope(wrapped, body[:8])
        yield "CBC: last block missing", cbc_envelope(wrapped, body[:-16])
        yield "CBC: another key", cbc_envelope(wrapped, cbc(pkcs7(CONTENT), key=AES_KEY[::-1]))
        for size in (0, 12, 15, 17):
            yield f"CBC: IV of {size}", cbc_envelope(wrapped, iv=bytes(size))
        out, tag = gcm(CONTENT, IV[:12], b"token.place")
        changes = {"tag": [bytes(16), tag[:12], tag[:15], tag + b"\0", b""], "iv": [b"", IV, IV[:11], bytes(12)],
                   "associated_data": [b"", b"token-place"], "ciphertext": [b"", out[:-1], bytes(63)],
                   "cipherkey": [b"", bytes(256)]}  # fmt: skip
        for part, values in changes.items():
            for value in values:
                yield f"GCM: {part} of {len(value)}, changed", gcm_envelope(wrapped, {part: value})
        yield "GCM: said of CBC", cbc_envelope(wrapped) | {"mode": "GCM", "tag": b64(bytes(16))}

    def document(self):
        pem, private = serialization.Encoding.PEM, serialization.PrivateFormat
        plain = serialization.NoEncryption()
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        out, tag = gcm(CONTENT, IV[:12], b"token.place")
        return {
            "comment": "keys for tests, of no other use",
            "private_key_pkcs8": self.private.private_bytes(pem, private.PKCS8, plain).decode(),
            "private_key_pkcs1": self.private.private_bytes(pem, private.TraditionalOpenSSL, plain).decode(),
            "public_key_pem": self.public.public_bytes(pem, spki).decode(),
            "public_key_der": b64(self.public.public_bytes(serialization.Encoding.DER, spki)),
            "content": CONTENT.decode(),
            "aes_key": AES_KEY.hex(),
            "iv": IV.hex(),
            "wrapped": self.text.decode(),
            "cbc": b64(cbc(pkcs7(CONTENT))),
            "gcm_iv": IV[:12].hex(),
            "associated_data": "token.place",
            "gcm": b64(out),
            "tag": b64(tag),
            "opens": [dict(name=a, padding=b, mode=c, envelope=d) for a, b, c, d in self.opens()],
            "refused": [dict(name=a, envelope=b) for a, b in self.refused()],
        }


def main():
    if FILE.exists():
        text = json.loads(FILE.read_text())["private_key_pkcs8"].encode()
        private = serialization.load_pem_private_key(text, None)
    else:
        private = rsa.generate_private_key(65537, 2048)
    print(json.dumps(Maker(private).document(), indent=1))


if __name__ == "__main__":
    main()
