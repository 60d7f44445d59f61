"""Presets of polls and watches: laid under the file's own tables, and told of at the line that names them."""

import tomllib
from typing import Any

import pytest

from relay.config.preset import FOLDER, merge, names, presets
from relay.config.secret import Secret
from tests.config.conftest import Reads, Tells

STRIPE = '[source.stripe]\nprovider = "stripe"\nsecret = { env = "WHSEC" }\n'
POLL = '[poll.missed]\npreset = "stripe-events"\n'
ENV = {"WHSEC": "whsec_x", "STRIPE_KEY": "sk_x"}
GITHUB = {"GITHUB_TOKEN": "ghp_x"}


def test_there_are_those_of_the_contract() -> None:
    """Under their names, each a file that holds one table of its name and the api that it asks."""
    assert names("poll") == sorted(
        [
            "stripe-events", "stripe-payments", "github-events", "github-issues", "github-deliveries",
            "slack-messages", "zoom-ended", "zoom-meetings", "shopify-orders", "shopify-gap",
            "paypal-events", "paypal-transactions",
        ]
    )  # fmt: skip
    assert names("watch") == ["fedex"]
    for name, file in presets().items():
        (kind,) = file.keys() - {"api"}
        assert (list(file[kind]), list(file["api"])) == ([name], [file[kind][name]["api"]])


def test_presets_of_one_provider_bring_the_same_api() -> None:
    """Whichever is used first: there is one [api.NAME] for all."""
    apis: dict[str, Any] = {}
    for file in presets().values():
        for name, table in file["api"].items():
            assert apis.setdefault(name, table) == table


@pytest.mark.parametrize("name", presets())
def test_a_preset_is_what_a_user_writes(reads: Reads, name: str) -> None:
    """Pasted as it is, but for what only its user knows, it loads and is the same poll as by its name."""
    file = presets()[name]
    text = (FOLDER / f"{name}.toml").read_text()
    (kind,) = file.keys() - {"api"}
    yours, source = "", ""
    if "shopify" in name:
        yours = '\n[api.shopify]\nurl = "https://shop.example/admin"\n'
        text = text.replace("[api.shopify]\n", yours)
    if "gap" in file[kind][name]:
        source = f'[source.{file[kind][name]["source"]}]\nverify = "none"\nid = "digest"\n'
    environ = {secret: "x" for secret in ENVIRON if secret in text}
    pasted = reads(source + text, **environ).config
    named = reads(f'{source}[{kind}.{name}]\npreset = "{name}"{yours}', **environ).config
    own, theirs = getattr(pasted, kind)[name], getattr(named, kind)[name]
    assert own == theirs.model_copy(update={"preset": None})
    assert pasted.api == named.api


ENVIRON = (
    "STRIPE_KEY", "GITHUB_TOKEN", "SLACK_TOKEN", "ZOOM_ID", "ZOOM_SECRET", "ZOOM_ACCOUNT", "SHOPIFY_TOKEN",
    "PAYPAL_ID", "PAYPAL_SECRET", "FEDEX_KEY", "FEDEX_SECRET",
)  # fmt: skip
"""The variables of the presets, as users set them."""


def test_their_variables_are_the_sheets() -> None:
    """No other has to be set."""
    text = "".join((FOLDER / f"{name}.toml").read_text() for name in presets())
    assert {word.partition('"')[0] for word in text.split('env = "')[1:]} == set(ENVIRON)


def test_the_files_own_keys_replace_it_key_by_key(reads: Reads) -> None:
    """In the poll's table and in the api's; what the file does not name is the preset's."""
    config = reads(
        f'{STRIPE}{POLL}every = "5m"\ngap = {{ audit = "1h" }}\n'
        '[api.stripe]\nrate = "1/s"\nauth = { type = "basic", user = "me", password = { env = "MINE" } }',
        WHSEC="whsec_x",
        MINE="x",
    ).config
    poll, api = config.poll["missed"], config.api["stripe"]
    assert (poll.every, poll.items, poll.source) == (300, "body.data", "stripe")
    assert poll.gap is not None
    assert (poll.gap.audit, poll.gap.silence, poll.gap.on_start) == (3600, None, False)
    assert (api.rate, api.address) == (1, "https://api.stripe.com")
    assert api.auth is not None
    assert api.auth.type == "basic"


def test_a_secret_is_read_only_where_its_preset_is_used(tells: Tells, reads: Reads) -> None:
    """An empty environment loads all else; a missing one is told at the line that names the preset."""
    assert reads(STRIPE, WHSEC="x").config.api == {}
    (told,) = tells(STRIPE + POLL, WHSEC="x")
    where = "F:5: api.stripe.auth.token"
    assert told.startswith(
        f'{where}: the environment variable "STRIPE_KEY" is not set, in preset "stripe-events"'
    )
    auth = reads(STRIPE + POLL, **ENV).config.api["stripe"].auth
    assert auth is not None
    assert dict(auth)["token"] == Secret("sk_x")


def test_another_api_brings_none(reads: Reads) -> None:
    """A poll that asks elsewhere needs nothing of the preset's api, its secret neither."""
    config = reads(
        f'{STRIPE}{POLL}api = "test"\n[api.test]\nurl = "https://stripe.example"', WHSEC="x"
    ).config
    assert list(config.api) == ["test"]


def test_two_polls_share_the_api_of_their_preset(reads: Reads) -> None:
    """One budget for all that ask, and one login."""
    config = reads(f'{STRIPE}{POLL}[poll.pay]\npreset = "stripe-payments"', **ENV).config
    assert (list(config.api), config.poll["pay"].source) == (["stripe"], None)


def test_without_gap_it_is_a_plain_poll(tells: Tells, reads: Reads) -> None:
    """A gap needs its source; `gap = false` does without, and routes name the preset's source."""
    assert tells(POLL, STRIPE_KEY="x") == [
        (
            'F:2: poll.missed.source: there is no [source.NAME] "stripe", in preset "stripe-events"'
            " (gap fills what a webhook source missed; gap = false: a plain poll)"
        )
    ]
    route = '[target.x]\nurl = "log:"\n[route.r]\nfrom = "stripe"\nto = ["x"]\n'
    loaded = reads(f"{POLL}gap = false\n{route}", STRIPE_KEY="x")
    assert (loaded.config.poll["missed"].gap, loaded.warnings) == (None, ())


@pytest.mark.parametrize(
    ("further", "line", "preset"),
    [("", 2, ', in preset "shopify-orders"'), ('[api.shopify]\nrate = "1/s"', 3, "")],
    ids=["no table of its own", "a table without url"],
)
def test_a_shop_has_its_own_url(tells: Tells, further: str, line: int, preset: str) -> None:
    """No preset can know it: said with how it is written."""
    assert tells(f'[poll.shop]\npreset = "shopify-orders"\n{further}', SHOPIFY_TOKEN="x") == [
        (
            f"F:{line}: api.shopify.url: is missing{preset}"
            ' (url = "https://SHOP.myshopify.com/admin/api/2025-07", of your shop)'
        )
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[poll.a]\npreset = "github"', 'there is no preset "github" (did you mean "github-issues"?)'),
        ('[watch.a]\npreset = "zzz"', 'there is no preset "zzz" (there are "fedex")'),
        ('[poll.a]\npreset = "fedex"', '"fedex" is a preset of [watch.NAME] ([watch.fedex])'),
        ("[poll.a]\npreset = 5", "must be text in quotes"),
    ],
)  # fmt: skip
def test_a_preset_that_there_is_not(tells: Tells, text: str, told: str) -> None:
    """One line, not one for each key that it would have brought."""
    kind = text[1:].partition(".")[0]
    assert tells(text) == [f"F:2: {kind}.a.preset: {told}"]


def test_a_fault_of_ones_own_is_at_its_own_line(tells: Tells) -> None:
    """Also beside a preset; and one between a preset's key and the file's at the preset's."""
    told = tells(
        '[poll.a]\npreset = "github-events"\nitms = "x"\nevery = "1h"\nidle = 5\n[poll.b]\n'
        'preset = "zoom-ended"\ngap = false\noverlap = "20d"\n[api.zoom]\nauth = 5',
        **GITHUB,
    )
    assert told == [
        'F:3: poll.a.itms: unknown key (did you mean "items"?)',
        'F:5: poll.a.idle: a duration is text with its unit (such as "500ms", "30s", "5m", "2h", "7d")',
        (
            'F:7: poll.b.window: a pass would never get on, in preset "zoom-ended"'
            " (let it be more than twice overlap)"
        ),
        'F:11: api.zoom.auth: must be a table (auth = { type = "bearer", token = { env = "NAME" } })',
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["api = 5\n{}", "api.github = 5\n{}"], ids=["no tables", "no table"])
def test_a_file_that_is_no_file(tells: Tells, text: str) -> None:
    """Where a table should be and is not, a preset is laid under nothing."""
    (first, *_) = tells(text.format('[poll.a]\npreset = "github-events"'))
    assert first.endswith(": must be a table")


def test_the_file_is_not_changed_by_it() -> None:
    """What a preset brings is never written into the preset, nor into what was read."""
    raw = tomllib.loads('[api.github]\nrate = "1/s"\n[poll.a]\npreset = "github-events"\nid = "item"')
    merged = merge(raw)
    assert raw == {
        "api": {"github": {"rate": "1/s"}},
        "poll": {"a": {"preset": "github-events", "id": "item"}},
    }
    assert merged.raw["poll"]["a"]["id"] == "item"
    assert presets()["github-events"]["poll"]["github-events"]["id"] == "item.id"
