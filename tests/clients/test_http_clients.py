"""Plain HTTP clients as their users call them: curl, urllib, requests, wechatpy."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import threading
import urllib.request
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
import requests
import trustme

HERE = Path(__file__).parent
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 40 + b"\xff\xd9"


@pytest.fixture
def endpoint(served) -> str:
    """The recognition call with a token, ready for further parameters."""
    return f"{served.url}/cv/ocr/bankcard?access_token={served.token()}"


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "我的卡 (1).jpg"
    path.write_bytes(JPEG)
    return path


@pytest.fixture(scope="module")
def success(served) -> dict[str, object]:
    return {"errcode": 0, "errmsg": "ok", "number": served.number, "id": served.number}


def test_javas_own_client(served, picture, site, success):
    """java.net.http offers HTTP/2 with each first request; upload, continue, GET, empty POST and form all work."""
    java = shutil.which("java")
    if java is None or shutil.which("javac") is None:
        pytest.skip("no JDK is installed")
    command = [java, "-Dfile.encoding=UTF-8", "Client.java", served.url, served.token(), picture, f"{site}/card.jpg"]
    printed = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True, timeout=120).stdout

    assert [success] * 5 == [json.loads(line) for line in printed.splitlines()]


# curl


@pytest.fixture
def curl():
    """Runs curl with these arguments and gives its standard output."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl is not installed")

    def run(*args: str, stdin: bytes = b"") -> bytes:
        command = [program, "-sS", "--noproxy", "*", "--max-time", "10", *args]
        return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout

    return run


def test_curl_as_documented(curl, endpoint, site, success):
    """The documentation's own line, a GET with the URL in the query."""
    assert success == json.loads(curl(f"{endpoint}&type=photo&img_url={quote(site + '/card.jpg', safe='')}"))


def test_curl_uploads(curl, endpoint, picture, success):
    """``-F img=@file``, with a Chinese name."""
    assert success == json.loads(curl("-F", f"img=@{picture}", endpoint))


def test_curl_uploads_in_chunks(curl, endpoint, picture, success):
    """Without a Content-Length."""
    assert success == json.loads(curl("-H", "Transfer-Encoding: chunked", "-F", f"img=@{picture}", endpoint))


def test_curl_waits_for_continue(curl, endpoint, picture, success):
    """``Expect: 100-continue`` is answered."""
    answer = curl("-H", "Expect: 100-continue", "--expect100-timeout", "5", "-F", f"img=@{picture}", "-i", endpoint)

    assert (b"HTTP/1.1 100 Continue\r\n", success) == (
        answer.split(b"\r\n\r\n")[0] + b"\r\n",
        json.loads(answer.split(b"\r\n\r\n")[-1]),
    )


def test_curl_sends_the_bare_picture(curl, endpoint, picture, success):
    """``--data-binary`` with the form's content type that curl sets by itself."""
    assert success == json.loads(curl("--data-binary", f"@{picture}", endpoint))


def test_curl_sends_the_url_as_a_form(curl, endpoint, site, success):
    """``--data-urlencode``."""
    assert success == json.loads(curl("--data-urlencode", f"img_url={site}/银行卡 正面.jpg", endpoint))


def test_curl_posts_without_a_body(curl, endpoint, site, success):
    """``-X POST`` and ``-d ''`` with the URL in the query."""
    url = f"{endpoint}&img_url={quote(site + '/card.jpg', safe='')}"

    assert [success] * 2 == [json.loads(curl("-X", "POST", url)), json.loads(curl("-d", "", url))]


def test_curl_sends_an_empty_multipart_body(curl, endpoint, site, success):
    """A multipart type whose body is empty, as some Go clients send it."""
    url = f"{endpoint}&img_url={quote(site + '/card.jpg', safe='')}"

    assert success == json.loads(
        curl("-X", "POST", "-H", "Content-Type: multipart/form-data; boundary=x", "-d", "", url)
    )


def test_curl_offers_http_2(curl, endpoint, picture, success):
    """``--http2`` on a plain connection offers an upgrade; the body is read all the same."""
    assert success == json.loads(curl("--http2", "-F", f"img=@{picture}", endpoint))


def test_curl_loses_the_boundary(curl, endpoint, picture, success):
    """A hand-set content type without its boundary, the most frequent mistake of all."""
    answer = curl("-H", "Content-Type: multipart/form-data", "-F", f"img=@{picture}", endpoint)

    assert success == json.loads(answer)


def test_curl_sees_status_and_type(curl, served):
    """Errors too are HTTP 200 and the platform's content type."""
    head, body = curl("-i", f"{served.url}/cv/ocr/bankcard").split(b"\r\n\r\n")

    assert (b"HTTP/1.1 200 OK", True, 41001) == (
        head.split(b"\r\n")[0],
        b"content-type: application/json; encoding=utf-8" in head.lower(),
        json.loads(body)["errcode"],
    )


# urllib


def test_urllib_posts_a_form(endpoint, site, success):
    """Form data, as old examples have it."""
    data = urlencode({"img_url": f"{site}/card.jpg", "type": "scan"}).encode()

    with urllib.request.urlopen(endpoint, data) as response:
        assert success == json.load(response)


def test_urllib_posts_json(endpoint, site, success):
    """JSON with its content type."""
    body = json.dumps({"img_url": f"{site}/银行卡 正面.jpg"}).encode()
    request = urllib.request.Request(endpoint, body, {"Content-Type": "application/json"})

    with urllib.request.urlopen(request) as response:
        assert success == json.load(response)


# requests


@pytest.mark.parametrize("name", ["img", "file", "media"])
def test_requests_uploads(endpoint, picture, success, name):
    """``files=``, under the documented name and those that libraries use."""
    with picture.open("rb") as file:
        assert success == requests.post(endpoint, files={name: file}, timeout=10).json()


def test_requests_sends_all_in_the_form(served, picture, success):
    """Token and type as fields of the form, beside the picture."""
    fields = {"access_token": served.token(), "type": "scan"}
    with picture.open("rb") as file:
        answer = requests.post(f"{served.url}/cv/ocr/bankcard", data=fields, files={"img": file}, timeout=10)

    assert success == answer.json()


def test_requests_asks_twice_on_one_connection(endpoint, success):
    """A session keeps its connection, after an error too."""
    with requests.Session() as session:
        first = session.post(endpoint, data=b"not a picture", headers={"Content-Type": "image/jpeg"}, timeout=10)
        second = session.post(endpoint, data=JPEG, timeout=10)

    assert ((101002, success), (200, 200)) == (
        (first.json()["errcode"], second.json()),
        (first.status_code, second.status_code),
    )


@pytest.mark.parametrize("times", [1, 2])
def test_a_url_encoded_too_often(endpoint, site, success, times):
    """Double encoding, which the platform answers with 101000, works."""
    url = f"{site}/银行卡 正面.jpg"
    for _ in range(times):
        url = quote(url, safe="")

    assert success == requests.get(endpoint, params={"img_url": url}, timeout=10).json()


# wechatpy


@pytest.fixture
def wechat(served, monkeypatch):
    """The client of wechatpy, its two addresses changed."""
    from wechatpy import WeChatClient

    monkeypatch.setattr(WeChatClient, "API_BASE_URL", f"{served.url}/cgi-bin/")

    class Client(WeChatClient):
        def fetch_access_token(self):
            params = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
            return self._fetch_access_token(url=f"{served.url}/cgi-bin/token", params=params)

    client = Client("wx1", served.apps["wx1"]["secret"])
    client.ocr = f"{served.url}/cv/ocr/bankcard"
    yield client
    client._http.close()


def test_wechatpy_uploads(wechat, success):
    """A token is fetched, the picture sent."""
    assert success == wechat.post(wechat.ocr, params={"type": "photo"}, files={"img": ("卡.jpg", JPEG)})


def test_wechatpy_sends_a_url(wechat, site, success):
    """``img_url`` in the query."""
    assert success == wechat.get(wechat.ocr, params={"img_url": f"{site}/card.jpg"})


def test_wechatpy_renews_its_token(wechat, success):
    """40001 makes it fetch a new token and call again."""
    wechat.session.set(wechat.access_token_key, "unknown")

    assert success == wechat.post(wechat.ocr, files={"img": ("card.jpg", JPEG)})


def test_wechatpy_raises_the_platforms_error(wechat):
    """An errcode becomes its exception, with code and words."""
    from wechatpy.exceptions import WeChatClientException

    with pytest.raises(WeChatClientException) as caught:
        wechat.post(wechat.ocr, files={"img": ("card.jpg", JPEG + b"NO CARD")})

    assert (101001, True) == (
        caught.value.errcode,
        caught.value.errmsg.startswith("certificate not found hint: [no card found] rid: "),
    )


def test_wechatpy_clears_and_asks(wechat):
    """Its own calls work, those of programs on its base, and full addresses."""
    assert {"errcode": 0, "errmsg": "ok"} == wechat.post("clear_quota", data={"appid": "wx1"})
    assert ["127.0.0.1"] == wechat.misc.get_wechat_ips()


@pytest.fixture
def mapped_host(served, monkeypatch, tmp_path):
    """The host name api.weixin.qq.com mapped to a TLS proxy before the server, as a hosts file and nginx would."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("api.weixin.qq.com").configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))
    connect = socket.create_connection

    def copy(source: socket.socket, sink: socket.socket) -> None:
        while data := source.recv(65536):
            sink.sendall(data)

    def proxy() -> None:
        client = context.wrap_socket(listener.accept()[0], server_side=True)
        with client, connect(("127.0.0.1", served.port)) as server:
            answers = threading.Thread(target=copy, args=(server, client))
            answers.start()
            copy(client, server)
            server.shutdown(socket.SHUT_WR)
            answers.join()

    thread = threading.Thread(target=proxy)
    thread.start()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    monkeypatch.setattr(
        "urllib3.util.connection.create_connection",
        lambda address, *_, **__: connect(listener.getsockname() if address == ("api.weixin.qq.com", 443) else address),
    )
    yield
    listener.close()
    thread.join(10)


def test_wechatpy_unchanged(mapped_host, served, success):
    """Code with the platform's host written out works when the name alone leads elsewhere."""
    from wechatpy import WeChatClient

    client = WeChatClient("wx1", served.apps["wx1"]["secret"])
    url = "https://api.weixin.qq.com/cv/ocr/bankcard"
    answer = client.post(url, params={"type": "photo"}, files={"img": ("card.jpg", JPEG)})
    client._http.close()

    assert success == answer
