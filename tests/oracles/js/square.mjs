// Square: HMAC over the URL that Square was given, and the body.

import { WebhooksHelper } from "square";
import { usual } from "./usual.mjs";
import { hmac, post, Vectors } from "./vectors.mjs";

const SECRETS = ["sq-signature-key-0Q1w2E", "sq-the-one-before-it", "sq-of-another-subscription"];
const HEADER = "x-square-hmacsha256-signature";
const PUBLIC = "https://hooks.example.com";
const ID = "bc316346-6691-4243-88ed-6d651a0d0c01";

const payment = (fields = {}) =>
  JSON.stringify({
    merchant_id: "MLEFBHHSJGVHD",
    type: "payment.updated",
    event_id: ID,
    created_at: "2026-01-05T08:00:00.25Z",
    data: {
      type: "payment",
      id: "KkAkhdMsgzn59SM8A89WgKwekxLZY",
      object: { payment: { note: "two bottles" } },
    },
    ...fields,
  });
const BODY = payment();

const sign = (body, secret = SECRETS[0], url = `${PUBLIC}/in/square`) =>
  hmac("sha256", secret, [url, body], "base64");

function request({ body = BODY, secret, url, query = "", headers }) {
  const signed = url ?? `${PUBLIC}/in/square${query && `?${query}`}`;
  const own = {
    "User-Agent": "Square Connect v2",
    "Content-Type": "application/json",
    "square-environment": "Production",
    [HEADER]: sign(body, secret, signed),
  };
  return post("square", { ...own, ...headers }, body, { query });
}

const rest = { public_url: PUBLIC };
const sender = {
  secrets: SECRETS,
  header: HEADER,
  body: BODY,
  unicode: payment({ data: { note: "zwei Fläschchen 🖋️ インク" } }),
  large: [BODY.slice(0, -1) + ',"pad":"', '"}'],
  request,
  rest,
  names: () => ({ key: ID, type: "payment.updated" }),
  values: () => ({
    "hex instead of base64": hmac("sha256", SECRETS[0], [`${PUBLIC}/in/square`, BODY], "hex"),
    "with a prefix": `sha256=${sign(BODY)}`,
    "the sha1 digest": hmac("sha1", SECRETS[0], [`${PUBLIC}/in/square`, BODY], "base64"),
    "the body alone signed": hmac("sha256", SECRETS[0], BODY, "base64"),
  }),
  next: {
    body: payment({ event_id: "bc316346-6691-4243-88ed-6d651a0d0c02" }),
    expect: { key: "bc316346-6691-4243-88ed-6d651a0d0c02" },
  },
};

const CONFIG = { secret: [SECRETS[0]] };

async function addresses(vectors) {
  const add = (name, asked, status) => {
    const expect = status === 200 ? { status, ...sender.names() } : { status };
    return vectors.add(name, { config: CONFIG, request: request(asked), ...rest, expect });
  };
  await add("with a query", { query: "shop=ink%20%26%20quill&b=1" }, 200);
  await add("a query that was not signed", { query: "shop=1", url: `${PUBLIC}/in/square` }, 401);
  await add("signed for another host", { url: "https://other.example.com/in/square" }, 401);
  await add("signed for http", { url: "http://hooks.example.com/in/square" }, 401);
  await add("signed for another path", { url: `${PUBLIC}/in/square/` }, 401);
  const forged = {
    Host: "other.example.com",
    "X-Forwarded-Host": "other.example.com",
    "X-Forwarded-Proto": "https",
  };
  await add(
    "another host, and headers that say so",
    { url: "https://other.example.com/in/square", headers: forged },
    401,
  );
  await add("headers of another host", { headers: forged }, 200);
}

async function unusable(vectors) {
  const add = (name, body) => {
    const why = "authenticated, but no event";
    return vectors.add(name, {
      config: CONFIG,
      request: request({ body }),
      ...rest,
      why,
      expect: { status: 400 },
    });
  };
  await add("no event_id", payment({ event_id: undefined }));
  await add("no JSON", "event_id=7");
}

/** The URL is Square's own: what it was given for the subscription. */
function judge(signatureKey, { text, headers, path, query }, { public_url }) {
  const notificationUrl = `${public_url}${path}${query && `?${query}`}`;
  const signatureHeader = headers["x-square-hmacsha256-signature"];
  return WebhooksHelper.verifySignature({
    requestBody: text,
    signatureHeader,
    signatureKey,
    notificationUrl,
  });
}

export async function square() {
  const vectors = new Vectors("square", "square 46.0.0 (npm)", judge);
  await usual(vectors, sender);
  for (const more of [addresses, unusable]) await more(vectors);
  return vectors;
}
