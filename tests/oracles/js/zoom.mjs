// Zoom: HMAC over `v0:timestamp:body`, and a handshake that uses the same key.

import { createHash } from "node:crypto";
import { EventEmitter } from "node:events";
import { AwsLambdaReceiver } from "@zoom/rivet/meetings";
import { aged, usual } from "./usual.mjs";
import { hmac, NOW, post, Vectors } from "./vectors.mjs";

const SECRETS = ["Tq5-secret-token-of-the-app", "Tq5-the-one-before-it", "Tq5-of-another-app"];
const HEADER = "x-zm-signature";
const STAMP = "x-zm-request-timestamp";
const UUID = "4444AAAiAAAAAiAiAiiAii==";
const ended = (object = {}) => ({
  event: "meeting.ended",
  payload: {
    account_id: "abQ1CdefGh2iJklMnOpqRs",
    object: {
      id: "8844220066",
      uuid: UUID,
      topic: "Ink tasting",
      host_id: "h0st",
      end_time: "2026-01-05T07:59:58Z",
      ...object,
    },
  },
  event_ts: 1767599999000,
});
const BODY = JSON.stringify(ended());

const sign = (body, stamp, secret = SECRETS[0]) =>
  `v0=${hmac("sha256", secret, [`v0:`, stamp, ":", body], "hex")}`;

function request({ body = BODY, secret, stamp = NOW, headers }) {
  const text = typeof stamp === "number" ? String(stamp) : stamp;
  const own = {
    "User-Agent": "Zoom Marketplace/1.0a",
    "Content-Type": "application/json; charset=utf-8",
    clientid: "ZoomAppClientId",
    authorization: "a-retired-verification-token",
    [STAMP]: text,
    [HEADER]: sign(body, text, secret),
    "x-zm-trackingid": stamp === NOW ? "WEB_first" : "WEB_another",
  };
  return post("zoom", { ...own, ...headers }, body);
}

const digest = (body) => createHash("sha256").update(body).digest("hex");

const sender = {
  secrets: SECRETS,
  header: HEADER,
  stamp: STAMP,
  body: BODY,
  unicode: JSON.stringify(ended({ topic: "Füllfederhalter 万年筆 🖋️" })),
  large: [BODY.slice(0, -1) + ',"pad":"', '"}'],
  request,
  names: (body) => ({
    key: digest(body),
    type: "meeting.ended",
    time: 1767599999,
    also: [`meeting.ended:${UUID}`],
  }),
  values: (right) => ({
    "no version": right.replace("v0=", ""),
    "another version": right.replace("v0=", "v1="),
    "the version alone": "v0=",
    "base64 instead of hex": `v0=${hmac("sha256", SECRETS[0], `v0:${NOW}:${BODY}`, "base64")}`,
    "the body alone signed": `v0=${hmac("sha256", SECRETS[0], BODY, "hex")}`,
  }),
  newline: { why: "the library hashes its own rendering of the body, so it does not notice" },
  next: {
    body: JSON.stringify(ended({ uuid: "5555BBBjBBBBBjBjBjjBjj==" })),
    expect: { also: ["meeting.ended:5555BBBjBBBBBjBjBjjBjj=="] },
  },
};

const CONFIG = { secret: [SECRETS[0]] };

/** What differs in the body's bytes but not in its values. */
async function bytesThatCame(vectors) {
  const indented = JSON.stringify(ended(), null, 2);
  await vectors.add("indented body", {
    config: CONFIG,
    request: request({ body: indented }),
    expect: { status: 200, key: digest(indented) },
    why: "the library hashes its own rendering of the body; what counts are the bytes that came",
  });
  const rendered = { ...request({}), body: indented };
  await vectors.add("another rendering of the signed body", {
    config: CONFIG,
    request: rendered,
    expect: { status: 401 },
    why: "the library hashes its own rendering of the body, so it does not notice that the bytes changed",
  });
  const zeros = request({ headers: { [STAMP]: `0${NOW}` } });
  await vectors.add("a zero before the signed timestamp", {
    config: CONFIG,
    request: zeros,
    expect: { status: 401 },
    why: "the library hashes the header as a number; what was signed is its text",
  });
  const nothing = request({ stamp: "NaN", headers: { [STAMP]: null } });
  await vectors.add("no timestamp, NaN signed", {
    config: CONFIG,
    request: nothing,
    expect: { status: 401 },
    why: "the library makes a missing timestamp the text NaN",
  });
}

async function unusable(vectors) {
  const add = (name, body, why) =>
    vectors.add(name, { config: CONFIG, request: request({ body }), expect: { status: 400 }, why });
  await add("no JSON", "event=meeting.ended", "authenticated, but no event");
  await add("no event name", '{"payload":{}}', "authenticated, but no event");
}

const validation = (plainToken) =>
  JSON.stringify({ payload: { plainToken }, event_ts: 1767599999000, event: "endpoint.url_validation" });

async function handshakes(vectors) {
  const plainToken = "qgg8vlvZRS6UYooatFL8Aw";
  const body = validation(plainToken);
  const proof = (secret) =>
    JSON.stringify({ plainToken, encryptedToken: hmac("sha256", secret, plainToken, "hex") });
  const answer = { type: "application/json", body: proof(SECRETS[0]) };
  const expect = { status: 200, answer, stored: false };
  const add = (name, asked, rest) => vectors.add(name, { config: CONFIG, request: request(asked), ...rest });
  await add("handshake", { body }, { expect });
  await add("handshake 72 hours later", { body, stamp: NOW + 259200 }, { now: NOW + 259200, expect });
  await add(
    "handshake, unsigned",
    { body, headers: { [HEADER]: null } },
    { expect: { status: 401, stored: false } },
  );
  await add(
    "handshake, wrong secret",
    { body, secret: SECRETS[2] },
    { expect: { status: 401, stored: false } },
  );
  const stale = "the library knows no age; an old handshake is refused as anything old is";
  await add(
    "handshake, stale",
    { body, stamp: NOW - 301 },
    { why: stale, expect: { status: 401, stored: false } },
  );
  await forgeries(add);
}

/** Tokens whose HMAC would be a signature, or that Zoom never sends. */
async function forgeries(add) {
  const why = "the handshake's key is the signature's: only a plain token is answered";
  const tokens = {
    "a forged signature's text": `v0:${NOW}:{"event":"meeting.ended"}`,
    "an empty token": "",
    "a token of 65 characters": "a".repeat(65),
    "a token with a space": "two words",
    "a token with an umlaut": "tökén",
  };
  for (const [name, token] of Object.entries(tokens))
    await add(
      `handshake, ${name}`,
      { body: validation(token) },
      { why, expect: { status: 400, stored: false } },
    );
  const number = "authenticated, but no token to answer";
  await add(
    "handshake, no token",
    { body: '{"event":"endpoint.url_validation","payload":{}}' },
    { why: number, expect: { status: 400, stored: false } },
  );
}

/** The receiver says 200 to what it takes. */
async function judge(secret, { headers, text }) {
  const receiver = new AwsLambdaReceiver({ webhooksSecretToken: secret });
  receiver.init({ eventEmitter: new EventEmitter() });
  const { debug, error } = console;
  console.debug = console.error = () => {};
  try {
    const answer = await receiver.start()({ headers, body: text, isBase64Encoded: false }, {});
    return answer.statusCode === 200;
  } finally {
    Object.assign(console, { debug, error });
  }
}

export async function zoom() {
  const vectors = new Vectors("zoom", "@zoom/rivet 0.4.0 (npm)", judge);
  await usual(vectors, sender);
  const why = "the library knows no age; 300 s either way is what relay allows";
  await aged(vectors, sender, { age: 300, past: { why }, future: { why } });
  for (const more of [bytesThatCame, unusable, handshakes]) await more(vectors);
  return vectors;
}
