"""A mirror of real git repositories, files and wheels; a cache and a manifest of the test's own; a real web server."""

import functools
import hashlib
import http.server
import threading
from types import SimpleNamespace

import pytest
import yaml

from components.bundles import build as making
from components.bundles.manifest import load
from components.bundles.mirror import named
from tests.bundles.standin import repository, wheel


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Nothing of these tests reaches the cache of whoever runs them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "aegir-vps" / "bundles"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def world(tmp_path):
    """A mirror with one git repository `app`, one file, one archive, one wheel; and the manifest of them."""
    content = tmp_path / "content"
    (content / "lib").mkdir(parents=True)
    (content / "lib" / "index.php").write_text("<?php // $Format:%H$\n")
    (content / "run").write_text("#!/bin/sh\n")
    (content / "run").chmod(0o755)
    (content / "now").symlink_to("lib/index.php")
    (content / ".gitattributes").write_text("run export-ignore\nlib/* export-subst text eol=crlf\n")
    mirror = tmp_path / "mirror"
    commit = repository(content, mirror / "github.com" / "example" / "app.git")
    (mirror / "files.example.org").mkdir()
    (mirror / "files.example.org" / "tool.phar").write_bytes(b"tool")
    package = tmp_path / "package"
    package.mkdir()
    (package / "greet.py").write_text("def main(): print('hi')\n")
    made = wheel(package, "greet", mirror / "python")
    folder = tmp_path / "flavour"
    folder.mkdir()
    (folder / "pins.txt").write_text(f"greet==1.0 --hash=sha256:{sha256(made.read_bytes())}\n")
    declared = {
        "name": "small",
        "sources": [
            {
                "name": "app",
                "licence": "GPL-2.0-or-later",
                "to": "/var/app",
                "git": {"url": "https://github.com/example/app", "commit": commit},
            },
            {
                "name": "tool",
                "licence": "MIT",
                "to": "/usr/local/bin/tool",
                "file": {"url": "https://files.example.org/tool.phar", "sha256": sha256(b"tool"), "mode": "0755"},
            },
            {
                "name": "venv",
                "licence": "MIT",
                "to": "/opt/wheels",
                "python": {"requirements": "pins.txt", "version": "3.11", "glibc": "2.36"},
            },
        ],
    }
    here = SimpleNamespace(
        mirror=mirror, content=content, commit=commit, folder=folder, file=folder / "bundle.yaml", declared=declared
    )

    def source(name):
        return next(one for one in here.declared["sources"] if one["name"] == name)

    def only(*names):
        here.declared["sources"] = [source(name) for name in names]

    def manifest():
        here.file.write_text(yaml.safe_dump(here.declared, sort_keys=False))
        return load(here.file)

    def build(mirror=None, said=None):
        lines = said if said is not None else []
        return making.build(manifest(), named(str(mirror or here.mirror)), lines.append)

    here.source, here.only, here.manifest, here.build = source, only, manifest, build
    return here


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def web(world):
    """The mirror behind a real web server on this machine; `answers` may replace a path's answer by a function."""
    answers = {}

    class Handler(_Quiet):
        def do_GET(self):
            answer = answers.get(self.path)
            if answer:
                answer(self)
            else:
                super().do_GET()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(world.mirror)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}", answers=answers)
    server.shutdown()
    server.server_close()
    thread.join()
