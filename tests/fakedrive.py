"""A simulated Google Drive (API v2) for tests: dvc-gdrive, pydrive2 and googleapiclient stay real and talk to it.

It keeps everything in memory and behaves badly where the real one does: a path written twice is two files, and the
first of them is read; requests are throttled, fail, hang or are cut off, before or after they were carried out; lists
lag behind; tokens expire or are revoked; space runs out.

    with FakeDrive() as drive:
        drive.inject("429", times=2)
        subprocess.run(["dvc", "push"], env=os.environ | drive.environment())

Clients reach it through `tests/fakedrive_hook/sitecustomize.py`, which sends requests for Google's hosts here.
"""

import hashlib
import io
import json
import math
import os
import random
import re
import secrets
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

FOLDER = "application/vnd.google-apps.folder"
ROOT = "rootfolder"
HOOK = Path(__file__).parent / "fakedrive_hook"
# What each kind of trouble answers: HTTP status and Google's reason. Three others answer nothing: `reset` cuts the
# connection, `lost` does so after the request was carried out, `hang` after `hang_seconds`.
ANSWERS = {
    "403": (403, "userRateLimitExceeded"),
    "429": (429, "rateLimitExceeded"),
    "500": (500, "internalError"),
    "503": (503, "backendError"),
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
    listed_from: float = 0.0  # on `time.monotonic`'s clock
    listed_until: float = math.inf

    def public(self) -> dict[str, Any]:
        """As the API shows it."""
        shown: dict[str, Any] = {"id": self.id, "title": self.title, "mimeType": self.mime_type}
        shown |= {"parents": [{"id": parent} for parent in self.parents], "labels": {"trashed": False}}
        if self.mime_type != FOLDER:
            shown |= {"fileSize": str(len(self.content)), "md5Checksum": hashlib.md5(self.content).hexdigest()}
        return shown


@dataclass
class Upload:
    """A resumable upload: what it writes, and the file once that is done."""

    file_id: str | None
    body: dict[str, Any]
    done: Node | None = None


class FakeDrive:
    """The server, in a thread of this process; a context manager.

    Attributes:
        files: by id.
        requests: count by kind.
        received_bytes, sent_bytes: contents of requests and of answers.
        injected: count of faults by kind.
        lag_seconds: how long lists lag behind: lack a new file, and show one that was removed. `reveal` ends it.
        latency_seconds: added to each request.
        hang_seconds: how long a hung request stays open.
        timeout_seconds: the longest that clients wait for an answer, whatever they set themselves.
        quota_bytes: what files may take.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.files = {ROOT: Node(ROOT, "root", FOLDER, [])}
        self.removed: list[Node] = []
        self.uploads: dict[str, Upload] = {}
        self.requests: Counter[str] = Counter()
        self.received_bytes = self.sent_bytes = 0
        self.injected: Counter[str] = Counter()
        self.lag_seconds = self.latency_seconds = 0.0
        self.hang_seconds = 300.0
        self.timeout_seconds: float | None = None
        self.quota_bytes = 15 * 2**30
        self._revoked = False
        self._script: deque[tuple[str, str]] = deque()
        self._rate, self._kinds, self._random = 0.0, [""], random.Random(0)
        self._token = "token-0"
        self._made = 0
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
            "client_secret": "secret",  # pragma: allowlist secret
            "refresh_token": "refresh",
            "token_expiry": "2099-01-01T00:00:00Z",
            "token_uri": "https://oauth2.googleapis.com/token",
            "scopes": ["https://www.googleapis.com/auth/drive"],
            "invalid": False,
            "_class": "OAuth2Credentials",
            "_module": "oauth2client.client",
        }
        empty = ("user_agent", "revoke_uri", "id_token", "id_token_jwt", "token_response", "token_info_uri")
        timeout = {} if self.timeout_seconds is None else {"FAKE_DRIVE_TIMEOUT_SECONDS": str(self.timeout_seconds)}
        return timeout | {
            "FAKE_DRIVE_URL": self.url,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(HOOK), os.environ.get("PYTHONPATH")])),
            "GDRIVE_CREDENTIALS_DATA": json.dumps(credentials | dict.fromkeys(empty)),
            "GDRIVE_NON_INTERACTIVE": "1",
        }

    def make_folder(self, name: str) -> str:
        """Makes a folder in the root, as a person would; returns its address for DVC."""
        self.store({"title": name, "mimeType": FOLDER, "parents": [{"id": ROOT}]})
        return f"gdrive://{ROOT}/{name}"

    def inject(self, kind: str, times: int = 1, method: str = "") -> None:
        """The next requests (of one HTTP method, if given) fail: one of `ANSWERS`, `reset`, `lost` or `hang`."""
        with self.lock:
            self._script.extend([(kind, method)] * times)

    def misbehave(self, rate: float, kinds: list[str], seed: int = 0) -> None:
        """From now on this share of requests fails, in one of these ways."""
        with self.lock:
            self._rate, self._kinds, self._random = rate, kinds, random.Random(seed)

    def fault(self, method: str) -> str:
        """What becomes of the next request; empty where it is served."""
        with self.lock:
            due = self._script and self._script[0][1] in ("", method)
            kind = self._script.popleft()[0] if due else ""
            if not kind and self._random.random() < self._rate:
                kind = self._random.choice(self._kinds)
            if kind:
                self.injected[kind] += 1
            if kind == "expired":
                self._token = f"token-{secrets.token_hex(4)}"
            return kind

    def revoke(self) -> None:
        """Its owner takes the permission back: no token is good any more."""
        with self.lock:
            self._revoked, self._token = True, ""

    def permit(self) -> None:
        """The permission is given anew."""
        with self.lock:
            self._revoked, self._token = False, f"token-{secrets.token_hex(4)}"

    def accepts(self, authorization: str) -> bool:
        return not self._revoked and authorization == f"Bearer {self._token}"

    def renew(self, refresh_token: str) -> dict[str, Any] | None:
        """A new access token; None where that is refused."""
        if self._revoked or refresh_token != "refresh":
            return None
        return {"access_token": self._token, "expires_in": 3600, "token_type": "Bearer"}

    def used_bytes(self) -> int:
        with self.lock:
            return sum(len(node.content) for node in self.files.values())

    def store(self, body: dict[str, Any], content: bytes = b"") -> Node:
        """Makes a file. Ids grow, and clients take the smallest: of two files on one path the stale one is read."""
        with self.lock:
            parents = [parent["id"] for parent in body.get("parents", [])]
            mime_type = body.get("mimeType", "application/octet-stream")
            self._made += 1
            node = Node(f"1{self._made:012d}", body["title"], mime_type, parents, content)
            node.listed_from = time.monotonic() + self.lag_seconds
            self.files[node.id] = node
            return node

    def complete(self, upload: Upload, content: bytes) -> Node | None:
        """Ends an upload, once however often it is asked to; None where the file would be over the quota."""
        with self.lock:
            if upload.done is None:
                known = self.files.get(upload.file_id or "")
                if self.used_bytes() + len(content) - (len(known.content) if known else 0) > self.quota_bytes:
                    return None
                if known is not None:
                    known.content = content
                upload.done = known or self.store(upload.body, content)
            return upload.done

    def remove(self, file_id: str) -> Node:
        with self.lock:
            node = self.files.pop(file_id)
            node.listed_until = time.monotonic() + self.lag_seconds
            self.removed.append(node)
            return node

    def reveal(self) -> None:
        """Lists show from now on all that is there; `lag_seconds` is set back to 0."""
        with self.lock:
            self.lag_seconds = 0.0
            self.removed.clear()
            for node in self.files.values():
                node.listed_from = 0.0

    def find(self, parents: set[str], title: str | None) -> list[Node]:
        """Files by the two conditions that pydrive2 asks for, as far as lists show them."""
        now = time.monotonic()
        with self.lock:
            return [
                node
                for node in (*self.files.values(), *self.removed)
                if node.listed_from <= now < node.listed_until
                and (not parents or parents & set(node.parents))
                and (title is None or node.title == title)
            ]

    def paths(self) -> list[str]:
        """Of all files, with their folders; a path that was written twice is there twice."""

        def path(node: Node) -> str:
            return "" if node.id == ROOT else f"{path(self.files[node.parents[0]])}/{node.title}"

        with self.lock:
            return sorted(path(node).removeprefix("/") for node in self.files.values() if node.mime_type != FOLDER)

    def announced(self, shard: int) -> list[str]:
        """The paths that announce a shard's checkpoints."""
        return [path for path in self.paths() if f"/shard-{shard}/" in path and path.endswith(".tar.sha256")]

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
    disable_nagle_algorithm = True  # or each answer's content waits 40 ms for its headers to be acknowledged
    drive: FakeDrive

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

    def answer(self, status: int, value: Any = None, raw: bytes = b"", **headers: str) -> None:
        content = raw if value is None else json.dumps(value).encode()
        self.drive.sent_bytes += len(content)
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

    def cut(self) -> None:
        self.close_connection = True
        self.connection.close()

    def serve(self) -> None:
        """Reads the request, lets it fail where a fault is due, and serves it."""
        url = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(url.query, keep_blank_values=True).items()}
        size = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(size)
        if len(content) < size:  # the client went away
            self.cut()
            return
        path = unquote(url.path)
        method = self.headers.get("X-HTTP-Method-Override") or self.command
        if method == "GET" and self.command == "POST":  # a query too long for a URL comes as a form
            query |= {key: values[-1] for key, values in parse_qs(content.decode(), keep_blank_values=True).items()}
        if path == "/reveal":  # for a client in the middle of a test
            self.drive.reveal()
            self.answer(204)
            return
        if path == "/token":
            renewed = self.drive.renew(parse_qs(content.decode())["refresh_token"][0])
            self.answer(200, renewed) if renewed else self.answer(400, {"error": "invalid_grant"})
            return
        time.sleep(self.drive.latency_seconds)
        fault = self.drive.fault(method)
        if fault == "hang":
            time.sleep(self.drive.hang_seconds)
        if fault in ("hang", "reset"):
            self.cut()
            return
        if fault == "lost":
            self.wfile = io.BytesIO()  # the answer reaches nobody
        if fault in ANSWERS:
            self.fail(*ANSWERS[fault])
        elif not self.drive.accepts(self.headers.get("Authorization", "")):
            self.fail(401, "authError")
        else:
            kind = re.sub("(session|files)/[^/]+", r"\1/ID", path.removeprefix("/drive/v2/"))
            with self.drive.lock:
                self.drive.requests[f"{method} {kind}"] += 1
                self.drive.received_bytes += len(content)
            self.route(method, path, query, content)
        if fault == "lost":
            self.cut()

    def route(self, method: str, path: str, query: dict[str, str], content: bytes) -> None:
        drive = self.drive
        if path.startswith("/upload/session/"):
            # Clients here send a file in one piece; one in several is told what has arrived.
            made = drive.complete(drive.uploads[path.rsplit("/", 1)[1]], content)
            self.answer(200, made.public()) if made else self.fail(403, "storageQuotaExceeded")
            return
        parts = path.split("/drive/v2/", 1)[-1].split("/")
        if parts == ["about"]:
            self.answer(200, {"quotaBytesTotal": str(drive.quota_bytes), "quotaBytesUsed": str(drive.used_bytes())})
            return
        file_id = parts[1] if len(parts) > 1 else None
        if file_id is not None and file_id not in drive.files:
            self.fail(404, "notFound")
        elif path.startswith("/upload/"):
            session = secrets.token_hex(8)
            drive.uploads[session] = Upload(file_id, json.loads(content or b"{}"))
            self.answer(200, Location=f"{drive.url}/upload/session/{session}")
        elif method == "GET" and file_id is None:
            self.list(query)
        elif method == "GET" and query.get("alt") == "media":
            self.media(drive.files[file_id or ""].content)
        elif method == "GET":
            self.answer(200, drive.files[file_id or ""].public())
        elif method == "POST" and file_id is None:
            self.answer(200, drive.store(json.loads(content)).public())
        elif method == "DELETE" or (method == "POST" and parts[2:] == ["trash"]):
            node = drive.remove(file_id or "")
            self.answer(200, node.public()) if method == "POST" else self.answer(204)
        else:
            self.fail(404, "notFound")

    def list(self, query: dict[str, str]) -> None:
        """A page of the files that are asked for; a parent that is gone is an error."""
        asked = query.get("q", "")
        parents = set(re.findall(r"'([^']+)' in parents", asked))
        title = re.search(r"title\s*=\s*'((?:[^'\\]|\\.)*)'", asked)
        if parents - self.drive.files.keys():
            self.fail(404, "notFound")
            return
        found = self.drive.find(parents, title[1].replace("\\'", "'") if title else None)
        size, first = int(query.get("maxResults", 100)), int(query.get("pageToken") or 0)
        page: dict[str, Any] = {"items": [node.public() for node in found[first : first + size]]}
        if first + size < len(found):
            page["nextPageToken"] = str(first + size)
        self.answer(200, page)

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
