"""What an enrichment would ask for an event, and what a saved answer would put. Nobody is asked."""

from dataclasses import dataclass, field
from typing import Final

from relay.config.api import ApiConfig
from relay.config.secret import MASK, Secret
from relay.deliver.enrich.answer import Hopeless, is_wanted, question, read
from relay.deliver.enrich.end import Asker, End, Put, end
from relay.deliver.enrich.enrichment import Enrichment
from relay.delivery import Delivery
from relay.http.address import Reach
from relay.http.ask import Ask
from relay.http.request import Request, Unfit, build
from relay.http.response import Response
from relay.seen import Seen

STAND_IN: Final = "http://api.invalid"


@dataclass(frozen=True, slots=True)
class Asked:
    """One enrichment of a delivery."""

    name: str
    put: str
    request: str | None
    """`GET https://…`, without what proves relay; None: nothing is asked."""
    body: bytes | None = field(default=None, repr=False)
    why: str | None = None
    """Why nothing is asked, or what is wrong with the answer."""
    end: End | None = field(default=None, repr=False)
    """What comes of it for the delivery; None: there is no answer yet."""


def asked(
    enrichment: Enrichment, api: ApiConfig, delivery: Delivery, seen: Seen, answer: bytes | None, now: int
) -> Asked:
    """What would be asked for a delivery; `answer`: the body of what the api is taken to answer."""

    def none(why: str, found: End) -> Asked:
        return Asked(enrichment.name, enrichment.put, None, why=why, end=found)

    asker = Asker(delivery, now, age=0, last=False)
    wanted = is_wanted(enrichment, seen)
    if wanted is False:
        return none("on is false", Put(None))
    made = wanted if isinstance(wanted, Hopeless) else _request(enrichment, api, seen)
    if isinstance(made, Hopeless):
        return none(made.why, end(enrichment, asker, made, now))
    text = f"{made.method} {_shown_url(api, made)}"
    if answer is None:
        return Asked(enrichment.name, enrichment.put, text, made.body)
    result = read(enrichment, seen, Response(200, {}, answer, "", now))
    ended = end(enrichment, asker, result, now)
    return Asked(enrichment.name, enrichment.put, text, made.body, getattr(result, "why", None), ended)


def _request(enrichment: Enrichment, api: ApiConfig, seen: Seen) -> Request | Hopeless:
    """Below a stand-in for a url that is a secret."""
    put = question(enrichment, seen)
    if isinstance(put, Hopeless):
        return put
    ask = put.ask(Ask(""))
    url = Reach(STAND_IN if isinstance(api.url, Secret) else api.address, api.hosts).find(ask.at)
    if url is None:
        return Hopeless("its request: its path is none of the api's")
    try:
        return build(ask, url, api.headers)
    except Unfit as error:
        return Hopeless(f"its request: {error}")


def _shown_url(api: ApiConfig, made: Request) -> str:
    """Of a url that is a secret only what the enrichment adds to it."""
    text = str(made.url)
    return f"{MASK}{text.removeprefix(STAND_IN)}" if isinstance(api.url, Secret) else text
