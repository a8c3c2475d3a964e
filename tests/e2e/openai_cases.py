"""Where the openai packages are pointed: `tokenplace up` with an engine, seen through the relay's /v1 or a gateway."""
import house


class Up:
    """`tokenplace up`, ready. `doors` are base addresses without /v1."""

    def __init__(self, town, *options):
        self.relay_port, gateway_port, server_port = house.free_port(), house.free_port(), house.free_port()
        self.program = house.Program(town, "up", [
            house.PROGRAMS / "tokenplace", "up", "--port", self.relay_port, "--gateway-port", gateway_port,
            "--server-port", server_port, "--state-dir", town.folder / "up", *options])
        self.relay = f"http://127.0.0.1:{self.relay_port}"
        self.gateway = f"http://127.0.0.1:{gateway_port}"
        self.node = f"http://127.0.0.1:{server_port}"
        self.doors = {"relay": self.relay, "gateway": self.gateway}
        house.wait_until("tokenplace up to be ready", self.is_ready, 60)

    def is_ready(self):
        if not self.program.running():
            raise AssertionError(f"up ended with {self.program.process.returncode}: {self.program.errors()[-500:]}")
        return "token.place is up." in self.program.output() and "Stop: Ctrl-C" in self.program.output()


def use_packages():
    """Goes on in the virtual environment that holds the pinned Python packages, if it is there."""
    import os
    import sys
    from importlib.util import find_spec
    python = house.ROOT / "build/python/bin/python"
    if find_spec("openai") is None and python.exists() and sys.executable != str(python):
        os.execv(python, [str(python), *sys.argv])
    if find_spec("openai") is None:
        print("skipped: the Python package openai is not installed; run ./tp test")
        sys.exit(77)


def real_options():
    engine, model = house.real_engine()
    return ["--engine", engine, "--model", model, "--context", "1024", "--max-concurrency", "2"]
