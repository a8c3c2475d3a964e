"""The search itself: a leak that is planted must be found, in every place, in every form; and nothing else."""
import base64
import http.server
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import places
from finder import HALF, Finder, base64_at, forms, new_marker

# Holds what it is given in memory and nowhere else, until its standard input is closed.
HOLDER = """
import sys
held = bytearray(sys.stdin.buffer.read(int(sys.argv[1])))
print("ready", flush=True)
sys.stdin.buffer.read()
"""


class Planted(unittest.TestCase):
    def setUp(self):
        self.marker = new_marker("planted")
        self.finder = Finder(prompt=self.marker)
        folder = tempfile.TemporaryDirectory(prefix="tp-canary-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "state").mkdir()
        (self.folder / "relay.stderr").write_text("2026-01-01T00:00:00Z info relay_listening port=5000\n")
        (self.folder / "state/relay.key").write_bytes(bytes(range(256)) * 4)

    def leaks(self):
        """(name, form, what a careless program would write) for both halves: half a marker is a leak, too."""
        for part, text in (("first", self.marker[:HALF]), ("second", self.marker[HALF:])):
            for form, data in forms(text).items():
                yield f"{part} half of the prompt as {form}", data

    def test_nothing_planted_nothing_found(self):
        self.assertEqual(places.search(self.finder, places.files(self.folder)), [])
        other = Finder(prompt=new_marker("another"))
        (self.folder / "state/words").write_text(self.marker)
        self.assertEqual(places.search(other, places.files(self.folder)), [])

    def test_in_a_log_line(self):
        log = self.folder / "relay.stderr"
        clean = log.read_bytes()
        for what, data in self.leaks():
            log.write_bytes(clean + b"2026-01-01T00:00:01Z trace call body=" + data + b" more=1\n" + clean)
            self.assertIn(f"file relay.stderr: {what}", places.search(self.finder, places.files(self.folder)))

    def test_in_a_state_file(self):
        leak = self.folder / "state/cache.bin"
        for what, data in self.leaks():
            leak.write_bytes(b"\0" * 5000 + data + b"\xff" * 5000)
            self.assertIn(f"file state/cache.bin: {what}", places.search(self.finder, places.files(self.folder)))

    def test_in_the_name_of_a_file(self):
        for what, data in self.leaks():
            if b"\0" in data or b"/" in data:
                continue  # no name can be that
            leak = self.folder / "state" / data.decode()
            leak.touch()
            self.assertIn(f"the name of state/*: {what}", places.search(self.finder, places.files(self.folder)))
            leak.unlink()

    def test_in_metrics(self):
        leaks = self
        served = []

        class Metrics(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'calls_total{model="' + served[-1] + b'"} 1\n')

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metrics)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for what, data in leaks.leaks():
            served.append(data)
            found = places.search(self.finder, places.metrics("relay", f"http://127.0.0.1:{server.server_port}"))
            self.assertIn(f"metrics of the relay: {what}", found)

    @unittest.skipUnless(places.can_read_memory(), "this system does not let us read a program's memory")
    def test_in_memory(self):
        everything = b"\0".join(data for _, data in self.leaks())
        found = self.in_memory(everything)
        for what, _ in self.leaks():
            self.assertIn(f"memory of the holder: {what}", found)
        for data in (self.marker.encode(), base64.b64encode(b"." + self.marker.encode())):
            self.assertEqual(len(self.in_memory(data)), 2)  # both halves, and nothing that is not there
        self.assertEqual(self.in_memory(b"nothing"), [])

    @unittest.skipUnless(places.can_read_memory(), "this system does not let us read a program's memory")
    def test_in_memory_across_pieces(self):
        whole, places.PIECE = places.PIECE, 4096
        try:
            found = self.in_memory(b"".join(self.marker.encode() + b"." * n for n in range(200)))
        finally:
            places.PIECE = whole
        self.assertIn("memory of the holder: second half of the prompt as utf-8", found)

    def in_memory(self, data):
        holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(len(data))], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        try:
            holder.stdin.write(data)
            holder.stdin.flush()
            self.assertEqual(holder.stdout.readline(), b"ready\n")
            return places.search(self.finder, places.memory("holder", holder.pid, self.finder.overlap))
        finally:
            holder.stdin.close()
            holder.wait(20)
            holder.stdout.close()

    def test_forms_as_other_tools_write_them(self):
        """Literals of xxd, base64 and rev, so that a form missing from the finder is missed here."""
        finder = Finder(prompt="promptAB01234567MNOPQRSTUVWXYZ89")
        for text in (
            "70726f6d7074414230313233343536374d4e4f505152535455565758595a3839",
            "70726F6D7074414230313233343536374D4E4F505152535455565758595A3839",
            "cHJvbXB0QUIwMTIzNDU2N01OT1BRUlNUVVZXWFlaODk=",
            "eHByb21wdEFCMDEyMzQ1NjdNTk9QUVJTVFVWV1hZWjg5",
            "eHlwcm9tcHRBQjAxMjM0NTY3TU5PUFFSU1RVVldYWVo4OQ==",
            "98ZYXWVUTSRQPONM76543210BAtpmorp",
            "OThaWVhXVlVUU1JRUE9OTTc2NTQzMjEwQkF0cG1vcnA=",
            "".join(rf"\u00{ord(c):x}" for c in "promptAB01234567MNOPQRSTUVWXYZ89"),
            r'{"a":"\u0070\u0072\u006F\u006D\u0070\u0074\u0041\u0042\u0030\u0031\u0032\u0033\u0034\u0035\u0036\u0037"}',
        ):
            self.assertTrue(finder.find(text.encode()), text)

    def test_base64_is_found_wherever_it_begins(self):
        raw = self.marker.encode()
        for before in range(7):
            for after in range(3):
                text = base64.b64encode(b"." * before + raw + b"," * after)
                self.assertIn(base64_at(raw, before % 3), text)
                self.assertTrue(self.finder.find(text))


if __name__ == "__main__":
    unittest.main(verbosity=2)
