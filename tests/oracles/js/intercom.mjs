// Intercom: HMAC-SHA1 over the body. There is no library that verifies it.

import { usual } from "./usual.mjs";
import { hmac, NOW, post, Vectors } from "./vectors.mjs";

const SECRETS = ["ic-client-secret-7d1", "ic-the-one-before-it", "ic-of-another-app"];
const HEADER = "X-Hub-Signature";
const ID = "notif_4e3504a3-ba3f-46dc-ab48-0c0ffee00001";

const notification = (fields = {}) =>
  JSON.stringify({
    type: "notification_event",
    app_id: "a86dr8yl",
    id: ID,
    topic: "conversation.user.created",
    created_at: NOW - 1,
    delivery_attempts: 1,
    first_sent_at: NOW - 1,
    data: {
      type: "notification_event_data",
      item: { type: "conversation", id: "312", body: "Is the blue ink back?" },
    },
    ...fields,
  });
const BODY = notification();
const sign = (body, secret = SECRETS[0]) => `sha1=${hmac("sha1", secret, body, "hex")}`;

function request({ body = BODY, secret, headers }) {
  const own = {
    "User-Agent": "intercom-webhooks/1.0",
    "Content-Type": "application/json; charset=utf-8",
    "Intercom-Webhook-Version": "2.11",
    [HEADER]: sign(body, secret),
  };
  return post("intercom", { ...own, ...headers }, body);
}

const NEXT = ID.replace("01", "02");
const sender = {
  secrets: SECRETS,
  header: HEADER,
  body: BODY,
  unicode: notification({ data: { item: { body: "Grüße 墨 🖋️" } } }),
  large: [BODY.slice(0, -1) + ',"pad":"', '"}'],
  request,
  names: () => ({ key: ID, type: "conversation.user.created" }),
  values: (right) => ({
    "no prefix": right.replace("sha1=", ""),
    "another prefix": right.replace("sha1=", "sha256="),
    "prefix in capitals": right.replace("sha1=", "SHA1="),
    "a right SHA-256 digest": `sha256=${hmac("sha256", SECRETS[0], BODY, "hex")}`,
    "the SHA-256 digest as sha1": `sha1=${hmac("sha256", SECRETS[0], BODY, "hex")}`,
    "base64 instead of hex": `sha1=${hmac("sha1", SECRETS[0], BODY, "base64")}`,
  }),
  // a retry counts its attempts in the body
  again: { body: notification({ delivery_attempts: 2 }) },
  next: { body: notification({ id: NEXT }), expect: { key: NEXT } },
};

export async function intercom() {
  const vectors = new Vectors("intercom", null);
  await usual(vectors, sender);
  const config = { secret: [SECRETS[0]] };
  const expect = { status: 200, key: ID, type: "conversation.user.created" };
  await vectors.add("signed a day ago", { config, now: NOW + 86400, request: request({}), expect });
  return vectors;
}
