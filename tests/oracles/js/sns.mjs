// AWS SNS: a signature in the body, by a certificate that the body names, and subscriptions that want confirming.

import { sign as signature } from "node:crypto";
import { readFileSync } from "node:fs";
import https from "node:https";
import { Readable } from "node:stream";
import MessageValidator from "sns-validator";
import { large, NOW, post, Vectors } from "./vectors.mjs";

const pem = (name) => readFileSync(new URL(`sns/${name}.pem`, import.meta.url), "utf8");
const TOPIC = "arn:aws:sns:eu-central-1:123456789012:ink-orders";
const HOST = "https://sns.eu-central-1.amazonaws.com";
const CERTIFICATE = `${HOST}/SimpleNotificationService-0c0ffee0.pem`;
const SUBSCRIBE = `${HOST}/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=2336412f37fb687f5d51e6e2425c`;
const ID = "da41e39f-ea4d-435a-b922-c6aae3915c01";
const SIGNED = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: [
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
  ],
};
SIGNED.UnsubscribeConfirmation = SIGNED.SubscriptionConfirmation;
const CONFIG = { topic_arn: TOPIC };
const TRUSTING = { ...CONFIG, trust: pem("ca") };
/** What can be fetched, and nothing else may be. */
const GIVEN = { [CERTIFICATE]: pem("signing") };

const notification = (fields) => ({
  Type: "Notification",
  MessageId: ID,
  TopicArn: TOPIC,
  Subject: "Order 7",
  Message: '{"order":7,"bottles":2}',
  Timestamp: "2026-01-05T07:59:59.120Z",
  SignatureVersion: "2",
  SigningCertURL: CERTIFICATE,
  ...fields,
});
const confirmation = (fields) => ({
  Type: "SubscriptionConfirmation",
  MessageId: ID,
  Token: "2336412f37fb687f5d51e6e2425c",
  TopicArn: TOPIC,
  Message: "Visit the SubscribeURL to confirm.",
  SubscribeURL: SUBSCRIBE,
  Timestamp: "2026-01-05T07:59:59.120Z",
  SignatureVersion: "2",
  SigningCertURL: CERTIFICATE,
  ...fields,
});

function signed(message, { key = "signing.key", algorithm } = {}) {
  const names = SIGNED[message.Type].filter((name) => message[name] !== undefined);
  const text = names.map((name) => `${name}\n${message[name]}\n`).join("");
  const digest = algorithm ?? (message.SignatureVersion === "1" ? "sha1" : "sha256");
  return { ...message, Signature: signature(digest, Buffer.from(text), pem(key)).toString("base64") };
}

function request(message, { headers, body = JSON.stringify(message) } = {}) {
  const own = {
    "Content-Type": "text/plain; charset=UTF-8",
    "x-amz-sns-message-type": message?.Type ?? "Notification",
  };
  return post("sns", { ...own, ...headers }, body);
}

const ACCEPTED = { status: 200, key: ID, type: "Notification" };
const REFUSED = { status: 401 };

/** A case of these fields, signed, whose certificate can be fetched. */
function adder(vectors) {
  return (name, message, rest) =>
    vectors.add(name, { config: CONFIG, request: request(message), fetch: GIVEN, expect: ACCEPTED, ...rest });
}

async function messages(vectors) {
  const add = adder(vectors);
  const good = signed(notification());
  await add("good", good);
  await add("good, version 1", signed(notification({ SignatureVersion: "1" })));
  await add("good, no subject", signed(notification({ Subject: undefined })));
  await add(
    "unicode message",
    signed(notification({ Message: "Zwei Fläschchen インク 🖋️", Subject: "Grüße" })),
  );
  await add("stale", signed(notification({ Timestamp: "2025-12-01T00:00:00.000Z" })));
  await add(
    "one byte of the message changed",
    { ...good, Message: good.Message.replace("7", "8") },
    { expect: REFUSED },
  );
  await add("another id", { ...good, MessageId: ID.replace("01", "02") }, { expect: REFUSED });
  await add("no signed subject", { ...good, Subject: undefined }, { expect: REFUSED });
  await add("a field that is not signed", {
    ...good,
    UnsubscribeURL: `${HOST}/?Action=Unsubscribe&SubscriptionArn=${TOPIC}:1`,
  });
  const spaced = { request: request(good, { body: JSON.stringify(good, null, 1) }) };
  await add("other white space", good, spaced);
  const headers = { "x-amz-sns-message-type": "SubscriptionConfirmation" };
  await add("a header of another type", good, {
    request: request(good, { headers }),
    expect: { ...ACCEPTED, confirms: null },
  });
  await add("retry of good", good, { now: NOW + 20, same_as: "good" });
  const next = ID.replace("01", "03");
  await add("not a duplicate", signed(notification({ MessageId: next })), {
    expect: { ...ACCEPTED, key: next },
    differs_from: "good",
  });
}

async function sizes(vectors) {
  const text = "x".repeat(200_000);
  const body = JSON.stringify(signed(notification({ Message: text })));
  const [prefix, suffix] = body.split(text);
  const asked = request(null, { body: large(prefix, text.length, suffix) });
  const add = adder(vectors);
  await add("large message", null, { request: asked });
  const none = { fetch: {}, expect: { status: 400 } };
  await add("empty body", null, { request: request(null, { body: "" }), ...none });
  await add("no JSON", null, {
    request: request(null, { body: "Type=Notification" }),
    fetch: {},
    expect: REFUSED,
  });
  await add("a list", null, { request: request(null, { body: "[]" }), fetch: {}, expect: REFUSED });
  const get = { ...request(null, { body: "" }), method: "GET" };
  await add("by GET", null, {
    request: get,
    oracle: null,
    why: "the library judges messages, not methods",
    fetch: {},
    expect: { status: 405 },
  });
}

async function signatures(vectors) {
  const add = (name, message, rest) => adder(vectors)(name, message, { expect: REFUSED, ...rest });
  const good = signed(notification());
  await add("signed with another key", signed(notification(), { key: "stranger.key" }));
  await add(
    "version 1 with a SHA-256 signature",
    signed(notification({ SignatureVersion: "1" }), { algorithm: "sha256" }),
  );
  await add("version 2 with a SHA-1 signature", signed(notification(), { algorithm: "sha1" }));
  await add("empty signature", { ...good, Signature: "" });
  await add("signature that is no base64", { ...good, Signature: "é!".repeat(40) });
  await add("unknown version", signed(notification({ SignatureVersion: "3" })), { fetch: {} });
  for (const name of ["Signature", "SignatureVersion", "SigningCertURL"])
    await add(`no ${name}`, { ...good, [name]: undefined }, { fetch: {} });
}

async function topics(vectors) {
  const other = { TopicArn: `${TOPIC}-of-somebody-else` };
  const why = "signed by SNS, but for a topic that is not the configured one";
  const add = adder(vectors);
  await add("other topic", signed(notification(other)), { why, expect: REFUSED });
  const expect = { status: 401, stored: false, confirms: null };
  await add("subscription to another topic", signed(confirmation(other)), { why, expect });
}

async function certificates(vectors) {
  const add = adder(vectors);
  await add("trust given", signed(notification()), { config: TRUSTING });
  const url = `${HOST}/SimpleNotificationService-0badcafe.pem`;
  const strange = signed(notification({ SigningCertURL: url }), { key: "stranger.key" });
  await add("trust given, a certificate of somebody else", strange, {
    config: TRUSTING,
    fetch: { [url]: pem("stranger") },
    expect: REFUSED,
    why: "the library knows no roots; where the file names some, the certificate is held to them",
  });
  const gone = `${HOST}/SimpleNotificationService-00000000.pem`;
  await add("certificate not to be had", signed(notification({ SigningCertURL: gone })), {
    fetch: { [gone]: null },
    oracle: null,
    expect: { status: 503 },
    why: "no verdict without the certificate: not the sender's fault, it may try again",
  });
  const china = "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-0c0ffee0.pem";
  await add("certificate of a host in China", signed(notification({ SigningCertURL: china })), {
    fetch: { [china]: pem("signing") },
  });
}

/** Addresses that nothing may be fetched from. */
async function hosts(vectors) {
  const file = "SimpleNotificationService-0c0ffee0.pem";
  const urls = {
    http: CERTIFICATE.replace("https", "http"),
    "another host": `https://certs.example.com/${file}`,
    "a host that only begins so": `https://sns.eu-central-1.amazonaws.com.example.net/${file}`,
    "a host that only ends so": `https://evil-sns.eu-central-1.amazonaws.com/${file}`,
    "a host below it": `https://sns.eu-central-1.amazonaws.com.s3.amazonaws.com/${file}`,
    "another letter for the dot": `https://sns.eu-central-1xamazonaws.com/${file}`,
    "a region of two letters": `https://sns.eu.amazonaws.com/${file}`,
    "the right host as user": `https://sns.eu-central-1.amazonaws.com@certs.example.com/${file}`,
    "the right host behind a backslash": `https://certs.example.com\\@sns.eu-central-1.amazonaws.com/${file}`,
    "a port": `https://sns.eu-central-1.amazonaws.com:8443/${file}`,
    "another file": `${HOST}/SimpleNotificationService-0c0ffee0.txt`,
    "no address": "",
  };
  for (const [name, url] of Object.entries(urls)) {
    const message = signed(notification({ SigningCertURL: url }));
    await adder(vectors)(`certificate: ${name}`, message, { fetch: {}, expect: REFUSED });
  }
}

async function subscriptions(vectors) {
  const add = adder(vectors);
  const expect = { status: 200, stored: false, confirms: SUBSCRIBE };
  const refused = { status: 401, stored: false, confirms: null };
  await add("handshake", signed(confirmation()), { expect });
  await add("handshake, version 1", signed(confirmation({ SignatureVersion: "1" })), { expect });
  await add("handshake, unsigned", confirmation(), { fetch: {}, expect: refused });
  await add("handshake, signed with another key", signed(confirmation(), { key: "stranger.key" }), {
    expect: refused,
  });
  const moved = { ...signed(confirmation()), SubscribeURL: "https://169.254.169.254/latest/meta-data/" };
  await add("handshake, its address changed", moved, { expect: refused });
  const elsewhere = signed(confirmation({ SubscribeURL: "https://internal.example.com/admin" }));
  const why = "authenticated, but no address of SNS: it is not asked";
  await add("handshake, its address elsewhere", elsewhere, {
    why,
    expect: { status: 400, stored: false, confirms: null },
  });
  await add("end of the subscription", signed(confirmation({ Type: "UnsubscribeConfirmation" })), {
    expect: { status: 200, confirms: null },
    why: "the library leaves Token out of what is signed here, AWS does not; asking the address would subscribe again",
  });
}

/** The certificates come from the case, whatever the library asks. */
function judge(_secret, { text }, { fetch }) {
  https.get = (url, callback) => {
    const found = Object.assign(Readable.from([fetch[url] ?? ""]), { statusCode: fetch[url] ? 200 : 404 });
    callback(found);
    return { on: () => {} };
  };
  return new Promise((resolve, reject) =>
    new MessageValidator().validate(text, (error) => (error ? reject(error) : resolve(true))),
  );
}

export async function sns() {
  const vectors = new Vectors("sns", "sns-validator 0.3.5 (npm)", judge);
  for (const more of [messages, sizes, signatures, topics, certificates, hosts, subscriptions])
    await more(vectors);
  return vectors;
}
