#!/usr/bin/env python3
"""A relay that speaks TLS itself: nodes, clients, gateways come by https and wss, and believe no other certificate."""
import http.client
import shutil
import socket
import ssl
import subprocess
import unittest

import house


@unittest.skipUnless(shutil.which("openssl"), "there is no openssl to make a certificate with")
class TlsTest(house.Case):
    shared = True

    @classmethod
    def prepare(cls, town):
        cls.trusted, key = cls.certificate(town, "trusted", "IP:127.0.0.1,DNS:localhost")
        cls.stranger, _ = cls.certificate(town, "stranger", "IP:127.0.0.1")
        cls.relay = town.relay("--tls-cert", cls.trusted, "--tls-key", key, wait=False)
        cls.url = cls.relay.url.replace("http://", "https://")
        house.wait_until("the relay", lambda: "relay_listening" in cls.relay.errors())
        cls.node = town.node(cls.url.replace("https://", "wss://"), "--relay-ca", cls.trusted)
        cls.gateway = town.gateway(cls.url, "--relay-ca", cls.trusted)

    @staticmethod
    def certificate(town, name, names):
        """(certificate, key): files. Self-signed, so the certificate is its own root."""
        certificate, key = town.folder / f"{name}.pem", town.folder / f"{name}.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}",
                        "-keyout", key, "-out", certificate], check=True, capture_output=True)
        return certificate, key

    def get(self, path, trust):
        trusting = ssl.create_default_context(cafile=trust)
        connection = http.client.HTTPSConnection("127.0.0.1", self.relay.port, timeout=house.WAIT, context=trusting)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return house.Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def chat(self, *options):
        return self.house.run("tokenplace", "chat", "-m", "hello", "--state-dir", self.house.folder / "chat", *options)

    def test_strangers_see_an_ordinary_https_server(self):
        self.assertEqual(self.get("/livez", self.trusted).status, 200)
        self.assertEqual(len(self.get("/api/v2/nodes", self.trusted).json()["data"]), 1)
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.get("/livez", self.stranger)

    def test_chat(self):
        done = self.chat("--relay", self.url, "--relay-ca", self.trusted)
        self.assertEqual((done.returncode, done.stdout.strip()), (0, house.MOCK_SENTENCE), done.stderr)
        by_name = self.url.replace("127.0.0.1", "localhost")
        self.assertEqual(self.chat("--relay", by_name, "--relay-ca", self.trusted).returncode, 0)

    def test_gateway(self):
        self.assert_works(self.gateway.url)
        stream = house.Stream(self.gateway.url, "hello").begin().rest()
        self.assertTrue(stream.is_whole())
        self.assertEqual("".join(stream.words()), house.MOCK_SENTENCE)
        stream.close()

    def test_a_certificate_that_nobody_vouches_for_is_not_believed(self):
        for trust in ([], ["--relay-ca", self.stranger]):
            with self.subTest(trust=trust):
                done = self.chat("--relay", self.url, *trust)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn("--relay-ca", done.stderr)
        links = self.relay_metric("token_place_relay_links")
        node = self.house.node(self.url, "--relay-ca", self.stranger, wait=False).ready("/metrics")
        house.wait_until("its attempt", lambda: "tls_failed" in node.errors())
        self.assertEqual(node.metric("token_place_node_links"), 0)
        self.assertEqual(self.relay_metric("token_place_relay_links"), links)

    def relay_metric(self, name):
        lines = self.get("/metrics", self.trusted).text.splitlines()
        return int(next(line for line in lines if line.startswith(name + " ")).split()[1])

    def test_a_certificate_of_another_name_is_not_believed(self):
        certificate, key = self.certificate(self.house, "by-name", "DNS:localhost")
        other = self.house.relay("--tls-cert", certificate, "--tls-key", key, wait=False)
        house.wait_until("the relay", lambda: "relay_listening" in other.errors())
        by_name = f"https://localhost:{other.port}"
        self.house.node(by_name, "--relay-ca", certificate)
        self.assertEqual(self.chat("--relay", by_name, "--relay-ca", certificate).returncode, 0)
        done = self.chat("--relay", f"https://127.0.0.1:{other.port}", "--relay-ca", certificate)
        self.assertEqual((done.returncode, done.stdout), (1, ""))

    def test_what_is_no_tls_ends_its_own_connection_only(self):
        hello = bytes.fromhex("160301020001000001fc0303") + bytes(32)
        plain = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
        for data in (plain, b"\x13/multistream/1.0.0\n", bytes(300), hello + bytes(600)):
            with self.subTest(data=data[:8]), socket.create_connection(("127.0.0.1", self.relay.port), 15) as plug:
                plug.sendall(data)
                came = b""
                try:
                    while piece := plug.recv(4096):
                        came += piece
                except ConnectionResetError:
                    pass
                self.assertNotIn(b" 200 ", came)
        silent = socket.create_connection(("127.0.0.1", self.relay.port))
        self.assert_works(self.gateway.url)
        silent.close()

    def test_files_that_are_none_are_named(self):
        key = self.house.folder / "trusted.key"
        for certificate, wrong_key, named in ((key, key, "tls-cert"), (self.trusted, self.trusted, "tls-key"),
                                              (self.trusted, self.house.folder / "stranger.key", "tls-key"),
                                              (self.house.folder / "none.pem", key, "tls-cert")):
            with self.subTest(certificate=certificate.name, key=wrong_key.name):
                done = self.house.run("tokenplace-relay", "--port", house.free_port(), "--tls-cert", certificate,
                                      "--tls-key", wrong_key, "--state-dir", self.house.folder / "unused")
                self.assertIn(done.returncode, (1, 2))
                self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                self.assertIn(named, done.stderr)


if __name__ == "__main__":
    house.main()
