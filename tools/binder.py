"""Install what Binder would, start a Jupyter server, run pages through its API, read their memory.

    python tools/binder.py                       # every notebook, in .venv-binder
    python tools/binder.py book/05_einsum.ipynb

Binder grants 2 GB. A page may take 1.1 GB, so that a second one finds room beside it.
"""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path
from urllib.request import Request, urlopen

import nbformat
from elsewhere import chosen, run_each
from execution import peak_gigabytes
from frame import ROOT

VENV = ROOT / ".venv-binder"
BIN = VENV / "bin"
GIGABYTES, CELL_SECONDS = 1.1, 600


def install() -> None:
    """As repo2docker does: its own JupyterLab, then the folder binder/, of which nothing else counts."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    pip = [BIN / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "jupyterlab"], check=True)
    subprocess.run([*pip, "--requirement", "binder/requirements.txt"], cwd=ROOT, check=True)
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["binder/postBuild"], cwd=ROOT, check=True, env={**os.environ, "PATH": path})


@contextlib.contextmanager
def server():
    """A Jupyter server of that environment, in the repository; yields what speaks to it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    options += [f"--IdentityProvider.token={token}"]
    command = [BIN / "python", "-m", "jupyter_server", *options]
    log = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as process:
        api = Api(f"127.0.0.1:{port}", token)
        try:
            api.wait(process)
            yield api
        finally:
            process.terminate()


class Api:
    """The server's addresses."""

    def __init__(self, host: str, token: str) -> None:
        self.host, self.token = host, token

    def ask(self, path: str, body=None, method: str | None = None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        request = Request(f"http://{self.host}/api/{path}", data, headers, method=method)
        with urlopen(request) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def wait(self, process) -> None:
        for _ in range(600):
            if process.poll() is not None:
                raise SystemExit("the Jupyter server ended at once")
            with contextlib.suppress(OSError):
                self.ask("status")
                return
            time.sleep(0.1)
        raise SystemExit("the Jupyter server does not answer")

    @contextlib.contextmanager
    def kernel(self, path: str):
        """A kernel for a notebook, as opening it starts one."""
        body = {"path": path, "name": path, "type": "notebook", "kernel": {"name": "python3"}}
        session = self.ask("sessions", body)
        try:
            yield Kernel(self, session["kernel"]["id"])
        finally:
            self.ask(f"sessions/{session['id']}", method="DELETE")


class Kernel:
    """A kernel behind the server's channel."""

    def __init__(self, api: Api, identifier: str) -> None:
        from websocket import create_connection

        address = f"ws://{api.host}/api/kernels/{identifier}/channels?token={api.token}"
        self.channel = create_connection(address, timeout=CELL_SECONDS)

    def run(self, code: str) -> str:
        """Execute; returns what was printed, and raises a RuntimeError of what was raised."""
        header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "version": "5.3"}
        header |= {"username": "", "session": "binder", "date": ""}
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        self.channel.send(json.dumps({**message, "channel": "shell", "buffers": []}))
        printed, error = "", None
        while True:
            answer = json.loads(self.channel.recv())
            if answer["parent_header"].get("msg_id") != header["msg_id"]:
                continue
            kind, content = answer["msg_type"], answer["content"]
            if kind == "stream":
                printed += content["text"]
            elif kind == "error":
                error = f"{content['ename']}: {content['evalue']}"
            elif kind == "status" and content["execution_state"] == "idle":
                if error:
                    raise RuntimeError(error)
                return printed


def run_page(api: Api, path: Path) -> float:
    """Every code cell of a notebook in one kernel; returns the most memory that the kernel held."""
    with api.kernel(str(path.relative_to(ROOT))) as kernel:
        pid = int(kernel.run("import os; print(os.getpid())"))
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                kernel.run(cell.source)
        return peak_gigabytes(pid)


def main() -> int:
    paths = chosen(__doc__.splitlines()[0])
    install()
    with server() as api:

        def run_one(path: Path) -> tuple[bool, str]:
            try:
                gigabytes = run_page(api, path)
            except RuntimeError as error:
                return False, str(error)
            passed = gigabytes <= GIGABYTES
            return passed, f"{gigabytes:.2f} GB" + ("" if passed else f", more than {GIGABYTES}")

        return run_each(paths, run_one)


if __name__ == "__main__":
    sys.exit(main())
