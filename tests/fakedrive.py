"""A simulated Google Drive (API v2) for tests: dvc-gdrive, pydrive2 and googleapiclient stay real and talk to it.

It keeps everything in memory and behaves badly where the real one does: a path written twice is two files, requests are
throttled, fail, hang or are cut off, lists lag behind, tokens expire, space runs out.

    with FakeDrive() as drive:
        drive.inject("429", times=2)
        subprocess.run(["dvc", "push"], env=os.environ | drive.environment())

Clients reach it through `tests/fakedrive_hook/sitecustomize.py`, which sends requests for Google's hosts here.
"""

import hashlib
import json
import os
import random
import re
import secrets
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

FOLDER = "application/vnd.google-apps.folder"
ROOT = "rootfolder"
HOOK = Path(__file__).parent / "fakedrive_hook"
QUOTA_BYTES = 15 * 2**30
# What each kind of trouble answers: HTTP status and Google's reason. Besides: `reset`, `hang`.
ANSWERS = {
    "403": (403, "userRateLimitExceeded"),
    "429": (429, "rateLimitExceeded"),
    "500": (500, "internalError"),
    "503": (503, "backendError"),
    "quota": (403, "storageQuotaExceeded"),
    "expired": (401, "authError"),
}


@dataclass
class Node:
    """A file or folder."""

    id: str
    title: str
    mime_type: str
    parents: list[str]
    content: bytes = b""
    born: float = field(default_factory=time.monotonic)

    def public(self) -> dict[str, Any]:
        """As the API shows it."""
        shown: dict[str, Any] = {"id": self.id, "title": self.title, "mimeType": self.mime_type}
        shown |= {"parents": [{"id": parent} for parent in self.parents], "labels": {"trashed": False}}
        if self.mime_type != FOLDER:
            shown |= {"fileSize": str(len(self.content)), "md5Checksum": hashlib.md5(self.content).hexdigest()}
        return shown


class FakeDrive:
    """The server, in a thread of this process; a context manager.

    Attributes:
        files: by id.
        requests: count by kind.
        injected: count of faults by kind.
        lag_seconds: how long a new file stays invisible to lists.
        hang_seconds: how long a hung request stays open.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.files = {ROOT: Node(ROOT, "root", FOLDER, [])}
        self.uploads: dict[str, tuple[str | None, dict[str, Any]]] = {}
        self.requests: Counter[str] = Counter()
        self.injected: Counter[str] = Counter()
        self.lag_seconds = 0.0
        self.hang_seconds = 300.0
        self._script: deque[str] = deque()
        self._rate, self._kinds, self._random = 0.0, [""], random.Random(0)
        self._token = "token-0"
        handler = type("DriveHandler", (_Handler,), {"drive": self})
        self._server = _Server(("127.0.0.1", 0), handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def environment(self) -> dict[str, str]:
        """What a process needs to reach this Drive, with credentials that work."""
        credentials = {
            "access_token": self._token,
            "client_id": "id",
            "client_secret": "secret",
            "refresh_token": "refresh",
            "token_expiry": "2099-01-01T00:00:00Z",
            "token_uri": "https://oauth2.googleapis.com/token",
            "scopes": ["https://www.googleapis.com/auth/drive"],
            "invalid": False,
            "_class": "OAuth2Credentials",
            "_module": "oauth2client.client",
        }
        empty = ("user_agent", "revoke_uri", "id_token", "id_token_jwt", "token_response", "token_info_uri")
        return {
            "FAKE_DRIVE_URL": self.url,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(HOOK), os.environ.get("PYTHONPATH")])),
            "GDRIVE_CREDENTIALS_DATA": json.dumps(credentials | dict.fromkeys(empty)),
            "GDRIVE_NON_INTERACTIVE": "1",
        }

    def inject(self, kind: str, times: int = 1) -> None:
        """The next requests fail: one of `ANSWERS`, `reset` (the connection is cut) or `hang`."""
        with self.lock:
            self._script.extend([kind] * times)

    def misbehave(self, rate: float, kinds: list[str], seed: int = 0) -> None:
        """From now on this share of requests fails, in one of these ways."""
        with self.lock:
            self._rate, self._kinds, self._random = rate, kinds, random.Random(seed)

    def fault(self) -> str:
        """What becomes of the next request; empty where it is served."""
        with self.lock:
            kind = self._script.popleft() if self._script else ""
            if not kind and self._random.random() < self._rate:
                kind = self._random.choice(self._kinds)
            if kind:
                self.injected[kind] += 1
            if kind == "expired":
                self._token = f"token-{secrets.token_hex(4)}"
            return kind

    def accepts(self, authorization: str) -> bool:
        return authorization == f"Bearer {self._token}"

    def refresh(self) -> dict[str, Any]:
        return {"access_token": self._token, "expires_in": 3600, "token_type": "Bearer"}

    def store(self, file_id: str | None, body: dict[str, Any], content: bytes = b"") -> Node:
        """Makes a file, or gives one that is there new contents."""
        with self.lock:
            if file_id is not None:
                self.files[file_id].content = content
                return self.files[file_id]
            parents = [parent["id"] for parent in body.get("parents", [])]
            mime_type = body.get("mimeType", "application/octet-stream")
            node = Node("1" + secrets.token_urlsafe(24), body["title"], mime_type, parents, content)
            self.files[node.id] = node
            return node

    def find(self, query: str) -> list[Node]:
        """Files by the two conditions that pydrive2 asks for: parents and title."""
        parents = set(re.findall(r"'([^']+)' in parents", query))
        title = re.search(r"title\s*=\s*'((?:[^'\\]|\\.)*)'", query)
        now = time.monotonic()
        with self.lock:
            return [
                node
                for node in self.files.values()
                if now - node.born >= self.lag_seconds
                and (not parents or parents & set(node.parents))
                and (title is None or node.title == title[1].replace("\\'", "'"))
            ]

    def paths(self) -> list[str]:
        """Of all files, with their folders; a path that was written twice is there twice."""

        def path(node: Node) -> str:
            return "" if node.id == ROOT else f"{path(self.files[node.parents[0]])}/{node.title}"

        with self.lock:
            return sorted(path(node).removeprefix("/") for node in self.files.values() if node.mime_type != FOLDER)

    def __enter__(self) -> "FakeDrive":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that were killed, and connections that were cut on purpose, are no news."""


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    drive: FakeDrive

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

    def answer(self, status: int, value: Any = None, raw: bytes = b"", **headers: str) -> None:
        content = raw if value is None else json.dumps(value).encode()
        self.send_response(status)
        if value is not None:
            self.send_header("Content-Type", "application/json; charset=UTF-8")
        for name, header in headers.items():
            self.send_header(name.replace("_", "-"), header)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def fail(self, status: int, reason: str) -> None:
        errors = [{"domain": "usageLimits" if status in (403, 429) else "global", "reason": reason, "message": reason}]
        self.answer(status, {"error": {"errors": errors, "code": status, "message": reason}})

    def serve(self) -> None:
        """Reads the request, lets it fail where a fault is due, and serves it."""
        url = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(url.query, keep_blank_values=True).items()}
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(url.path)
        method = self.headers.get("X-HTTP-Method-Override") or self.command
        if method == "GET" and self.command == "POST":  # a query too long for a URL comes as a form
            query |= {key: values[-1] for key, values in parse_qs(content.decode(), keep_blank_values=True).items()}
        if path == "/token":
            self.answer(200, self.drive.refresh())
            return
        fault = self.drive.fault()
        if fault == "hang":
            time.sleep(self.drive.hang_seconds)
        if fault in ("hang", "reset"):
            self.close_connection = True
            self.connection.close()
        elif fault:
            self.fail(*ANSWERS[fault])
        elif not self.drive.accepts(self.headers.get("Authorization", "")):
            self.fail(401, "authError")
        else:
            self.drive.requests[f"{method} {re.sub('files/[^/]+', 'files/ID', path.split('/v2/')[-1])}"] += 1
            self.route(method, path, query, content)

    def route(self, method: str, path: str, query: dict[str, str], content: bytes) -> None:
        drive = self.drive
        if path.startswith("/upload/session/"):
            file_id, body = drive.uploads[path.rsplit("/", 1)[1]]
            # Clients here send a file in one piece; one in several is told what has arrived.
            self.answer(200, drive.store(file_id, body, content).public())
            return
        parts = path.split("/drive/v2/", 1)[-1].split("/")
        if parts == ["about"]:
            used = sum(len(node.content) for node in drive.files.values())
            self.answer(200, {"quotaBytesTotal": str(QUOTA_BYTES), "quotaBytesUsed": str(used)})
            return
        file_id = parts[1] if len(parts) > 1 else None
        if file_id is not None and file_id not in drive.files:
            self.fail(404, "notFound")
        elif path.startswith("/upload/"):
            session = secrets.token_hex(8)
            drive.uploads[session] = (file_id, json.loads(content or b"{}"))
            self.answer(200, Location=f"{drive.url}/upload/session/{session}")
        elif method == "GET" and file_id is None:
            found = drive.find(query.get("q", ""))
            size, first = int(query.get("maxResults", 100)), int(query.get("pageToken") or 0)
            page: dict[str, Any] = {"items": [node.public() for node in found[first : first + size]]}
            if first + size < len(found):
                page["nextPageToken"] = str(first + size)
            self.answer(200, page)
        elif method == "GET" and query.get("alt") == "media":
            self.media(drive.files[file_id or ""].content)
        elif method == "GET":
            self.answer(200, drive.files[file_id or ""].public())
        elif method == "POST" and file_id is None:
            self.answer(200, drive.store(None, json.loads(content)).public())
        elif method == "DELETE" or (method == "POST" and parts[2:] == ["trash"]):
            with drive.lock:
                node = drive.files.pop(file_id or "")
            self.answer(200, node.public()) if method == "POST" else self.answer(204)
        else:
            self.fail(404, "notFound")

    def media(self, content: bytes) -> None:
        """A file's content, or the part of it that is asked for."""
        wanted = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not wanted:
            self.answer(200, raw=content)
            return
        first, last = int(wanted[1]), min(int(wanted[2] or len(content)), len(content) - 1)
        if first >= len(content):
            self.answer(416, Content_Range=f"bytes */{len(content)}")
            return
        self.answer(206, raw=content[first : last + 1], Content_Range=f"bytes {first}-{last}/{len(content)}")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = lambda self: self.serve()  # noqa: N815
