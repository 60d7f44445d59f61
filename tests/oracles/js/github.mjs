// GitHub: HMAC over the body, JSON or form.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { verify } from "@octokit/webhooks-methods";
import { usual } from "./usual.mjs";
import { bytes, hmac, large, post, Vectors } from "./vectors.mjs";

const SECRETS = ["a hook's own secret, Nr. 7", "the secret before it", "nobody's secret"];
const HEADER = "X-Hub-Signature-256";
const ID = "5f0c2f60-ea1e-11f0-8c3d-2b7f3ab1c001";
const FORM = "application/x-www-form-urlencoded";
const ISSUE = {
  action: "opened",
  issue: { number: 41, title: "Ink runs on page 3" },
  repository: { full_name: "quill/ink" },
};
const BODY = JSON.stringify(ISSUE);
const UNICODE = JSON.stringify({ ...ISSUE, issue: { number: 42, title: "Grüße an 山田さん 🖋️" } });

const sign = (body, secret = SECRETS[0]) => `sha256=${hmac("sha256", secret, body, "hex")}`;

function request({ body = BODY, secret, id = ID, headers }) {
  const own = {
    "User-Agent": "GitHub-Hookshot/51c0de7",
    "Content-Type": "application/json",
    "X-GitHub-Delivery": id,
    "X-GitHub-Event": "issues",
    "X-GitHub-Hook-ID": "500200100",
    [HEADER]: sign(body, secret),
  };
  return post("github", { ...own, ...headers }, body);
}

const sender = {
  secrets: SECRETS,
  header: HEADER,
  body: BODY,
  unicode: UNICODE,
  large: ['{"action":"opened","issue":{"number":43,"body":"', '"}}'],
  request,
  names: () => ({ key: ID, type: "issues.opened", also: [] }),
  values: (right) => ({
    "no prefix": right.replace("sha256=", ""),
    "another prefix": right.replace("sha256=", "sha512="),
    "prefix in capitals": right.replace("sha256=", "SHA256="),
    "the prefix alone": "sha256=",
    "the sha1 digest as sha256": `sha256=${hmac("sha1", SECRETS[0], BODY, "hex")}`,
    "base64 instead of hex": `sha256=${hmac("sha256", SECRETS[0], BODY, "base64")}`,
    "the secret's digest without HMAC": `sha256=${hmac("sha256", "", SECRETS[0] + BODY, "hex")}`,
  }),
  next: {
    id: "5f0c2f60-ea1e-11f0-8c3d-2b7f3ab1c002",
    expect: { key: "5f0c2f60-ea1e-11f0-8c3d-2b7f3ab1c002" },
  },
};

const CONFIG = { secret: [SECRETS[0]] };
const expect = (type, key = ID) => ({ status: 200, key, type, also: [] });

async function old(vectors) {
  const value = `sha1=${hmac("sha1", SECRETS[0], BODY, "hex")}`;
  const headers = { [HEADER]: null, "X-Hub-Signature": value };
  const why = "the old header alone proves nothing, however right it is";
  await vectors.add("only the sha1 header", {
    config: CONFIG,
    request: request({ headers }),
    why,
    expect: { status: 401 },
  });
  const both = request({ headers: { "X-Hub-Signature": `sha1=${"0".repeat(40)}` } });
  await vectors.add("a wrong sha1 header beside", {
    config: CONFIG,
    request: both,
    expect: expect("issues.opened"),
  });
}

async function metadata(vectors) {
  const why = "authenticated, but GitHub always sends it";
  for (const name of ["X-GitHub-Delivery", "X-GitHub-Event"]) {
    const fields = { config: CONFIG, request: request({ headers: { [name]: null } }), why };
    await vectors.add(`no ${name}`, { ...fields, expect: { status: 400 } });
  }
}

async function forms(vectors) {
  const body = new URLSearchParams({ payload: UNICODE }).toString();
  for (const type of [FORM, `${FORM}; charset=utf-8`, `${FORM.toUpperCase()};charset=UTF-8`]) {
    const fields = { config: CONFIG, request: request({ body, headers: { "Content-Type": type } }) };
    await vectors.add(`form hook, ${type}`, { ...fields, expect: expect("issues.opened") });
  }
  const headers = { "Content-Type": FORM, [HEADER]: sign(UNICODE) };
  const why = "the signature is over the form's text, not over the JSON in it";
  await vectors.add("form hook, its JSON signed", {
    config: CONFIG,
    request: request({ body, headers }),
    why,
    expect: { status: 401 },
  });
}

async function oddBodies(vectors) {
  const latin = Buffer.from('{"action":"opened","issue":{"title":"Gr\xfc\xdfe"}}', "latin1");
  await vectors.add("body that is no UTF-8", {
    config: CONFIG,
    request: request({ body: latin }),
    expect: { status: 200, key: ID },
    why: "the library takes text only, so it hashes other bytes; what counts are the bytes that came",
  });
  const ping = '{"zen":"Write it down before you say it.","hook_id":500200100}';
  const headers = { "X-GitHub-Event": "ping" };
  await vectors.add("ping", {
    config: CONFIG,
    request: request({ body: ping, headers }),
    expect: expect("ping"),
  });
  const secret = "Schlüssel 鍵 🔑";
  await vectors.add("secret beyond ASCII", {
    config: { secret: [secret] },
    request: request({ secret }),
    expect: expect("issues.opened"),
  });
}

async function sizes(vectors) {
  const overhead = bytes('{"action":"opened","pad":""}').length;
  const body = large('{"action":"opened","pad":"', 25 * 2 ** 20 - overhead, '"}');
  await vectors.add("25 MiB", {
    config: CONFIG,
    request: request({ body }),
    expect: expect("issues.opened"),
  });
  const more = { ...body, times: body.times + 1 };
  await vectors.add("a byte more than 25 MiB", {
    config: CONFIG,
    request: request({ body: more }),
    why: "GitHub sends none so large",
    expect: { status: 413 },
  });
}

async function genuine(vectors) {
  const file = createRequire(import.meta.url).resolve("@octokit/webhooks-examples/api.github.com/index.json");
  const examples = JSON.parse(readFileSync(file, "utf8"));
  for (const event of ["github_app_authorization", "marketplace_purchase", "security_advisory"]) {
    const payload = examples.find(({ name }) => name === event).examples[0];
    const fields = {
      config: CONFIG,
      request: request({ body: JSON.stringify(payload), headers: { "X-GitHub-Event": event } }),
    };
    await vectors.add(`genuine ${event}`, { ...fields, expect: expect(`${event}.${payload.action}`) });
  }
}

export async function github() {
  const judge = (secret, { text, headers }) => verify(secret, text, headers["x-hub-signature-256"]);
  const vectors = new Vectors("github", "@octokit/webhooks-methods 6.0.0 (npm)", judge);
  await usual(vectors, sender);
  for (const more of [old, metadata, forms, oddBodies, sizes, genuine]) await more(vectors);
  return vectors;
}
