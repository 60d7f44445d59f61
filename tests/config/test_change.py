"""What a reload puts in force, and what waits for a restart."""

from relay.config.change import changed, in_force, needs_restart
from tests.config.conftest import Reads

OLD = """
[store]
keep = "7d"
[log]
level = "info"
[source.a]
verify = "none"
[source.b]
verify = { type = "bearer" }
secret = { env = "B" }
[target.x]
url = "log:"
"""
NEW = """
[server]
listen = "127.0.0.1:1"
max_body = "1MiB"
[store]
keep = "1d"
min_free = "1MiB"
[log]
level = "debug"
[source.b]
verify = { type = "bearer" }
secret = { env = "B" }
[source.c]
verify = "none"
[target.x]
url = "log:"
retry.jitter = 0.1
[route.r]
from = "*"
to = ["x"]
"""


def test_nothing_changed(reads: Reads) -> None:
    """The same file again, in another order and with its defaults written out, is no change."""
    old = reads(OLD, B="1").config
    new = reads(
        '[target.x]\ntimeout = "30s"\nurl = "log:"\n' + OLD.replace('[target.x]\nurl = "log:"', ""), B="1"
    ).config
    assert (changed(old, new), needs_restart(old, new)) == ([], [])


def test_what_changed(reads: Reads) -> None:
    """Keys of the single tables, names of the others: come, gone and different ones."""
    old, new = reads(OLD, B="1").config, reads(NEW, B="2").config
    assert changed(old, new) == [
        "server.max_body", "log.level", "source.b", "source.c", "source.a", "target.x", "route.r"
    ]  # fmt: skip
    assert needs_restart(old, new) == ["server.listen", "store.keep", "store.min_free"]


def test_a_rotated_secret_is_a_change(reads: Reads) -> None:
    """The file is the same, what it names is not."""
    assert changed(reads(OLD, B="1").config, reads(OLD, B="2").config) == ["source.b"]


def test_what_is_in_force_after_a_reload(reads: Reads) -> None:
    """Everything new, but for the store and the listeners, which are as they were."""
    old, new = reads(OLD, B="1").config, reads(NEW, B="2").config
    now = in_force(old, new)
    assert (now.store, now.server.listen, now.admin.listen) == (
        old.store,
        old.server.listen,
        old.admin.listen,
    )
    assert (now.server.max_body, now.log, now.source, now.route) == (1 << 20, new.log, new.source, new.route)
    assert needs_restart(old, now) == []


def test_what_is_asked_changes_by_name(reads: Reads) -> None:
    """Polls, watches and apis, also by what a preset brings: its secret is another one."""
    poll = '[poll.a]\npreset = "github-issues"\neach = { repo = ["a/b"] }\n'
    old, new = reads(poll, GITHUB_TOKEN="1").config, reads(f'{poll}every = "5m"', GITHUB_TOKEN="2").config
    assert changed(old, new) == ["api.github", "poll.a"]
    assert changed(new, reads("").config) == ["api.github", "poll.a"]


def test_enrichments_change_by_name(reads: Reads) -> None:
    """What is asked for events, as what is asked without any; own events by their key."""
    api = '[api.shop]\nurl = "https://shop.example"\n'
    enrich = '[enrich.order]\napi = "shop"\npath = "/orders/1"\nput = "order"\n'
    old, new = reads(api + enrich).config, reads(f'{api}{enrich}within = "5m"\n[alerts]\nevery = "5m"').config
    assert changed(old, new) == ["alerts.every", "enrich.order"]
    assert changed(old, reads(api).config) == ["enrich.order"]
    assert needs_restart(old, new) == []


def test_a_targets_certificate_is_a_change(reads: Reads) -> None:
    """The file is the same; key, certificate and what signs are others."""
    lost, url = '{ env = "A" }', 'url = "https://a.example"'
    text = (
        f'[target.a]\n{url}\nauth = {{ type = "mtls", certificate = {lost}, key = {lost} }}\n'
        f'[target.b]\n{url}\nsign = {{ type = "hmac", header = "X-A", secret = {lost} }}'
    )
    assert changed(reads(text, A="1").config, reads(text, A="2").config) == ["target.a", "target.b"]
