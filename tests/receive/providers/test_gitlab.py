"""GitLab and Bitbucket: ids that stay over retries, and such that do not count."""

from tests.receive.providers.posting import identity, post, provider

GITLAB = provider(provider="gitlab", secret="of the tests")
BITBUCKET = provider(provider="bitbucket", secret="of the tests")


def test_an_older_gitlab_sends_no_id() -> None:
    """Its event's UUID is shared by hooks that set off one another: it makes none of them a duplicate."""
    old = {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Event-UUID": "u", "X-Gitlab-Webhook-UUID": "w"}
    assert identity(GITLAB, post(old, b"{}")).key is None
    assert identity(GITLAB, post(old | {"Idempotency-Key": "k"}, b"{}")).key == "k"


def test_the_token_goes_no_further() -> None:
    """Who has it can pose as GitLab; a signature says nothing of the secret."""
    assert GITLAB.proofs == {b"x-gitlab-token"}
    assert BITBUCKET.proofs == frozenset()


def test_bitbucket_s_id_is_the_request_s() -> None:
    """Of Cloud and of Data Center; the hook's own is shared by all its events."""
    for name in ("X-Request-UUID", "X-Request-Id"):
        given = {"X-Event-Key": "repo:push", "X-Hook-UUID": "h", name: "r"}
        named = identity(BITBUCKET, post(given, b"{}"))
        assert (named.key, named.type) == ("r", "repo:push")
