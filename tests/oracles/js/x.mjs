// X: HMAC over the body, and a challenge by GET that uses the same key. There is no library that verifies it.

import { createHash } from "node:crypto";
import { usual } from "./usual.mjs";
import { hmac, NOW, post, Vectors } from "./vectors.mjs";

const SECRETS = ["x-consumer-secret-9sK2", "x-the-one-before-it", "x-of-another-app"];
const HEADER = "x-twitter-webhooks-signature";

const posted = (text) =>
  JSON.stringify({
    for_user_id: "2244994945",
    tweet_create_events: [
      { id_str: "2007000000000000001", created_at: "Mon Jan 05 07:59:59 +0000 2026", text },
    ],
  });
const BODY = posted("The blue ink is back");
const sign = (body, secret = SECRETS[0], encoding = "base64") =>
  `sha256=${hmac("sha256", secret, body, encoding)}`;

function request({ body = BODY, secret, headers }) {
  const own = { "Content-Type": "application/json", [HEADER]: sign(body, secret) };
  return post("x", { ...own, ...headers }, body);
}

const sender = {
  secrets: SECRETS,
  header: HEADER,
  body: BODY,
  unicode: posted("Die blaue Tinte ist da, 墨も 🖋️"),
  large: [BODY.slice(0, -1) + ',"pad":"', '"}'],
  request,
  names: (body) => ({ key: createHash("sha256").update(body).digest("hex") }),
  methods: ["PUT", "DELETE"],
  values: (right) => ({
    "no prefix": right.replace("sha256=", ""),
    "another prefix": right.replace("sha256=", "sha1="),
    "hex instead of base64": sign(BODY, SECRETS[0], "hex"),
    "base64 for URLs": right.replaceAll("+", "-").replaceAll("/", "_").replace(/=$/, ""),
    "the sha1 digest": `sha256=${hmac("sha1", SECRETS[0], BODY, "base64")}`,
  }),
  next: { body: posted("And the red one too") },
};

const CONFIG = { secret: [SECRETS[0]] };

async function handshakes(vectors) {
  const asked = (query) => post("x", {}, "", { method: "GET", query });
  const answer = (token) => ({
    type: "application/json",
    body: JSON.stringify({ response_token: sign(token) }),
  });
  const add = (name, query, expect, why) =>
    vectors.add(name, { config: CONFIG, request: asked(query), why, expect: { ...expect, stored: false } });
  const token = "9b4507b3-9040-4669-9ca3-0c0ffee00001";
  await add("handshake", `crc_token=${token}`, { status: 200, answer: answer(token) });
  await add("handshake with a nonce", `nonce=MTc2NzYwMDAwMA&crc_token=${token}`, {
    status: 200,
    answer: answer(token),
  });
  const padded = "ZHJpbmsgbW9yZSBpbms=";
  await add("handshake, an encoded token", "crc_token=ZHJpbmsgbW9yZSBpbms%3D", {
    status: 200,
    answer: answer(padded),
  });
  const why =
    "the challenge's key is the signature's: who has a body signed as a token could post it as an event";
  await add(
    "handshake, a forged body as token",
    `crc_token=${encodeURIComponent(BODY)}`,
    { status: 400 },
    why,
  );
  await add("handshake, an empty token", "crc_token=", { status: 400 }, "an empty text is a body too");
}

export async function x() {
  const vectors = new Vectors("x", null);
  await usual(vectors, sender);
  await handshakes(vectors);
  const late = { config: CONFIG, now: NOW + 86400, request: request({}) };
  await vectors.add("signed a day ago", { ...late, expect: { status: 200, ...sender.names(BODY) } });
  return vectors;
}
