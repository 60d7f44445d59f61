// HubSpot, version 3 of its signature: HMAC over method, URL, body and timestamp.

import { createHash } from "node:crypto";
import { Signature } from "@hubspot/api-client";
import { aged, usual } from "./usual.mjs";
import { hmac, NOW, post, Vectors } from "./vectors.mjs";

const SECRETS = ["5c0ffee5-client-secret", "5c0ffee5-the-one-before-it", "5c0ffee5-of-another-app"];
const HEADER = "X-HubSpot-Signature-v3";
const STAMP = "X-HubSpot-Request-Timestamp";
const PUBLIC = "https://hooks.example.com";
const HERE = `${PUBLIC}/in/hubspot-v3`;

const events = (fields = {}) =>
  JSON.stringify([
    {
      eventId: 100,
      subscriptionId: 7,
      portalId: 144,
      occurredAt: 1767599999000,
      subscriptionType: "contact.creation",
      attemptNumber: 0,
      objectId: 51,
      ...fields,
    },
    {
      eventId: 101,
      subscriptionId: 8,
      portalId: 144,
      occurredAt: 1767599999500,
      subscriptionType: "contact.deletion",
      attemptNumber: 0,
      objectId: 52,
    },
  ]);
const BODY = events();

function sign(
  body,
  { stamp = String(NOW * 1000), secret = SECRETS[0], url = HERE, method = "POST", encoding = "base64" } = {},
) {
  return hmac("sha256", secret, [method, url, body, stamp], encoding);
}

/** `stamp` in seconds, or as it stands. */
function request({ body = BODY, secret, stamp = NOW, url, method, query = "", headers }) {
  const text = typeof stamp === "number" ? String(stamp * 1000) : stamp;
  const signed = { stamp: text, secret, url: url ?? `${HERE}${query && `?${query}`}`, method };
  const own = {
    "User-Agent": "HubSpot Connect 2.0",
    "Content-Type": "application/json",
    "X-HubSpot-Signature-Version": "v1",
    "X-HubSpot-Signature": createHash("sha256").update("of the old kind").digest("hex"),
    [STAMP]: text,
    [HEADER]: sign(body, signed),
  };
  return post("hubspot-v3", { ...own, ...headers }, body, { query });
}

const digest = (body) => createHash("sha256").update(body).digest("hex");
const rest = { public_url: PUBLIC };
const sender = {
  secrets: SECRETS,
  header: HEADER,
  stamp: STAMP,
  body: BODY,
  unicode: events({ propertyName: "city", propertyValue: "Zürich 東京 🖋️" }),
  large: ['[{"eventId":102,"pad":"', '"}]'],
  request,
  rest,
  names: (body) => ({ key: digest(body) }),
  values: () => ({
    "hex instead of base64": sign(BODY, { encoding: "hex" }),
    "with a prefix": `v3=${sign(BODY)}`,
    "the body alone signed": hmac("sha256", SECRETS[0], BODY, "base64"),
    "signed for another method": sign(BODY, { method: "PUT" }),
  }),
  next: { body: events({ eventId: 103 }) },
};

const CONFIG = { secret: [SECRETS[0]] };

async function addresses(vectors) {
  const add = (name, asked, status) => {
    const expect = status === 200 ? { status, ...sender.names(BODY) } : { status };
    return vectors.add(name, { config: CONFIG, request: request(asked), ...rest, expect });
  };
  await add("with a query", { query: "portal=144&shop=ink" }, 200);
  await add("a query that was not signed", { query: "portal=144", url: HERE }, 401);
  await add("signed for another host", { url: "https://other.example.com/in/hubspot-v3" }, 401);
  await add("signed for http", { url: "http://hooks.example.com/in/hubspot-v3" }, 401);
  const forged = { Host: "other.example.com", "X-Forwarded-Host": "other.example.com" };
  await add("headers of another host", { headers: forged }, 200);
}

async function timestamps(vectors) {
  const add = (name, asked) =>
    vectors.add(name, { config: CONFIG, request: request(asked), ...rest, expect: { status: 401 } });
  await add("another timestamp than the signed one", { headers: { [STAMP]: String(NOW * 1000 - 1) } });
  await add("seconds for milliseconds", { stamp: String(NOW) });
}

async function older(vectors) {
  const v1 = createHash("sha256")
    .update(SECRETS[0] + BODY)
    .digest("hex");
  const v2 = createHash("sha256").update(`${SECRETS[0]}POST${HERE}${BODY}`).digest("hex");
  for (const [version, value] of Object.entries({ v1, v2 })) {
    const headers = { [HEADER]: null, "X-HubSpot-Signature": value, "X-HubSpot-Signature-Version": version };
    const fields = { config: CONFIG, request: request({ headers }), ...rest, expect: { status: 401 } };
    await vectors.add(`only the signature of ${version}`, fields);
  }
}

/** The library's timestamp is a number: that of the header, milliseconds. */
function judge(clientSecret, { text, headers, path, query }, { public_url }) {
  return Signature.isValid({
    signatureVersion: "v3",
    method: "POST",
    clientSecret,
    requestBody: text,
    signature: headers["x-hubspot-signature-v3"],
    url: `${public_url}${path}${query && `?${query}`}`,
    timestamp: STAMP.toLowerCase() in headers ? Number(headers[STAMP.toLowerCase()]) : undefined,
  });
}

export async function hubspotV3() {
  const vectors = new Vectors("hubspot-v3", "@hubspot/api-client 13.5.0 (npm)", judge);
  await usual(vectors, sender);
  const future = {
    expect: { status: 200, ...sender.names(BODY) },
    why: "HubSpot says how old a request may be, not how far ahead",
  };
  await aged(vectors, sender, { age: 300, unit: 1000, future });
  for (const more of [addresses, timestamps, older]) await more(vectors);
  return vectors;
}
