"""What GitHub posts: small bodies of the shape that its own have, new each time."""

import secrets
from collections.abc import Callable
from typing import Any, Final

_USER: Final = {"login": "octo-dev", "id": 600000001, "type": "User", "site_admin": False}
_REPOSITORY: Final = {
    "id": 700000001,
    "name": "hello-relay",
    "full_name": "octo-dev/hello-relay",
    "private": False,
    "owner": _USER,
    "html_url": "https://github.com/octo-dev/hello-relay",
    "default_branch": "main",
}


def push() -> dict[str, Any]:
    """One commit pushed to main."""
    before, after = secrets.token_hex(20), secrets.token_hex(20)
    author = {"name": "Octo Dev", "email": "octo-dev@users.noreply.github.com", "username": "octo-dev"}
    commit = {
        "id": after,
        "message": "Say hello to Zürich \N{WAVING HAND SIGN}",
        "timestamp": "2026-01-05T10:15:00+01:00",
        "url": f"https://github.com/octo-dev/hello-relay/commit/{after}",
        "author": author,
        "added": ["hello.txt"],
        "removed": [],
        "modified": [],
    }
    return {
        "ref": "refs/heads/main",
        "before": before,
        "after": after,
        "created": False,
        "deleted": False,
        "forced": False,
        "compare": f"https://github.com/octo-dev/hello-relay/compare/{before[:12]}...{after[:12]}",
        "commits": [commit],
        "head_commit": commit,
        "pusher": {"name": "octo-dev", "email": "octo-dev@users.noreply.github.com"},
        "repository": _REPOSITORY,
        "sender": _USER,
    }


def issue_opened() -> dict[str, Any]:
    """A new issue."""
    number = secrets.randbelow(9_000) + 1
    return {
        "action": "opened",
        "issue": {
            "id": 800_000_000 + number,
            "number": number,
            "title": "The greeting has no umlaut",
            "body": "It says *Hello*.\r\nIt should say *Grüezi*.",
            "state": "open",
            "user": _USER,
            "labels": [],
            "comments": 0,
            "created_at": "2026-01-05T09:15:00Z",
            "updated_at": "2026-01-05T09:15:00Z",
            "html_url": f"https://github.com/octo-dev/hello-relay/issues/{number}",
        },
        "repository": _REPOSITORY,
        "sender": _USER,
    }


def ping() -> dict[str, Any]:
    """What a new hook sends first."""
    return {
        "zen": "Design for failure.",
        "hook_id": 500000001,
        "hook": {
            "type": "Repository",
            "id": 500000001,
            "name": "web",
            "active": True,
            "events": ["push", "issues"],
            "config": {"content_type": "json", "insecure_ssl": "0", "secret": "********"},
            "created_at": "2026-01-05T09:00:00Z",
            "updated_at": "2026-01-05T09:00:00Z",
        },
        "repository": _REPOSITORY,
        "sender": _USER,
    }


SAMPLES: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    "push": push,
    "issues.opened": issue_opened,
    "ping": ping,
}
