// Shopify: HMAC over the body, in base64; two families of headers.

import "@shopify/shopify-api/adapters/node";
import { ApiVersion, shopifyApi } from "@shopify/shopify-api";
import { usual } from "./usual.mjs";
import { hmac, post, Vectors } from "./vectors.mjs";

const SECRETS = ["shpss_5d0c9e4f7a1b4c62", "shpss_the_one_before_it", "shpss_of_another_app"];
const HEADER = "X-Shopify-Hmac-SHA256";
const ID = "2b9d1f3e-7a44-4f0a-9f51-6c0d8b1e2a01";
const ORDER = {
  id: 5820982911946154508,
  created_at: "2026-01-05T02:59:58-05:00",
  updated_at: "2026-01-05T03:00:00-05:00",
  name: "#1042",
  currency: "EUR",
  total_price: "38.50",
};
// the id is beyond what a float can hold, so it is put in as text
const order = (fields = {}) =>
  JSON.stringify({ ...ORDER, id: 0, ...fields })
    .replace('"id":0', '"id":5820982911946154508')
    .replaceAll("/", "\\/");
const BODY = order();
const UPDATED = "orders/updated:5820982911946154508@2026-01-05T03:00:00-05:00";

const sign = (body, secret = SECRETS[0]) => hmac("sha256", secret, body, "base64");

function request({ body = BODY, secret, id = ID, topic = "orders/updated", headers }) {
  const own = {
    "User-Agent": "Shopify-Captain-Hook",
    "Content-Type": "application/json",
    "X-Shopify-Topic": topic,
    "X-Shopify-Shop-Domain": "ink-and-quill.myshopify.com",
    "X-Shopify-API-Version": "2026-01",
    "X-Shopify-Webhook-Id": id,
    "X-Shopify-Event-Id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
    "X-Shopify-Triggered-At": "2026-01-05T08:00:00.123456789Z",
    [HEADER]: sign(body, secret),
  };
  return post("shopify", { ...own, ...headers }, body);
}

const sender = {
  secrets: SECRETS,
  header: HEADER,
  body: BODY,
  unicode: order({ name: "Tinte für Zoë ✒️" }),
  large: [order().slice(0, -1) + ',"note":"', '"}'],
  request,
  names: () => ({ key: ID, type: "orders/updated", also: [UPDATED] }),
  values: () => ({
    "hex instead of base64": hmac("sha256", SECRETS[0], BODY, "hex"),
    "with a prefix": `sha256=${sign(BODY)}`,
    "base64 for URLs": sign(BODY).replaceAll("+", "-").replaceAll("/", "_").replace("=", ""),
    "the sha1 digest": hmac("sha1", SECRETS[0], BODY, "base64"),
  }),
  next: {
    id: "2b9d1f3e-7a44-4f0a-9f51-6c0d8b1e2a02",
    body: order({ updated_at: "2026-01-05T03:01:00-05:00" }),
    expect: { key: "2b9d1f3e-7a44-4f0a-9f51-6c0d8b1e2a02", also: [UPDATED.replace("03:00:00", "03:01:00")] },
  },
};

const CONFIG = { secret: [SECRETS[0]] };

async function metadata(vectors) {
  for (const name of ["Topic", "Shop-Domain", "API-Version", "Webhook-Id"].map(
    (word) => `X-Shopify-${word}`,
  )) {
    const refused = {
      config: CONFIG,
      request: request({ headers: { [name]: null } }),
      expect: { status: 400 },
    };
    await vectors.add(`no ${name}`, {
      ...refused,
      why: "authenticated; the library names the header as missing",
    });
  }
  const headers = { "X-Shopify-Triggered-At": "2026-01-02T08:00:00Z" };
  const late = { config: CONFIG, request: request({ headers }), expect: { status: 200, key: ID } };
  await vectors.add("triggered days ago", late);
}

async function others(vectors) {
  const made = request({ topic: "orders/create", body: order({ updated_at: ORDER.created_at }) });
  const also = ["orders/create:5820982911946154508"];
  await vectors.add("orders/create", {
    config: CONFIG,
    request: made,
    expect: { status: 200, key: ID, type: "orders/create", also },
  });
  const paid = request({ topic: "orders/paid", id: "2b9d1f3e-7a44-4f0a-9f51-6c0d8b1e2a03" });
  const key = "2b9d1f3e-7a44-4f0a-9f51-6c0d8b1e2a03";
  await vectors.add("another topic of the same Event-Id", {
    config: CONFIG,
    request: paid,
    expect: { status: 200, key, type: "orders/paid" },
    differs_from: "good",
  });
  const xml = '<?xml version="1.0"?><order><id type="integer">7</id></order>';
  const asked = request({
    topic: "app/uninstalled",
    body: xml,
    headers: { "Content-Type": "application/xml" },
  });
  await vectors.add("XML", {
    config: CONFIG,
    request: asked,
    expect: { status: 200, key: ID, type: "app/uninstalled" },
  });
}

const EVENT_BODY =
  '{"topic":"Product","action":"update","handle":"ink-stock","fields_changed":["variants"],"data":{"id":7}}';
const EVENT_ID = "2b9d1f3e-7a44-4f0a-9f51-6c0d8b1e2b01";

function eventRequest({ body = EVENT_BODY, id = EVENT_ID, headers } = {}) {
  const own = {
    "Content-Type": "application/json",
    "shopify-topic": "Product",
    "shopify-action": "update",
    "shopify-handle": "ink-stock",
    "shopify-shop-domain": "ink-and-quill.myshopify.com",
    "shopify-api-version": "unstable",
    "shopify-webhook-id": id,
    "shopify-event-id": "7f2f7c54-3df1-4bd2-8c0e-64c7e0f6c001",
    "shopify-resource-id": "gid://shopify/Product/7",
    "shopify-triggered-at": "2026-01-05T08:00:00Z",
    "shopify-hmac-sha256": sign(body),
  };
  return post("shopify", { ...own, ...headers }, body);
}

async function events(vectors) {
  const add = (name, headers, expect, more) =>
    vectors.add(`Events: ${name}`, { config: CONFIG, request: eventRequest({ headers }), expect, ...more });
  const good = { status: 200, key: EVENT_ID };
  await add("good", {}, good);
  await add("retry of good", {}, good, { same_as: "Events: good" });
  await add("wrong signature", { "shopify-hmac-sha256": sign(EVENT_BODY, SECRETS[2]) }, { status: 401 });
  await add("no signature", { "shopify-hmac-sha256": null }, { status: 401 });
  for (const name of ["shopify-webhook-id", "shopify-topic"])
    await add(
      `no ${name}`,
      { [name]: null },
      { status: 400 },
      { why: "authenticated; the library names it as missing" },
    );
  const old = eventRequest({ headers: { "X-Shopify-Hmac-SHA256": sign("another body") } });
  const why = "where the Events signature is there, it alone counts";
  await vectors.add("Events: a wrong signature of the other family beside", {
    config: CONFIG,
    request: old,
    expect: good,
    why,
  });
  const both = request({ headers: { "shopify-hmac-sha256": sign("another body") } });
  await vectors.add("a wrong Events signature beside", {
    config: CONFIG,
    request: both,
    expect: { status: 401 },
    why,
  });
}

/** Headers whose value is empty go to the library as they came. */
function judge(secret, { text, headers, raw }) {
  const api = shopifyApi({
    apiKey: "key",
    apiSecretKey: secret,
    scopes: [],
    hostName: "hooks.example.com",
    isEmbeddedApp: false,
    apiVersion: Object.values(ApiVersion).at(-1),
    logger: { log: () => {} },
  });
  const rawRequest = { method: "POST", url: "/in/shopify", headers, socket: {}, raw };
  return api.webhooks.validate({ rawBody: text, rawRequest }).then(({ valid }) => valid);
}

export async function shopify() {
  const vectors = new Vectors("shopify", "@shopify/shopify-api 13.1.0 (npm)", judge);
  await usual(vectors, sender);
  for (const more of [metadata, others, events]) await more(vectors);
  return vectors;
}
