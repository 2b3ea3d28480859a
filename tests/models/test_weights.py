import hashlib
import http.server
import os
import threading

import pytest

from facespace.errors import ModelError
from facespace.models import WeightFile, cache_folder, fetch, find_weights, load_card, locate, parse_card
from facespace.models.weights import DETECTOR_FILES, checksum, find_file

CONTENT = b"weights " * 1000
BODIES = {
    "/empty.bin": b"",
    "/page.bin": b"\n<!DOCTYPE html><p>log in",
    "/lfs.bin": b"version https://git-lfs.github.com/spec",
}
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server():
    """An address that serves CONTENT under /net.bin, breaks off under /short.bin and knows nothing else."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path.startswith("/to/"):
                self.send_response(302)
                self.send_header("Location", self.path.removeprefix("/to/"))
                self.end_headers()
                return
            if self.path in BODIES:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(BODIES[self.path])
                return
            if self.path == "/reset.bin":
                self.wfile.write(b"nonsense")
                return
            if self.path not in ("/net.bin", "/short.bin"):
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT if self.path == "/net.bin" else CONTENT[:100])

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def card(**file):
    return parse_card(
        {
            "name": "net",
            "runtime": "onnx",
            "dim": 1,
            "files": [{"name": "net.bin", **file}],
            "alignment": {"template": "arcface"},
        }
    )


def test_places_are_searched_in_order(tmp_path, monkeypatch):
    file = WeightFile("net.bin")
    folders = [tmp_path / name for name in ("given", "first", "second")]
    monkeypatch.setenv("FACESPACE_MODELS", os.pathsep.join(map(str, folders[1:])))
    found = []
    for folder in (cache_folder(), *reversed(folders)):
        folder.mkdir(parents=True)
        (folder / "net.bin").write_bytes(b"x")
        found.append(locate(file, folders[0]).parent)
    assert found == [cache_folder(), *reversed(folders)]


def test_what_is_nowhere_names_every_place(tmp_path, monkeypatch):
    monkeypatch.setenv("FACESPACE_MODELS", str(tmp_path / "mine"))
    with pytest.raises(ModelError) as caught:
        find_weights(card(), tmp_path / "given")
    for place in (tmp_path / "given", tmp_path / "mine", cache_folder()):
        assert str(place) in caught.value.message
    assert "FACESPACE_MODELS" in caught.value.hint


def test_a_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"facespace\[dlib\]"):
        find_weights(load_card("dlib-resnet29"))


def test_weights_come_from_an_installed_package():
    pytest.importorskip("dlib")
    for file in (*load_card("dlib-resnet29").files, DETECTOR_FILES["dlib"]):
        assert checksum(find_file(file)) == file.sha256


def test_a_wrong_checksum_shows_both(tmp_path):
    (tmp_path / "net.bin").write_bytes(CONTENT[:-1])
    with pytest.raises(ModelError) as caught:
        find_weights(card(sha256=DIGEST), tmp_path)
    assert DIGEST in caught.value.message
    assert hashlib.sha256(CONTENT[:-1]).hexdigest() in caught.value.message
    assert "7,999 bytes" in caught.value.hint


def test_downloads_go_to_the_cache_with_progress(server):
    steps = []
    (path,) = find_weights(card(sha256=DIGEST, url=f"{server}/net.bin"), progress=lambda *step: steps.append(step))
    assert path == cache_folder() / "net.bin"
    assert path.read_bytes() == CONTENT
    assert steps[-1] == ("net.bin", len(CONTENT), len(CONTENT))


@pytest.mark.parametrize(
    ("name", "digest", "message"),
    [
        ("net.bin", "0" * 64, f"sha256 {DIGEST}"),
        ("short.bin", DIGEST, "broke off after 100 of 8,000"),
        ("nothing.bin", DIGEST, "can't download"),
        ("reset.bin", DIGEST, "can't download"),
        ("empty.bin", DIGEST, "gave nothing"),
        ("page.bin", DIGEST, "with the sha256"),
        ("to/file:///etc/passwd", DIGEST, "not allowed"),
        ("to/ftp://example.org/net.bin", DIGEST, "must begin with https"),
    ],
)
def test_a_failed_download_leaves_nothing(server, name, digest, message):
    with pytest.raises(ModelError, match=message):
        fetch(WeightFile("net.bin", digest, f"{server}/{name}"))
    assert list(cache_folder().iterdir()) == []


def test_a_redirect_is_followed(server):
    assert fetch(WeightFile("net.bin", DIGEST, f"{server}/to/{server}/net.bin")).read_bytes() == CONTENT


@pytest.mark.parametrize(("name", "message"), [("empty.bin", "gave nothing"), ("page.bin", "text"), ("lfs.bin", "text")])
def test_what_are_no_weights_is_not_kept_where_no_checksum_tells(server, monkeypatch, name, message):
    monkeypatch.setattr(WeightFile, "check_address", lambda self, url: None)  # the server here has no https
    with pytest.raises(ModelError, match=message):
        fetch(WeightFile("net.bin", "", f"{server}/{name}"))
    assert list(cache_folder().iterdir()) == []


def test_an_answer_that_never_comes_is_a_message(monkeypatch):
    def late(*_, **__):
        raise TimeoutError

    monkeypatch.setattr("urllib.request.OpenerDirector.open", late)
    with pytest.raises(ModelError, match=r"can't download .*TimeoutError"):
        fetch(WeightFile("net.bin", "", "https://example.org/net.bin"))


@pytest.mark.parametrize(
    "name",
    [
        "../x.sh",
        "/etc/passwd",
        "a/b",
        "..",
        ".",
        "C:net.bin",
        "C:\\net.bin",
        "a\\b",
        "\\\\host\\x",
        "a\0b",
        "a\nb",
        "x" * 300,
    ],
)
def test_a_card_names_plain_files_only(name):
    with pytest.raises(ModelError, match=r"card \[files 1\]: name = .*plain file name"):
        card(name=name)


@pytest.mark.parametrize(
    "package", ["numpy/../../etc", "../x", "/etc", "numpy/..", "numpy\\..\\x", "a.b/c", "numpy//x", "numpy/./x"]
)
def test_a_package_holds_its_file_inside(package):
    with pytest.raises(ModelError, match=r"card \[files 1\]: package ="):
        card(package=package)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "data:,x", "ftp://x/y", "http://x/y", "/etc/passwd", "x", "FILE:/etc/x"]
)
def test_weights_come_by_https_or_with_a_checksum(url):
    with pytest.raises(ModelError, match=r"card \[files 1\]: url = .*https"):
        card(url=url)
    if not url.startswith("http:"):
        with pytest.raises(ModelError, match="https"):
            card(url=url, sha256=DIGEST)
