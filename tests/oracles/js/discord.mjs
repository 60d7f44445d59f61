// Discord: ed25519 over timestamp and body; pings are answered, events are kept.

import { createPrivateKey, createPublicKey, sign as signature } from "node:crypto";
import { verifyKey } from "discord-interactions";
import { usual } from "./usual.mjs";
import { bytes, NOW, post, Vectors } from "./vectors.mjs";

const HEADER = "X-Signature-Ed25519";
const STAMP = "X-Signature-Timestamp";
/** What stands before the seed in an ed25519 key's PKCS #8. */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** A key pair, always the same for the same letter. */
function pair(letter) {
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8, Buffer.alloc(32, letter)]),
    format: "der",
    type: "pkcs8",
  });
  const publicKey = createPublicKey(key)
    .export({ format: "der", type: "spki" })
    .subarray(-32)
    .toString("hex");
  return { key, publicKey };
}

const PAIRS = ["a", "b", "c"].map(pair);
const SECRETS = PAIRS.map(({ publicKey }) => publicKey);
const ID = "1325700000000000001";
const APP = "1099900000000000042";
const command = (fields = {}) =>
  JSON.stringify({
    app_permissions: "0",
    application_id: APP,
    id: ID,
    token: "interaction-token",
    type: 2,
    version: 1,
    data: { id: "1325000000000000007", name: "refill", type: 1 },
    ...fields,
  });
const BODY = command();

function sign(body, stamp, publicKey = SECRETS[0]) {
  const { key } = PAIRS.find((known) => known.publicKey === publicKey);
  return signature(null, Buffer.concat([bytes(stamp), bytes(body)]), key).toString("hex");
}

function request({ body = BODY, secret, stamp = NOW, headers }) {
  const text = typeof stamp === "number" ? String(stamp) : stamp;
  const own = {
    "User-Agent": "Discord-Interactions/1.0 (+https://discord.com)",
    "Content-Type": "application/json",
    [STAMP]: text,
    [HEADER]: sign(body, text, secret),
  };
  return post("discord", { ...own, ...headers }, body);
}

const sender = {
  secrets: SECRETS,
  header: HEADER,
  stamp: STAMP,
  body: BODY,
  unicode: command({ data: { id: "1325000000000000008", name: "füllen", type: 1 }, token: "筆 🖋️" }),
  large: [BODY.slice(0, -1) + ',"pad":"', '"}'],
  request,
  names: () => ({ key: ID, type: "2" }),
  values: (right) => ({
    "not hex": "z".repeat(128),
    "an odd number of hex digits": right.slice(0, -1),
    "base64 instead of hex": Buffer.from(right, "hex").toString("base64"),
    "with a prefix": `v0=${right}`,
    "the body alone signed": sign(BODY, ""),
    "only zeros": "0".repeat(128),
  }),
  next: { body: command({ id: "1325700000000000002" }), expect: { key: "1325700000000000002" } },
};

const CONFIG = { secret: [SECRETS[0]] };

async function timestamps(vectors) {
  const moved = request({ headers: { [STAMP]: String(NOW + 1) } });
  await vectors.add("another timestamp than the signed one", {
    config: CONFIG,
    request: moved,
    expect: { status: 401 },
  });
  const missing = request({ headers: { [STAMP]: null } });
  await vectors.add("no timestamp", { config: CONFIG, request: missing, expect: { status: 401 } });
  const old = { config: CONFIG, request: request({ stamp: NOW - 86400 }), expect: { status: 200, key: ID } };
  await vectors.add("signed a day ago", {
    ...old,
    why: "Discord documents no age, and its library knows none",
  });
  const capitals = { headers: { [HEADER]: sign(BODY, String(NOW)).toUpperCase() } };
  await vectors.add("hex in capitals", {
    config: CONFIG,
    request: request(capitals),
    expect: { status: 200, key: ID },
  });
}

const PING = JSON.stringify({ application_id: APP, id: ID, token: "ping-token", type: 1, version: 1 });

async function handshakes(vectors) {
  const expect = { status: 200, answer: { type: "application/json", body: '{"type":1}' }, stored: false };
  const refused = { status: 401, stored: false };
  const add = (name, asked, rest) => vectors.add(name, { config: CONFIG, request: request(asked), ...rest });
  await add("handshake", { body: PING }, { expect });
  await add("handshake, as short as may be", { body: '{"type":1}' }, { expect });
  await add("handshake, unsigned", { body: PING, headers: { [HEADER]: null } }, { expect: refused });
  await add("handshake, wrong secret", { body: PING, secret: SECRETS[2] }, { expect: refused });
  const event = {
    version: 1,
    application_id: APP,
    type: 1,
    event: { type: "ENTITLEMENT_CREATE", timestamp: "2026-01-05T07:59:59Z", data: { id: "13257" } },
  };
  const why = "of type 1 like an interaction's ping, but an event of Discord's webhook events: to be kept";
  await add("webhook event", { body: JSON.stringify(event) }, { why, expect: { status: 200, stored: true } });
}

export async function discord() {
  const judge = (secret, { raw, headers }) =>
    verifyKey(raw, headers["x-signature-ed25519"], headers["x-signature-timestamp"], secret);
  const vectors = new Vectors("discord", "discord-interactions 4.4.0 (npm)", judge);
  await usual(vectors, sender);
  for (const more of [timestamps, handshakes]) await more(vectors);
  return vectors;
}
