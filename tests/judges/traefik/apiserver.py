"""Of an API server what a controller of the Gateway API needs: it lists and watches objects, and keeps their status.

    apiserver.py OBJECTS PORT

OBJECTS is a file with a JSON array of objects. Nothing is validated, and no default is filled in: what a controller needs
must be written in the objects.
"""
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

KINDS = """BackendTLSPolicy ConfigMap EndpointSlice GRPCRoute Gateway GatewayClass HTTPRoute ListenerSet Namespace Node
ReferenceGrant Secret Service TCPRoute TLSRoute UDPRoute""".split()


def plural(kind):
    name = kind.lower()
    return name[:-1] + "ies" if name.endswith("cy") else name + ("es" if name.endswith("s") else "s")


OF = {plural(kind): kind for kind in KINDS}
NOT_FOUND = {"apiVersion": "v1", "kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}
objects = {}
end = threading.Event()


class Path:
    """/apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL/NAME, or /api/VERSION/… of the group without a name."""

    def __init__(self, path):
        _, root, *parts = path.split("/")
        depth = 1 if root == "api" else 2
        self.version, parts = "/".join(parts[:depth]), parts[depth:]
        self.namespace = parts[1] if parts[0:1] == ["namespaces"] and len(parts) > 2 else None
        parts = parts[2:] if self.namespace else parts
        self.kind = OF.get(parts[0]) if parts else None
        self.name = parts[1] if len(parts) > 1 else None

    def objects(self):
        """Those that the path names."""
        def is_meant(object):
            of = object["metadata"]
            return self.namespace in (None, of.get("namespace")) and self.name in (None, of["name"])
        return [object for object in objects.get((self.version, self.kind), []) if is_meant(object)]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, answer, code=200):
        body = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urlparse(self.path)
        query = parse_qs(url.query)
        if url.path == "/version":
            return self.answer({"major": "1", "minor": "36", "gitVersion": "v1.36.0"})
        path = Path(url.path)
        found = path.objects()
        if path.kind is None or path.name and not found:
            return self.answer(NOT_FOUND, 404)
        if path.name:
            return self.answer(found[0])
        if "watch" in query:
            return self.watch(path, found if "sendInitialEvents" in query else None)
        metadata = {"resourceVersion": "1"}
        self.answer({"apiVersion": path.version, "kind": f"{path.kind}List", "metadata": metadata, "items": found})

    def watch(self, path, initial):
        """What is there already, if that is asked for; nothing ever changes."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        events = [{"type": "ADDED", "object": object} for object in initial or []]
        if initial is not None:
            metadata = {"resourceVersion": "1", "annotations": {"k8s.io/initial-events-end": "true"}}
            mark = {"apiVersion": path.version, "kind": path.kind, "metadata": metadata}
            events.append({"type": "BOOKMARK", "object": mark})
        for event in events:
            line = json.dumps(event).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.flush()
        end.wait()

    def do_PUT(self):
        """A status; other writes are not for controllers of the Gateway API."""
        written = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = Path(self.path).objects()
        if not self.path.endswith("/status") or len(found) != 1:
            return self.answer(NOT_FOUND, 404)
        found[0]["status"] = written.get("status")
        self.answer(found[0])


def main():
    with open(sys.argv[1]) as file:
        for number, object in enumerate(json.load(file)):
            object["metadata"].update(uid=f"uid-{number}", resourceVersion="1", generation=1)
            objects.setdefault((object["apiVersion"], object["kind"]), []).append(object)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()


main()
