"""From the words of a source's `verify` to its proof, or to what is wrong with them."""

from typing import Final

from relay.clock import micros
from relay.config.header import HEADER_NAME
from relay.config.schema import SourceConfig
from relay.config.verify import (
    BasicVerify,
    BearerVerify,
    DigestVerify,
    EcdsaVerify,
    Ed25519Verify,
    HmacVerify,
    NoVerify,
    PaypalVerify,
    SignatureWords,
    SnsVerify,
    TimestampConfig,
    TokenVerify,
)
from relay.receive.faults import Faults
from relay.receive.verify import place
from relay.receive.verify.extra import crypto
from relay.receive.verify.keys import keys
from relay.receive.verify.proof import Anyone, Basic, Bearer, BodyToken, HeaderToken, Proof
from relay.receive.verify.scheme import Digest, Mac, Scheme
from relay.receive.verify.signature import BodySignature, Signature, Spot
from relay.receive.verify.signed import compile_signed
from relay.receive.verify.stamp import UNITS, Window
from relay.receive.verify.wording import Wording
from relay.text import wire


def proof(source: SourceConfig, public_url: str | None, faults: Faults) -> Proof:
    """The proof that `source` asks for; usable only if no fault was found."""
    words = source.verify
    if words is None:
        faults.add("verify", "nothing proves the sender", 'verify = "none" takes events from anybody')
        return Anyone()
    if isinstance(words, NoVerify):
        return Anyone()
    if isinstance(words, SignatureWords):
        return _signature(source, words, public_url, faults)
    if isinstance(words, PaypalVerify | SnsVerify):
        return _certified(source, words, faults)
    return _repeated(words, keys(source.secret, faults), faults)


def _repeated(
    words: TokenVerify | BearerVerify | BasicVerify, secrets: tuple[bytes, ...], faults: Faults
) -> Proof:
    """The secret itself is in the request."""
    if isinstance(words, TokenVerify):
        return _token(words, secrets, faults)
    if isinstance(words, BearerVerify):
        return Bearer(secrets)
    return _basic(words, secrets, faults)


def _certified(source: SourceConfig, words: PaypalVerify | SnsVerify, faults: Faults) -> Proof:
    if not crypto(source, faults):
        return Anyone()
    if isinstance(words, SnsVerify):
        from relay.receive.verify.sns import sns_signature  # noqa: PLC0415  needs the extra

        return sns_signature(words.topic_arn, words.trust, faults, "verify.trust")
    from relay.receive.verify.paypal import paypal_signature  # noqa: PLC0415  needs the extra

    return paypal_signature(words.webhook_id, words.trust, faults, "verify.trust")


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


def _signature(source: SourceConfig, words: SignatureWords, public_url: str | None, faults: Faults) -> Proof:
    secrets = keys(source.secret, faults, words.secret_encoding, words.secret_strip_prefix)
    scheme = _scheme(source, words, secrets, faults)
    spot = _spot("verify", words.header, words.json_path, faults)
    signed = compile_signed(words.signed, public_url, faults)
    if "ts" in signed.placeholders and not _has_stamp(words):
        faults.add("verify.signed", "{ts} needs a timestamp", "verify.timestamp.header, or verify.pairs.time")
    if "body" in signed.placeholders and words.header is None and words.json_path is not None:
        faults.add("verify.signed", "a body cannot hold its own signature", "sign {json:…} parts of it")
    if isinstance(words, DigestVerify) and "secret" not in signed.placeholders:
        faults.add("verify.signed", "anybody could hash that", "it must name {secret}: {secret}{body}")
    if spot.header is not None and _is_plain(words):
        return BodySignature(secrets, spot.header, wire(words.prefix), words.algorithm, words.encoding)
    return Signature(
        keys=secrets,
        spot=spot,
        signed=signed,
        wording=_wording(words),
        scheme=scheme,
        stamp_spot=_stamp_spot(words, faults),
        window=_window(words.timestamp),
        stamp_unit=UNITS[words.timestamp.unit if words.timestamp is not None else "s"],
        body_digest=words.body_sha256_query,
    )


def _scheme(source: SourceConfig, words: SignatureWords, public: tuple[bytes, ...], faults: Faults) -> Scheme:
    """How its signatures are made. `public`: its keys, where they are the public half of a pair."""
    if isinstance(words, DigestVerify):
        return Digest(words.algorithm, words.encoding)
    if not isinstance(words, Ed25519Verify | EcdsaVerify) or not crypto(source, faults):
        return Mac(words.algorithm, words.encoding)
    from relay.receive.verify.key_pair import Ecdsa, Ed25519  # noqa: PLC0415  needs the extra

    kind = Ed25519 if isinstance(words, Ed25519Verify) else Ecdsa
    stand_in = any(secret.missing for secret in source.secret)
    if not stand_in and not all(kind.usable(key) for key in public):
        faults.add("secret", f"it is no public key for {words.type}", PUBLIC_KEYS[words.type])
    return kind(words.algorithm, words.encoding, words.secret_encoding)


PUBLIC_KEYS: Final = {
    "ed25519": "32 bytes, in verify.secret_encoding",
    "ecdsa": "SubjectPublicKeyInfo, as BEGIN PUBLIC KEY has it, in verify.secret_encoding",
}


def _is_plain(words: SignatureWords) -> bool:
    """Whether it is but the HMAC of the body in a header."""
    extras = (words.item_separator, words.item_prefix, words.pairs, words.timestamp, words.body_sha256_query)
    return isinstance(words, HmacVerify) and words.signed == "{body}" and not any(extras)


def _has_stamp(words: SignatureWords) -> bool:
    if words.timestamp is not None and (words.timestamp.header or words.timestamp.json_path):
        return True
    return words.pairs is not None and bool(words.pairs.time)


def _stamp_spot(words: SignatureWords, faults: Faults) -> Spot | None:
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


def _wording(words: SignatureWords) -> Wording:
    pairs = words.pairs
    return Wording(
        prefix=wire(words.prefix),
        separator=wire(words.item_separator),
        item_prefix=wire(words.item_prefix),
        signature_key=wire(pairs.signature) if pairs is not None else b"",
        time_key=wire(pairs.time or "") if pairs is not None else b"",
    )
