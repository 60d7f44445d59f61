// Linear: HMAC over the body, whose own timestamp tells its age.

import { LinearWebhookClient } from "@linear/sdk/webhooks";
import { usual } from "./usual.mjs";
import { hmac, NOW, post, Vectors } from "./vectors.mjs";

const SECRETS = ["lin_wh_6Yc0hVqJt1RrUo9z", "lin_wh_theOneBeforeIt00", "lin_wh_ofAnotherWebhook"];
const HEADER = "Linear-Signature";
const ID = "234d1a4e-b617-4388-90fe-adc3633d6b01";

function issue(stamp, fields = {}) {
  return JSON.stringify({
    action: "update",
    type: "Issue",
    createdAt: "2026-01-05T07:59:59.250Z",
    organizationId: "9b0d6f20-0f7e-4d6c-8a53-c1f8d2c6b001",
    data: { id: "539068e2-ae88-4d09-bd75-22eb4a59612f", identifier: "INK-12", title: "Refill the well" },
    webhookTimestamp: stamp,
    webhookId: "000042e3-d123-4980-b49f-8e140eef9329",
    ...fields,
  });
}

const BODY = issue(NOW * 1000);
const sign = (body, secret = SECRETS[0]) => hmac("sha256", secret, body, "hex");

function request({ stamp = NOW, body = issue(stamp * 1000), secret, id = ID, headers }) {
  const own = {
    "User-Agent": "Linear-Webhook",
    "Content-Type": "application/json; charset=utf-8",
    "Linear-Delivery": id,
    "Linear-Event": "Issue",
    "Linear-Timestamp": String(stamp * 1000),
    [HEADER]: sign(body, secret),
  };
  return post("linear", { ...own, ...headers }, body);
}

const sender = {
  secrets: SECRETS,
  header: HEADER,
  body: BODY,
  unicode: issue(NOW * 1000, { data: { title: "Tintenfaß auffüllen 墨 🖋️" } }),
  large: [BODY.slice(0, -1) + ',"pad":"', '"}'],
  request,
  names: () => ({ key: ID, type: "Issue" }),
  values: (right) => ({
    "with a prefix": `sha256=${right}`,
    "base64 instead of hex": hmac("sha256", SECRETS[0], BODY, "base64"),
    "the sha1 digest": hmac("sha1", SECRETS[0], BODY, "hex"),
  }),
  next: {
    id: "234d1a4e-b617-4388-90fe-adc3633d6b02",
    expect: { key: "234d1a4e-b617-4388-90fe-adc3633d6b02" },
  },
};

const CONFIG = { secret: [SECRETS[0]] };

async function ages(vectors) {
  const add = (name, milliseconds, status) => {
    const names = status === 200 ? sender.names() : {};
    const asked = request({ body: issue(NOW * 1000 + milliseconds) });
    return vectors.add(name, { config: CONFIG, request: asked, expect: { status, ...names } });
  };
  await add("as old as may be", -60_000, 200);
  await add("stale", -60_001, 401);
  await add("as far ahead as may be", 60_000, 200);
  await add("future", 60_001, 401);
}

async function timestamps(vectors) {
  const add = (name, body, headers) =>
    vectors.add(name, { config: CONFIG, request: request({ body, headers }), expect: { status: 401 } });
  await add("no timestamp in the body", issue(undefined));
  await add("null for the timestamp", issue(null));
  await add("a word for the timestamp", issue("soon"));
  await add("seconds for milliseconds", issue(NOW));
  await add("a stale body under a fresh header", issue(NOW * 1000 - 90_000), {
    "Linear-Timestamp": String(NOW * 1000),
  });
  await add("no JSON", "type=Issue");
  await add("a list", "[]");
  const headers = { "Linear-Timestamp": "0" };
  await vectors.add("a stale header over a fresh body", {
    config: CONFIG,
    request: request({ headers }),
    expect: { status: 200, ...sender.names() },
  });
}

async function metadata(vectors) {
  const why = "authenticated, but Linear always sends it";
  const missing = request({ headers: { "Linear-Delivery": null } });
  await vectors.add("no Linear-Delivery", { config: CONFIG, request: missing, why, expect: { status: 400 } });
}

export async function linear() {
  const judge = (secret, { raw, headers }) =>
    new LinearWebhookClient(secret).verify(raw, headers["linear-signature"]);
  const vectors = new Vectors("linear", "@linear/sdk 98.0.0 (npm)", judge);
  await usual(vectors, sender);
  for (const more of [ages, timestamps, metadata]) await more(vectors);
  return vectors;
}
