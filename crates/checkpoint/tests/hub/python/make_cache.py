"""Has huggingface_hub fill a cache, from a small hub of this script's own.

pip install huggingface_hub==2.4.0; python make_cache.py
"""

import hashlib
import os
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE / "hub"
COMMIT = "3e82814a68665eec246ff649b14c71331f955c06"
PINNED = "1e08e6a23401048648a9fdcfde2f89348215c2a7"
SMALL = b'{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0]]}}'
LARGE = b"weights " * 100
FILES = {"tokenizer.json": (SMALL, False), "languages/dutch/model.safetensors": (LARGE, True)}


class Hub(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.answer(False)

    def do_GET(self):
        self.answer(True)

    def answer(self, with_body):
        _, owner, name, resolve, revision, *path = self.path.split("?")[0].split("/")
        entry = FILES.get("/".join(path))
        if resolve != "resolve" or entry is None:
            self.send_response(404)
            self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body, is_large = entry
        sha1 = hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()
        self.send_response(200)
        self.send_header("X-Repo-Commit", revision if len(revision) == 40 else COMMIT)
        self.send_header("ETag", f'"{sha1}"')
        if is_large:
            self.send_header("X-Linked-ETag", f'"{hashlib.sha256(body).hexdigest()}"')
            self.send_header("X-Linked-Size", str(len(body)))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["HF_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
os.environ["HF_HUB_DISABLE_XET"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

import huggingface_hub  # noqa: E402, it reads the environment

shutil.rmtree(CACHE, ignore_errors=True)
for revision in ["main", PINNED]:
    for file in FILES:
        print(huggingface_hub.hf_hub_download("kyutai/open", file, revision=revision, cache_dir=CACHE))
try:
    huggingface_hub.hf_hub_download("kyutai/open", "missing.json", cache_dir=CACHE)
except huggingface_hub.errors.EntryNotFoundError as error:
    print(type(error).__name__)
