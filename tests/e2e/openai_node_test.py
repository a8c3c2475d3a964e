#!/usr/bin/env python3
"""The openai package for Node, unchanged, through the relay's /v1 and the gateway; with the mock and a real model."""
import shutil
import subprocess
import unittest

import house
import openai_cases

RUN_NODE = house.ROOT / "tools/tp/run-node.sh"


class NodeTest(house.Case):
    def check(self, model, *options):
        if not (house.ROOT / "build/node/e2e/node_modules").is_dir() or shutil.which("node") is None:
            raise unittest.SkipTest("the npm packages of tests/e2e are not installed; run ./tp test")
        up = openai_cases.Up(self.house, *options)
        for name, privacy in (("relay", "gateway"), ("gateway", "sealed")):
            with self.subTest(door=name):
                done = subprocess.run([RUN_NODE, "e2e", "openai_client.mjs", up.doors[name] + "/v1", model, privacy],
                                      capture_output=True, text=True, timeout=120, check=False,
                                      preexec_fn=house.die_with_parent)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr[-2000:])

    def test_with_the_mock(self):
        self.check(house.MOCK_MODEL, "--mock")

    def test_with_a_real_model(self):
        self.check(house.REAL_MODEL, *openai_cases.real_options())


if __name__ == "__main__":
    house.main()
