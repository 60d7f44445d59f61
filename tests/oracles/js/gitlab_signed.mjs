// GitLab's newer way: signatures of Standard Webhooks, whose own library is the oracle.

import { Webhook } from "standardwebhooks";
import { ID, pushed, sent } from "./gitlab.mjs";
import { aged, usual } from "./usual.mjs";
import { hmac, NOW, post, Vectors } from "./vectors.mjs";

const secretOf = (letter) => `whsec_${Buffer.alloc(32, letter).toString("base64")}`;
const SECRETS = ["g", "h", "i"].map(secretOf);
const HEADER = "webhook-signature";
const STAMP = "webhook-timestamp";
const BODY = pushed("Dip deeper");

function sign(body, { stamp = String(NOW), secret = SECRETS[0], id = ID, algorithm = "sha256" } = {}) {
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  return hmac(algorithm, key, [id, ".", stamp, ".", body], "base64");
}

function request({ body = BODY, secret, stamp = NOW, id = ID, headers }) {
  const text = typeof stamp === "number" ? String(stamp) : stamp;
  const signed = {
    "webhook-id": id,
    [STAMP]: text,
    [HEADER]: `v1,${sign(body, { stamp: text, secret, id })}`,
  };
  return post("gitlab-signed", { ...sent(id), ...signed, ...headers }, body);
}

const NEXT = ID.replace(/1$/, "2");
const names = () => ({ key: ID, type: "Push Hook" });
const sender = {
  secrets: SECRETS,
  header: HEADER,
  stamp: STAMP,
  body: BODY,
  unicode: pushed("Tiefer eintauchen 墨 🖋️"),
  large: [BODY.slice(0, -1) + ',"pad":"', '"}'],
  request,
  names,
  values: (right) => ({
    "no version": right.replace("v1,", ""),
    "another version": right.replace("v1,", "v2,"),
    "version of ed25519": right.replace("v1,", "v1a,"),
    "the version alone": "v1,",
    "hex instead of base64": `v1,${Buffer.from(right.slice(3), "base64").toString("hex")}`,
    "the sha1 digest": `v1,${sign(BODY, { algorithm: "sha1" })}`,
    "separated by commas": `v1,${sign("x")},${right}`,
  }),
  next: { id: NEXT, expect: { key: NEXT } },
};

const CONFIG = { secret: [SECRETS[0]] };
const GOOD = { status: 200, ...names() };

async function lists(vectors) {
  const right = sign(BODY);
  const values = {
    "second of two signatures": `v1,${sign(BODY, { secret: SECRETS[2] })} v1,${right}`,
    "first of two signatures": `v1,${right} v1,${sign(BODY, { secret: SECRETS[2] })}`,
    "behind an unknown version": `v9,AAAA v1,${right}`,
  };
  for (const [name, value] of Object.entries(values))
    await vectors.add(name, {
      config: CONFIG,
      request: request({ headers: { [HEADER]: value } }),
      expect: GOOD,
    });
  const wrong = `v1,${sign(BODY, { secret: SECRETS[1] })} v1,${sign(BODY, { secret: SECRETS[2] })}`;
  const neither = request({ headers: { [HEADER]: wrong } });
  await vectors.add("neither of two signatures", {
    config: CONFIG,
    request: neither,
    expect: { status: 401 },
  });
}

async function covered(vectors) {
  const add = (name, headers, expect = { status: 401 }) =>
    vectors.add(name, { config: CONFIG, request: request({ headers }), expect });
  await add("another webhook-id than the signed one", { "webhook-id": NEXT });
  await add("no webhook-id", { "webhook-id": null });
  await add("another timestamp than the signed one", { [STAMP]: String(NOW + 1) });
  await add("another Idempotency-Key, which is not signed", { "Idempotency-Key": NEXT }, GOOD);
  await add("only the token of the older way", { [HEADER]: null, "X-Gitlab-Token": SECRETS[0] });
}

async function spellings(vectors) {
  const bare = SECRETS[0].replace("whsec_", "");
  await vectors.add("secret without its prefix", {
    config: { secret: [bare] },
    request: request({}),
    expect: GOOD,
  });
  await vectors.add("secret without its padding", {
    config: { secret: [SECRETS[0].replace(/=+$/, "")] },
    request: request({}),
    expect: GOOD,
    why: "the library wants the padding; people copy secrets without it",
  });
}

export async function gitlabSigned() {
  const judge = (secret, { text, headers }) => {
    new Webhook(secret).verify(text, headers, { jsonParse: false });
    return true;
  };
  const vectors = new Vectors("gitlab-signed", "standardwebhooks 1.1.1 (npm)", judge);
  await usual(vectors, sender);
  await aged(vectors, sender, { age: 300 });
  for (const more of [lists, covered, spellings]) await more(vectors);
  return vectors;
}
