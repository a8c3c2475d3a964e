"""run.py PEER: Python's `cryptography` as the other side of the first envelope, as programs of 2025 used it."""
import base64
import json
import os
import subprocess
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, padding as block_padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CONTENT = '[{"role": "user", "content": "Grüße, 世界"}]'
PADDINGS = {
    "oaep": padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None),
    "pkcs1": padding.PKCS1v15(),
}


class Peer:
    def __init__(self, program):
        self.child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.public_key = json.loads(self.child.stdout.readline())["public_key"]

    def ask(self, **order):
        self.child.stdin.write(json.dumps(order) + "\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    def end(self):
        self.child.stdin.close()
        return self.child.wait(timeout=10)


def b64(data):
    return base64.b64encode(data).decode()


def seal(public_key, content, kind, mode, associated_data=b"", key=None):
    """One envelope; with a `key`, a later chunk of a stream."""
    fresh = key or os.urandom(32)
    if mode == "GCM":
        iv = os.urandom(12)
        sealed = AESGCM(fresh).encrypt(iv, content, associated_data or None)
        out = {"ciphertext": b64(sealed[:-16]), "tag": b64(sealed[-16:]), "mode": "GCM", "iv": b64(iv)}
        if associated_data:
            out["associated_data"] = b64(associated_data)
    else:
        iv = os.urandom(16)
        padder = block_padding.PKCS7(128).padder()
        worker = Cipher(algorithms.AES(fresh), modes.CBC(iv)).encryptor()
        data = worker.update(padder.update(content) + padder.finalize()) + worker.finalize()
        out = {"ciphertext": b64(data), "iv": b64(iv)}
    if key is None:
        out["cipherkey"] = b64(public_key.encrypt(base64.b64encode(fresh), PADDINGS[kind]))
    return out, fresh


def unseal(private, envelope, kind, key=None):
    parts = {name: base64.b64decode(value) for name, value in envelope.items() if name != "mode"}
    if key is None:
        key = base64.b64decode(private.decrypt(parts["cipherkey"], PADDINGS[kind]))
    if envelope.get("mode") == "GCM":
        aad = parts.get("associated_data") or None
        return AESGCM(key).decrypt(parts["iv"], parts["ciphertext"] + parts["tag"], aad), key
    worker = Cipher(algorithms.AES(key), modes.CBC(parts["iv"])).decryptor()
    padded = worker.update(parts["ciphertext"]) + worker.finalize()
    unpadder = block_padding.PKCS7(128).unpadder()
    return unpadder.update(padded) + unpadder.finalize(), key


class Checks:
    def __init__(self):
        self.failures = 0

    def say(self, good, name):
        print("ok" if good else "FAILED", name)
        self.failures += not good


def spellings(public):
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {"base64 of PEM": b64(pem), "PEM": pem.decode(), "base64 of DER": b64(der)}


def check_form(check, peer, private, kind, mode):
    name = f"{kind} {mode}"
    ours = serialization.load_pem_public_key(base64.b64decode(peer.public_key))
    aad = b"token.place" if mode == "GCM" else b""
    envelope, _ = seal(ours, CONTENT.encode(), kind, mode, aad)
    opened = peer.ask(do="open", envelope=envelope)
    check.say(opened == {"content": CONTENT, "padding": kind, "mode": mode}, f"{name}: we open theirs")
    changed = envelope | {"cipherkey": b64(os.urandom(255))}
    check.say(peer.ask(do="open", envelope=changed) == {"error": "decrypt_failed"}, f"{name}: we refuse noise")
    for spelling, text in spellings(private.public_key()).items():
        order = dict(do="seal", public_key=text, content=CONTENT, padding=kind, mode=mode, associated_data=aad.decode())
        sealed = peer.ask(**order)["envelope"]
        good = unseal(private, sealed, kind)[0] == CONTENT.encode()
        check.say(good, f"{name}: they open ours, key as {spelling}")


def check_stream(check, peer, private, kind, mode):
    name = f"stream {kind} {mode}"
    contents = ['{"delta": "a"}', '{"delta": "ö"}', "{}"]
    ours = serialization.load_pem_public_key(base64.b64decode(peer.public_key))
    chunks, key = [], None
    for content in contents:
        chunk, key = seal(ours, content.encode(), kind, mode, key=key)
        chunks.append(chunk)
    check.say(peer.ask(do="open_stream", chunks=chunks) == {"contents": contents}, f"{name}: we open theirs")
    text = spellings(private.public_key())["base64 of PEM"]
    sealed = peer.ask(do="seal_stream", public_key=text, contents=contents, padding=kind, mode=mode)["chunks"]
    opened, key = [], None
    for chunk in sealed:
        content, key = unseal(private, chunk, kind, key)
        opened.append(content.decode())
    first_only = ["cipherkey" in chunk for chunk in sealed] == [True, False, False]
    check.say(opened == contents and first_only, f"{name}: they open ours")


def main():
    peer = Peer(sys.argv[1])
    private = rsa.generate_private_key(65537, 2048)
    check = Checks()
    for kind in PADDINGS:
        for mode in ("CBC", "GCM"):
            try:
                check_form(check, peer, private, kind, mode)
                check_stream(check, peer, private, kind, mode)
            except (ValueError, KeyError, InvalidTag) as failure:
                check.say(False, f"{kind} {mode}: {type(failure).__name__}")
    check.say(peer.end() == 0, "the peer ends with its input")
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())
