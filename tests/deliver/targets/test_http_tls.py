"""An HTTP target behind TLS: whose roots count there, and who relay is to it."""

import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from relay.deliver.targets.http import HttpTarget
from relay.deliver.targets.protocol import Reply, Verdict
from tests.authority import Issued
from tests.clock import START
from tests.deliver.targets.asking import message, opened, table
from tests.deliver.targets.tls_site import Site, key_of, of_client, of_site, root, site, strict_site
from tests.outside import ConnectProxy

ROOT = root()
OTHER = root("another root")


def trusting(
    where: Site | str, session: ClientSession, folder: Path, roots: Issued, **keys: Any
) -> HttpTarget:
    """A target that trusts `roots` only."""
    file = folder / f"{roots.certificate.serial_number}.pem"
    file.write_bytes(roots.pem)
    return opened(table(where if isinstance(where, str) else where.url, ca=str(file), **keys), session)


def showing(own: Issued) -> dict[str, Any]:
    return {"type": "mtls", "certificate": own.pem.decode(), "key": key_of(own)}


async def send(target: HttpTarget) -> Reply:
    return await target.send(message(), START)


async def test_own_roots(session: ClientSession, tmp_path: Path) -> None:
    """A site that `ca` vouches for is a site like any other."""
    async with site(of_site(ROOT), tmp_path) as there:
        reply = await send(trusting(there, session, tmp_path, ROOT))
    assert reply == Reply(Verdict.TAKEN, 200)
    assert there.peers == [None]


async def test_own_roots_among_comments(session: ClientSession, tmp_path: Path) -> None:
    """Bundles hold names in all languages between their certificates."""
    (tmp_path / "ca.pem").write_bytes("# Türktrust\n".encode() + OTHER.pem + b"\n\xff\n" + ROOT.pem)
    async with site(of_site(ROOT), tmp_path) as there:
        reply = await send(opened(table(there.url, ca=str(tmp_path / "ca.pem")), session))
    assert reply.verdict is Verdict.TAKEN


async def test_unknown_roots(session: ClientSession, tmp_path: Path) -> None:
    """A site that nobody vouches for is out of reach, with and without `ca`, and says why."""
    async with site(of_site(ROOT), tmp_path) as there:
        for target in (opened(table(there.url), session), trusting(there, session, tmp_path, OTHER)):
            assert await send(target) == Reply(
                Verdict.UNREACHABLE, error="TLS: unable to get local issuer certificate"
            )
    assert there.peers == []


async def test_roots_are_instead_of_the_systems(
    session: ClientSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ca` is not added to what the system trusts; without it they are in force."""
    (tmp_path / "system.pem").write_bytes(ROOT.pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "system.pem"))
    async with site(of_site(ROOT), tmp_path) as there:
        shows = opened(table(there.url, auth=showing(of_client(OTHER))), session)
        assert (await send(shows)).verdict is Verdict.TAKEN
        assert (await send(trusting(there, session, tmp_path, OTHER))).verdict is Verdict.UNREACHABLE


@pytest.mark.parametrize(
    ("own", "why"),
    [
        (of_site(ROOT, hosts=("other.example",)), "TLS: IP address mismatch"),
        (of_site(ROOT, ends=timedelta(days=-1)), "TLS: certificate has expired"),
    ],
    ids=["name", "age"],
)
async def test_unfit_certificate(session: ClientSession, tmp_path: Path, own: Issued, why: str) -> None:
    """Of another name, or too old: out of reach; the reason names no address."""
    async with site(own, tmp_path) as there:
        reply = await send(trusting(there, session, tmp_path, ROOT))
    assert reply == Reply(Verdict.UNREACHABLE, error=why)


@pytest.mark.parametrize("in_file", [True, False])
async def test_certificate_is_shown(session: ClientSession, tmp_path: Path, in_file: bool) -> None:
    """`mtls`: by the paths of PEM files, or by secrets that hold the PEM."""
    own = of_client(OTHER)
    (tmp_path / "own.pem").write_bytes(own.whole)
    environ = {"CERT": own.pem.decode(), "KEY": key_of(own)}
    path = str(tmp_path / "own.pem")
    pair = (path, path) if in_file else ({"env": "CERT"}, {"env": "KEY"})
    auth = {"type": "mtls", "certificate": pair[0], "key": pair[1]}
    (tmp_path / "ca.pem").write_bytes(ROOT.pem)
    async with site(of_site(ROOT), tmp_path, clients=OTHER) as there:
        words = table(there.url, environ, ca=str(tmp_path / "ca.pem"), auth=auth)
        assert await send(opened(words, session)) == Reply(Verdict.TAKEN, 200)
    assert there.peers == ["relay"]


async def test_login_beside_the_certificate(session: ClientSession, tmp_path: Path) -> None:
    """A user and password in the url go along as ever."""
    async with site(of_site(ROOT), tmp_path, clients=OTHER) as there:
        url = there.url.replace("//", "//user:pass@")
        target = trusting(url, session, tmp_path, ROOT, auth=showing(of_client(OTHER)))
        assert (await send(target)).verdict is Verdict.TAKEN
    assert (there.peers, there.logins) == (["relay"], ["Basic dXNlcjpwYXNz"])


async def test_chain_is_shown(session: ClientSession, tmp_path: Path) -> None:
    """The certificates behind our own go along: the site knows the root only."""
    between = OTHER.issue("between", ca=True, usage=True, web=True, ends=timedelta(days=36_500))
    own = of_client(between)
    auth = {"type": "mtls", "certificate": (own.pem + between.pem).decode(), "key": key_of(own)}
    async with site(of_site(ROOT), tmp_path, clients=OTHER) as there:
        reply = await send(trusting(there, session, tmp_path, ROOT, auth=auth))
    assert (reply.verdict, there.peers) == (Verdict.TAKEN, ["relay"])


@pytest.mark.parametrize("issuer", [None, ROOT], ids=["none", "wrong"])
async def test_certificate_is_refused(session: ClientSession, tmp_path: Path, issuer: Issued | None) -> None:
    """No certificate where one is wanted, or one that the site does not know: out of reach."""
    keys = {} if issuer is None else {"auth": showing(of_client(issuer))}
    async with site(of_site(ROOT), tmp_path, clients=OTHER) as there:
        reply = await send(trusting(there, session, tmp_path, ROOT, **keys))
    assert reply.verdict is Verdict.UNREACHABLE
    assert str(reply.error).startswith(("connection broken: ", "connection closed "))
    assert there.peers == []


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_site_says_why_it_refuses(
    session: ClientSession, tmp_path: Path, newest: ssl.TLSVersion
) -> None:
    """In the handshake, and by TLS 1.3 behind it: the reason is the site's own."""
    async with strict_site(of_site(ROOT), tmp_path, OTHER, newest) as url:
        reply = await send(trusting(url, session, tmp_path, ROOT, auth=showing(of_client(ROOT))))
    assert reply.verdict is Verdict.UNREACHABLE
    assert "TLS: TLSV1_ALERT_UNKNOWN_CA" in str(reply.error)


async def test_connections_are_not_mixed(session: ClientSession, tmp_path: Path) -> None:
    """Two targets at one address, with one session: each is known by its own certificate, again and again."""
    async with site(of_site(ROOT), tmp_path, clients=OTHER) as there:
        targets = [
            trusting(there, session, tmp_path, ROOT, auth=showing(of_client(OTHER, name)))
            for name in ("one", "two")
        ]
        for target in targets * 2:
            assert (await send(target)).verdict is Verdict.TAKEN
    assert there.peers == ["one", "two"] * 2


async def test_over_a_proxy(session: ClientSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY leads to the host that is meant, which `ca` vouches for; NO_PROXY leads around it."""
    own = of_site(ROOT, hosts=("billing.internal", "127.0.0.1"))
    async with site(own, tmp_path, clients=OTHER) as there, ConnectProxy(there.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        auth = showing(of_client(OTHER))
        for url in ("https://billing.internal/hooks", there.url):
            assert (await send(trusting(url, session, tmp_path, ROOT, auth=auth))).verdict is Verdict.TAKEN
    assert proxy.asked == ["CONNECT billing.internal:443 HTTP/1.1"]
    assert there.peers == ["relay", "relay"]


async def test_token_url_keeps_the_systems_roots(session: ClientSession, tmp_path: Path) -> None:
    """`ca` is the target's: where tokens are had is another place."""
    async with site(of_site(ROOT), tmp_path) as there:
        auth = {"type": "oauth2", "token_url": there.url, "client_id": "me", "client_secret": "s"}
        target = trusting(there, session, tmp_path, ROOT, auth=auth)
        reply = await send(target)
        await target.close()
    assert reply == Reply(Verdict.UNREACHABLE, error="no token: TLS: unable to get local issuer certificate")
