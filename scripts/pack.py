#!/usr/bin/env python3
"""Packs programs that scripts/release.sh has built, with Python's own library alone.

    pack.py zip ARCHIVE FOLDER
    pack.py wheel FOLDER VERSION PLATFORM PROGRAM
    pack.py image ARCHIVE VERSION PLATFORM=PROGRAM...

Variables: SOURCE_DATE_EPOCH, the time of all files; REPOSITORY, the URL of the sources, if they have one; REVISION,
their commit, if it is known. The same input makes the same bytes.

A wheel is a zip archive with three files beside the program, an image a few JSON files beside a layer. maturin would
compile the program once more, with flags of its own, and packs nothing that is built already; buildah and umoci want
a store or a user namespace, and put the time of the day into what they write. This packs the bytes of the archives.
"""

import base64
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import sys
import tarfile
import time
import zipfile

NAME = "milvus-gke-l7"
SUMMARY = "Puts a Milvus release behind a GKE Layer-7 load balancer: post-renderer for Helm, function for kustomize"
ROOT = pathlib.Path(__file__).resolve().parent.parent
EPOCH = int(os.environ["SOURCE_DATE_EPOCH"])
REPOSITORY = os.environ.get("REPOSITORY", "").rstrip("/")
REVISION = os.environ.get("REVISION", "")

# A static program runs on every Linux: an old version of either C library, on which all newer ones may install it.
# Rust's programs for macOS ask for 10.12 on Intel and 11 on Apple's processors.
TAGS = {
    "darwin-amd64": ["macosx_10_12_x86_64"],
    "darwin-arm64": ["macosx_11_0_arm64"],
    "linux-amd64": ["manylinux_2_17_x86_64", "musllinux_1_1_x86_64"],
    "linux-arm64": ["manylinux_2_17_aarch64", "musllinux_1_1_aarch64"],
    "windows-amd64": ["win_amd64"],
    "windows-arm64": ["win_arm64"],
}


def write_zip(archive, files):
    """`files`: (path, bytes, is it a program?)"""
    with zipfile.ZipFile(archive, "w") as out:
        for path, content, is_program in files:
            entry = zipfile.ZipInfo(path, time.gmtime(EPOCH)[:6])
            entry.create_system = 3  # Unix, whose modes follow
            entry.external_attr = (0o100755 if is_program else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, content, compresslevel=9)


def zip_folder(archive, folder):
    folder = pathlib.Path(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    entries = ((path.relative_to(folder.parent).as_posix(), path.read_bytes(), os.access(path, os.X_OK)) for path in files)
    write_zip(archive, entries)


def python_version(version):
    """1.0.0-rc.1 is 1.0.0rc1 for Python."""
    found = re.fullmatch(r"(\d+\.\d+\.\d+)(?:-(alpha|beta|rc)\.?(\d+))?", version)
    if not found:
        sys.exit(f"pack.py: Python has no version like {version}: take 1.2.3, or 1.2.3-alpha.1, beta.1 or rc.1")
    base, stage, number = found.groups()
    return f"{base}{ {'alpha': 'a', 'beta': 'b', 'rc': 'rc'}[stage]}{number}" if stage else base


def description(version):
    """README.md, whose links lead to the repository, because PyPI has no other file."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    if not REPOSITORY:
        return text
    relative = re.compile(r"(!?)(\[[^\]]*\])\((?!https?:|#)([^)]+)\)")
    return relative.sub(lambda m: f"{m[1]}{m[2]}({REPOSITORY}/{'raw' if m[1] else 'blob'}/v{version}/{m[3]})", text)


def wheel(folder, version, platform, program):
    python, project, tags = python_version(version), NAME.replace("-", "_"), TAGS[platform]
    info = f"{project}-{python}.dist-info"
    metadata = [
        "Metadata-Version: 2.4",
        f"Name: {NAME}",
        f"Version: {python}",
        f"Summary: {SUMMARY}",
        "Keywords: milvus,gke,helm,kustomize,post-renderer",
        "License-Expression: Apache-2.0",
        "License-File: LICENSE",
        *([f"Project-URL: Source, {REPOSITORY}"] if REPOSITORY else []),
        "Description-Content-Type: text/markdown",
    ]
    about = ["Wheel-Version: 1.0", f"Generator: {NAME}", "Root-Is-Purelib: false", *(f"Tag: py3-none-{tag}" for tag in tags)]
    files = [
        (f"{project}-{python}.data/scripts/{pathlib.Path(program).name}", pathlib.Path(program).read_bytes(), True),
        (f"{info}/licenses/LICENSE", (ROOT / "LICENSE").read_bytes(), False),
        (f"{info}/METADATA", ("\n".join(metadata) + "\n\n" + description(version)).encode(), False),
        (f"{info}/WHEEL", ("\n".join(about) + "\n").encode(), False),
    ]

    def digest(content):
        return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")

    record = [f"{path},sha256={digest(content)},{len(content)}" for path, content, _ in files]
    record = "\n".join([*record, f"{info}/RECORD,,"]) + "\n"
    file = f"{project}-{python}-py3-none-{'.'.join(tags)}.whl"
    write_zip(pathlib.Path(folder, file), [*files, (f"{info}/RECORD", record.encode(), False)])


def tarball(files):
    """`files`: (path, bytes, mode). Their folders come with them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as out:
        folders = {parent.as_posix() for path, _, _ in files for parent in list(pathlib.PurePath(path).parents)[:-1]}
        for path in sorted(folders):
            entry = tarfile.TarInfo(path)
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, EPOCH
            out.addfile(entry)
        for path, content, mode in files:
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode, entry.mtime = len(content), mode, EPOCH
            out.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def image(archive, version, programs):
    """An OCI image layout in a tar file, with one image for each platform."""
    blobs = {}

    def blob(kind, content):
        if isinstance(content, dict):
            content = json.dumps(content, sort_keys=True).encode()
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(content)}

    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(EPOCH))
    labels = {
        "created": created,
        "description": SUMMARY,
        "licenses": "Apache-2.0",
        "revision": REVISION,
        "source": REPOSITORY,
        "title": NAME,
        "version": version,
    }
    labels = {f"org.opencontainers.image.{key}": value for key, value in labels.items() if value}
    # kustomize and kpt start a function as `docker run --user nobody`, and Docker looks for that name in the image.
    users = {
        "etc/group": b"nonroot:x:65532:\nnogroup:x:65534:\n",
        "etc/passwd": b"nonroot:x:65532:65532::/:\nnobody:x:65534:65534::/:\n",
        "LICENSE": (ROOT / "LICENSE").read_bytes(),
    }
    manifests = []
    for platform, program in sorted(programs.items()):
        system, architecture = platform.split("-")
        files = [(f"bin/{NAME}", pathlib.Path(program).read_bytes(), 0o755)]
        layer = tarball([*files, *((path, content, 0o644) for path, content in users.items())])
        config = {
            "architecture": architecture,
            "os": system,
            "created": created,
            # No command: a function gets no arguments, everybody else gives options or the name of a command.
            "config": {
                "Entrypoint": [f"/bin/{NAME}"],
                "Env": ["PATH=/bin"],
                "Labels": labels,
                "User": "65532:65532",
                "WorkingDir": "/",
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
            "history": [{"created": created, "created_by": "scripts/release.sh package"}],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": blob("config.v1+json", config),
            "layers": [blob("layer.v1.tar+gzip", gzip.compress(layer, mtime=0))],
            "annotations": labels,
        }
        platform = {"architecture": architecture, "os": system}
        manifests.append(blob("manifest.v1+json", manifest) | {"platform": platform})
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "annotations": labels}
    whole = blob("index.v1+json", index | {"manifests": manifests})
    whole["annotations"] = {"org.opencontainers.image.ref.name": version}
    top = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [whole]}
    files = {"index.json": json.dumps(top).encode(), "oci-layout": b'{"imageLayoutVersion": "1.0.0"}', **blobs}
    pathlib.Path(archive).write_bytes(tarball([(path, files[path], 0o644) for path in sorted(files)]))


match sys.argv[1:]:
    case ["zip", archive, folder]:
        zip_folder(archive, folder)
    case ["wheel", folder, version, platform, program]:
        wheel(folder, version, platform, program)
    case ["image", archive, version, *programs]:
        image(archive, version, dict(program.split("=", 1) for program in programs))
    case _:
        sys.exit(__doc__)
