#!/usr/bin/env python3
"""Bytes that no honest program sends, at every port: a clear answer or a closed connection, and nobody else notices."""
import base64
import os
import random
import socket
import time

import house

MIB = 1 << 20
BODY_MAX = 8 * MIB
POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
SEED = int(os.environ.get("TP_SEED", "20240607"))

# What is sent → the statuses that are right; 0: closed without an answer.
MALFORMED_HTTP = {
    "no request line": (b"\r\n\r\n\r\n", {400, 0}),
    "not a method": (b"G\x00T / HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "two spaces": (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
    "an unknown version": (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", {400, 505}),
    "bare line feeds": (b"GET / HTTP/1.1\nHost: x\n\n", {400}),
    "a folded field": (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", {400}),
    "a space before the colon": (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", {400}),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", {400}),
    "two lengths": (POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", {400}),
    "length and chunks": (POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    "a negative length": (POST + b"Content-Length: -1\r\n\r\n", {400}),
    "an unknown coding": (POST + b"Transfer-Encoding: br\r\n\r\n", {400, 501}),
    "a bad chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", {400}),
    "a long target": (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {400, 414, 431}),
    "a large head": (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 20_000 + b"\r\n\r\n", {400, 431}),
    "many fields": (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200 + b"\r\n", {400, 431}),
    "a TLS hello": (bytes.fromhex("160301020001000002fc0303") + bytes(500), {400, 0}),
    "zeros": (bytes(1000), {400, 0}),
}

BAD_JSON = {
    "nothing": b"", "half": b'{"model":"mock-model","messages":[', "text": b"hello", "a number": b"7",
    "an array": b"[]", "null": b"null", "not UTF-8": b'{"model":"\xff\xfe"}', "deep": b"[" * 5_000 + b"]" * 5_000,
    "twice": b"{}{}", "a control byte": b'{"model":"a\x01b"}',
}


def hear_out(plug, data, last=False):
    """Sends, nothing after it if that is all; what came until the other side closed. Silence is a failure."""
    came = b""
    try:
        plug.sendall(data)
        if last:
            plug.shutdown(socket.SHUT_WR)
        while piece := plug.recv(65_536):
            came += piece
    except TimeoutError:
        raise AssertionError("the connection was kept open without a word") from None
    except OSError:
        pass
    return came


def exchange(port, data, seconds=5):
    """What came back; b"" is a connection closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as plug:
        return hear_out(plug, data, last=True)


class HostileTest(house.Case):
    shared = True

    @classmethod
    def prepare(cls, town):
        cls.relay, cls.node, cls.gateway = town.town()
        cls.ports = {"relay": cls.relay, "gateway": cls.gateway, "node": cls.node}

    def tearDown(self):
        for program in self.ports.values():
            self.assertTrue(program.running(), program.name)
        for program in self.ports.values():
            self.assert_works(program.url)

    def each(self):
        for name, program in self.ports.items():
            self.place = f"at the {name}"
            yield program

    def test_malformed_http(self):
        for name, program in self.ports.items():
            for what, (data, statuses) in MALFORMED_HTTP.items():
                with self.subTest(port=name, what=what):
                    answer = exchange(program.port, data)
                    status = int(answer.split(b" ")[1]) if answer else 0
                    self.assertIn(status, statuses)
                    if status:
                        self.assertIn(b'{"error":{', answer)

    def test_malformed_json(self):
        for name, program in self.ports.items():
            for what, body in BAD_JSON.items():
                with self.subTest(port=name, what=what):
                    answer = house.request(program.url, "POST", "/v1/chat/completions", body,
                                           {"Content-Type": "application/json"})
                    error = self.assert_error(answer, 400, answer.json()["error"]["code"])
                    self.assertEqual(error["type"], "invalid_request_error")

    def test_a_body_over_the_limit(self):
        for name, program in self.ports.items():
            with self.subTest(port=name, how="length"):
                answer = exchange(program.port, POST + b"Content-Length: %d\r\n\r\n{" % (BODY_MAX + 1))
                self.assertIn(b" 413 ", answer[:20])
                self.assertIn(b'"body_too_large"', answer)
            with self.subTest(port=name, how="chunks"):
                chunk = b"100000\r\n" + b" " * MIB + b"\r\n"
                body = chunk * (BODY_MAX // MIB + 1) + b"0\r\n\r\n"
                answer = exchange(program.port, POST + b"Transfer-Encoding: chunked\r\n\r\n" + body, 20)
                # A client that sends on and on may find its connection reset before it has read the answer.
                if answer:
                    self.assertIn(b" 413 ", answer[:20])

    def test_a_sealed_body_over_the_limit(self):
        peer = house.request(self.relay.url, "GET", "/api/v2/nodes").json()["data"][0]["peer_id"]
        head = (f"POST /api/v2/nodes/{peer}/ohttp HTTP/1.1\r\nHost: x\r\nContent-Type: message/ohttp-chunked-req\r\n"
                f"Content-Length: {BODY_MAX + 1}\r\n\r\n")
        answer = exchange(self.relay.port, head.encode())
        self.assertIn(b" 413 ", answer[:20])

    def test_sealed_bodies_that_are_not_sealed(self):
        peer = house.request(self.relay.url, "GET", "/api/v2/nodes").json()["data"][0]["peer_id"]
        path = f"/api/v2/nodes/{peer}/ohttp"
        kind = {"Content-Type": "message/ohttp-chunked-req"}
        chance = random.Random(SEED)
        for size in (0, 1, 7, 39, 40, 100, 70_000):
            with self.subTest(size=size):
                answer = house.request(self.relay.url, "POST", path, chance.randbytes(size), kind)
                self.assert_error(answer, 400, ("envelope_invalid", "ohttp_key"))
        self.assert_error(house.request(self.relay.url, "POST", path, b"{}", {"Content-Type": "application/json"}), 415,
                          "unsupported_media_type")
        self.assert_error(house.request(self.relay.url, "GET", path), 405, "method_not_allowed")
        nobody = peer[:-1] + ("A" if peer[-1] != "A" else "B")
        for other in (nobody, "x", "%00"):
            self.assert_error(house.request(self.relay.url, "POST", f"/api/v2/nodes/{other}/ohttp", b"x", kind), 404,
                              "node_not_found")

    def test_a_sealed_request_is_taken_once(self):
        peer = house.request(self.relay.url, "GET", "/api/v2/nodes").json()["data"][0]["peer_id"]
        file = self.house.folder / "sealed"
        made = self.house.run("tokenplace", "seal", "--relay", self.relay.url, "--node", peer, "--out", file)
        self.assertEqual(made.returncode, 0, made.stderr)
        sealed, path = file.read_bytes(), f"/api/v2/nodes/{peer}/ohttp"
        kind = {"Content-Type": "message/ohttp-chunked-req"}
        first = house.request(self.relay.url, "POST", path, sealed, kind)
        self.assertEqual(first.status, 200)
        self.assertEqual(first.headers["Content-Type"], "message/ohttp-chunked-res")
        self.assertEqual(first.headers["X-Token-Place-Privacy"], "sealed")
        self.assert_error(house.request(self.relay.url, "POST", path, sealed, kind), 409, "request_replayed")
        for at in (0, 8, 50, len(sealed) - 1):
            changed = bytearray(sealed)
            changed[at] ^= 1
            answer = house.request(self.relay.url, "POST", path, bytes(changed), kind)
            self.assertIn(answer.status, (400, 409))
        self.assert_error(house.request(self.relay.url, "POST", path, sealed[:-5], kind), answer.status,
                          ("envelope_invalid", "request_replayed"))

    def test_routes_and_methods_that_do_not_exist(self):
        for program in self.each():
            self.assert_error(house.request(program.url, "GET", "/no/such/thing"), 404, "not_found")
            self.assert_error(house.request(program.url, "DELETE", "/v1/models"), 405, "method_not_allowed")
            self.assert_error(house.request(program.url, "GET", "/v1/chat/completions"), 405, "method_not_allowed")

    def websocket(self, path="/p2p"):
        plug = socket.create_connection(("127.0.0.1", self.relay.port), timeout=15)
        key = base64.b64encode(os.urandom(16)).decode()
        plug.sendall((f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = plug.recv(4096)
            self.assertTrue(piece, "the upgrade was refused")
            answer += piece
        self.assertIn(b" 101 ", answer[:20])
        return plug

    def closes(self, plug, data):
        with plug:
            return hear_out(plug, data)

    def test_websocket_frames_nobody_may_send(self):
        chance = random.Random(SEED)
        frames = {
            "unmasked": b"\x82\x05hello",
            "text": b"\x81\x85\0\0\0\0hello",
            "a reserved bit": b"\xc2\x85\0\0\0\0hello",
            "a reserved opcode": b"\x83\x85\0\0\0\0hello",
            "a fragmented control frame": b"\x09\x80\0\0\0\0",
            "a huge message": b"\x82\xff" + (1 << 40).to_bytes(8, "big") + b"\0\0\0\0",
            "continuation of nothing": b"\x80\x85\0\0\0\0hello",
            "not multistream": b"\x82\xfe\x01\x00\0\0\0\0" + chance.randbytes(256),
            "noise that is none": b"\x82\x94\0\0\0\0\x13/multistream/1.0.0\n" + b"\x82\x87\0\0\0\0\x07/noise\n"[:13]
                                  + b"\x82\xfe\x01\x00\0\0\0\0" + chance.randbytes(256),
        }
        for what, frame in frames.items():
            with self.subTest(what=what):
                self.closes(self.websocket(), frame)

    def test_upgrades_that_are_wrong(self):
        for what, head in {
            "no key": "Sec-WebSocket-Version: 13\r\n",
            "an old version": "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        }.items():
            with self.subTest(what=what):
                answer = exchange(self.relay.port, f"GET /p2p HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                                                   f"Connection: Upgrade\r\n{head}\r\n".encode(), 15)
                self.assertNotIn(b" 101 ", answer[:20])

    def test_links_that_talk_nonsense(self):
        chance = random.Random(SEED)
        hello = b"\x13/multistream/1.0.0\n"
        for what, data in {
            "random bytes": hello + chance.randbytes(5_000),
            "another protocol": hello + b"\x0d/tls/1.0.0\nx",
            "broken noise": hello + b"\x07/noise\n" + b"\x00\x30" + chance.randbytes(48),
            "a huge noise message": hello + b"\x07/noise\n" + b"\xff\xff" + chance.randbytes(65_535),
            "an endless length": hello + b"\xff" * 64,
        }.items():
            with self.subTest(what=what):
                plug = socket.create_connection(("127.0.0.1", self.relay.port), timeout=15)
                self.closes(plug, data)

    def test_random_bytes(self):
        chance = random.Random(SEED)
        for program in self.each():
            for _ in range(40):
                exchange(program.port, chance.randbytes(chance.randrange(1, 3_000)), 15)

    def test_connections_that_say_nothing_do_not_pile_up_memory(self):
        for program in self.each():
            before = house.resident_kib(program.pid)
            silent = [socket.create_connection(("127.0.0.1", program.port)) for _ in range(300)]
            self.assert_works(program.url)
            grown = house.resident_kib(program.pid) - before
            self.assertLess(grown, 16 * 1024)
            for plug in silent:
                plug.close()

    def test_a_head_that_never_ends_is_given_up(self):
        begun = time.monotonic()
        plugs = []
        for program in self.ports.values():
            plug = socket.create_connection(("127.0.0.1", program.port), timeout=20)
            plug.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nA: ")
            plugs.append(plug)
        for plug in plugs:
            with plug:
                try:
                    answer = plug.recv(65_536)
                except ConnectionResetError:
                    answer = b""
                if answer:
                    self.assertIn(b" 408 ", answer[:20])
        self.say(f"heads that never end are given up after {time.monotonic() - begun:.1f} s")
        self.assertLess(time.monotonic() - begun, 15)


if __name__ == "__main__":
    house.main()
