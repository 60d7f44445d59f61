"""From the words of a source's `verify` to its proof, or to what is wrong with them."""

from relay.clock import micros
from relay.config.schema import (
    BasicVerify,
    BearerVerify,
    HmacVerify,
    NoVerify,
    SourceConfig,
    TimestampConfig,
    TokenVerify,
)
from relay.receive.faults import Faults
from relay.receive.fields import place
from relay.receive.fields.text import wire
from relay.receive.verify.keys import keys
from relay.receive.verify.proof import Anyone, Basic, Bearer, BodyToken, HeaderToken, Proof
from relay.receive.verify.signature import BodySignature, Signature, Spot
from relay.receive.verify.signed import HEADER_NAME, compile_signed
from relay.receive.verify.stamp import UNITS, Window
from relay.receive.verify.wording import Wording


def proof(source: SourceConfig, public_url: str | None, faults: Faults) -> Proof:
    """The proof that `source` asks for; usable only if no fault was found."""
    words = source.verify
    if words is None:
        faults.add("verify", "nothing proves the sender", 'verify = "none" takes events from anybody')
        return Anyone()
    if isinstance(words, NoVerify):
        return Anyone()
    if isinstance(words, HmacVerify):
        return _signature(source, words, public_url, faults)
    secrets = keys(source.secret, faults)
    if isinstance(words, TokenVerify):
        return _token(words, secrets, faults)
    if isinstance(words, BearerVerify):
        return Bearer(secrets)
    return _basic(words, secrets, faults)


def _basic(words: BasicVerify, secrets: tuple[bytes, ...], faults: Faults) -> Proof:
    if ":" in words.username:
        faults.add("verify.username", "a user name holds no colon", "RFC 7617, section 2")
    return Basic(tuple(wire(words.username) + b":" + secret for secret in secrets))


def _token(words: TokenVerify, secrets: tuple[bytes, ...], faults: Faults) -> Proof:
    spot = _spot("verify", words.header, words.json_path, faults, every=True)
    prefix = wire(words.prefix)
    if spot.header is not None:
        return HeaderToken(secrets, spot.header, prefix)
    return BodyToken(secrets, spot.steps, prefix)


def _spot(
    table: str, header: str | None, json_path: str | None, faults: Faults, *, every: bool = False
) -> Spot:
    """Where a value stands. `every`: whether `*` may open a list on the way."""
    if (header is None) == (json_path is None):
        faults.add(table, "it stands in one place", f"{table}.header or {table}.json, and not both")
    if header is not None:
        if not HEADER_NAME.fullmatch(header):
            faults.add(f"{table}.header", f"{header!r} is no name of a header", 'such as "X-Signature"')
        return Spot(header)
    steps = place.parse(json_path or "")
    if json_path is not None and (steps is None or (place.EVERY in steps and not every)):
        faults.add(f"{table}.json", f"{json_path!r} is no place in a body", 'such as "signature.timestamp"')
    return Spot(None, steps or ())


def _signature(source: SourceConfig, words: HmacVerify, public_url: str | None, faults: Faults) -> Proof:
    secrets = keys(source.secret, faults, words.secret_encoding, words.secret_strip_prefix)
    spot = _spot("verify", words.header, words.json_path, faults)
    signed = compile_signed(words.signed, public_url, faults)
    if "ts" in signed.placeholders and not _has_stamp(words):
        faults.add("verify.signed", "{ts} needs a timestamp", "verify.timestamp.header, or verify.pairs.time")
    if "body" in signed.placeholders and words.header is None and words.json_path is not None:
        faults.add("verify.signed", "a body cannot hold its own signature", "sign {json:…} parts of it")
    if spot.header is not None and _is_plain(words):
        return BodySignature(secrets, spot.header, wire(words.prefix), words.algorithm, words.encoding)
    return Signature(
        keys=secrets,
        spot=spot,
        signed=signed,
        wording=_wording(words),
        algorithm=words.algorithm,
        encoding=words.encoding,
        stamp_spot=_stamp_spot(words, faults),
        window=_window(words.timestamp),
        stamp_unit=UNITS[words.timestamp.unit if words.timestamp is not None else "s"],
        body_digest=words.body_sha256_query,
    )


def _is_plain(words: HmacVerify) -> bool:
    """Whether it is but the HMAC of the body in a header."""
    extras = (words.item_separator, words.item_prefix, words.pairs, words.timestamp, words.body_sha256_query)
    return words.signed == "{body}" and not any(extras)


def _has_stamp(words: HmacVerify) -> bool:
    if words.timestamp is not None and (words.timestamp.header or words.timestamp.json_path):
        return True
    return words.pairs is not None and bool(words.pairs.time)


def _stamp_spot(words: HmacVerify, faults: Faults) -> Spot | None:
    """None: the timestamp stands beside the signature, or there is none."""
    stamp = words.timestamp
    if stamp is None:
        return None
    beside = words.pairs is not None and bool(words.pairs.time)
    if beside and stamp.header is None and stamp.json_path is None:
        return None
    return _spot("verify.timestamp", stamp.header, stamp.json_path, faults)


def _window(stamp: TimestampConfig | None) -> Window | None:
    return None if stamp is None else Window(micros(stamp.tolerance), UNITS[stamp.unit], stamp.future)


def _wording(words: HmacVerify) -> Wording:
    pairs = words.pairs
    return Wording(
        prefix=wire(words.prefix),
        separator=wire(words.item_separator),
        item_prefix=wire(words.item_prefix),
        signature_key=wire(pairs.signature) if pairs is not None else b"",
        time_key=wire(pairs.time or "") if pairs is not None else b"",
    )


def signs_form(source: SourceConfig) -> bool:
    """Whether the source's signature is over the fields of a form."""
    return isinstance(source.verify, HmacVerify) and "{form_sorted}" in source.verify.signed
