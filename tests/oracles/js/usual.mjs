// The cases that every preset has whose signature stands in a header.

import { altered, bytes, large, NOW } from "./vectors.mjs";

const POSTS_ONLY = "the library judges signatures, not methods";
const NO_EVENT = "authenticated, but an empty body holds no event";

/**
 * @param sender what is particular to the provider:
 *   `secrets` three of them, the first is the right one; `config` what the table has beside the secret;
 *   `header` that of the signature, `word` what it is called, `values(right)` wrong values of it by name;
 *   `stamp` the header of the timestamp, if there is one;
 *   `body` an event's text, `unicode` another's with letters beyond ASCII, `large` [prefix, suffix] of a long one;
 *   `request({ body, secret, stamp, id, headers })` as the provider would send it, `headers` replacing its own;
 *   `names(body)` what is expected of a good one beside its status;
 *   `changed` what a changed body is answered, `newline` what else is said of one that no JSON reader would notice;
 *   `again` what a retry has another of, `next` what makes a request one of another event;
 *   `methods` that are refused; `rest` what all cases have beside these
 */
export async function usual(vectors, sender) {
  await secrets(vectors, sender);
  await bodies(vectors, sender);
  await headers(vectors, sender);
  await methods(vectors, sender);
  await pairs(vectors, sender);
}

const accepted = ({ names, body }, other = body) => ({ status: 200, ...names(bytes(other)) });
const config = ({ secrets: [right], config: rest = {} }) => ({ secret: [right], ...rest });

async function secrets(vectors, sender) {
  const {
    secrets: [right, wrong, third],
    request,
    rest,
    config: more = {},
  } = sender;
  const expect = accepted(sender);
  const keyed = (...secret) => ({ secret, ...more });
  await vectors.add("good", { config: keyed(right), request: request({}), expect, ...rest });
  await vectors.add("first of two secrets", {
    config: keyed(right, wrong),
    request: request({}),
    expect,
    ...rest,
  });
  await vectors.add("second of two secrets", {
    config: keyed(wrong, right),
    request: request({}),
    expect,
    ...rest,
  });
  const refused = { request: request({ secret: third }), expect: { status: 401 }, ...rest };
  await vectors.add("wrong secret", { config: keyed(right), ...refused });
  await vectors.add("neither of two secrets", { config: keyed(right, wrong), ...refused });
}

async function bodies(vectors, sender) {
  const { body, request, unicode, rest, changed = { expect: { status: 401 } } } = sender;
  const add = (name, fields) => vectors.add(name, { config: config(sender), ...rest, ...fields });
  const signed = request({});
  await add("one byte of the body changed", { request: { ...signed, body: altered(body) }, ...changed });
  await add("a newline more", { request: { ...signed, body: `${body}\n` }, ...changed, ...sender.newline });
  await add("unicode body", { request: request({ body: unicode }), expect: accepted(sender, unicode) });
  const [prefix, suffix] = sender.large;
  const long = large(prefix, 200_000, suffix);
  await add("large body", { request: request({ body: long }), expect: accepted(sender, long) });
  await add("empty body", { request: request({ body: "" }), why: NO_EVENT, expect: { status: 400 } });
  const unsigned = request({ body: "", headers: { [sender.header]: null } });
  await add("empty body, unsigned", { request: unsigned, expect: { status: 401 } });
}

async function headers(vectors, sender) {
  const { header, request, rest, word = "signature" } = sender;
  const right = request({}).headers.find(([name]) => name === header)[1];
  const values = {
    [`no ${word}`]: null,
    [`empty ${word}`]: "",
    [`${word} cut short`]: right.slice(0, -2),
    [`${word} prolonged`]: `${right}00`,
    [`${word} of letters beyond ASCII`]: right.replace(/.{8}$/, "é".repeat(8)),
    [`${word} of bytes that are no UTF-8`]: Buffer.concat([
      bytes(right.slice(0, -4)),
      Buffer.from("fffe80c0", "hex"),
    ]),
    ...sender.values?.(right),
  };
  for (const [name, value] of Object.entries(values)) {
    const fields = { config: config(sender), request: request({ headers: { [header]: value } }), ...rest };
    await vectors.add(name, { ...fields, expect: { status: 401 } });
  }
}

async function methods(vectors, sender) {
  for (const method of sender.methods ?? ["GET", "PUT"]) {
    const request = { ...sender.request({}), method };
    const fields = { config: config(sender), oracle: null, why: POSTS_ONLY, ...sender.rest };
    await vectors.add(`by ${method}`, { ...fields, request, expect: { status: 405 } });
  }
}

async function pairs(vectors, sender) {
  const { request, body, next, again = {}, rest } = sender;
  const fields = { config: config(sender), now: NOW + 90, ...rest };
  const retry = {
    request: request({ stamp: NOW + 90, ...again }),
    expect: accepted(sender, again.body ?? body),
  };
  await vectors.add("retry of good", { ...fields, ...retry, same_as: "good" });
  const { expect = {}, ...other } = next;
  const another = { ...accepted(sender, other.body ?? body), ...expect };
  const fresh = request({ stamp: NOW + 90, ...other });
  await vectors.add("not a duplicate", { ...fields, request: fresh, expect: another, differs_from: "good" });
}

/**
 * The cases of a provider that signs a timestamp.
 * @param age seconds that pass; `unit` how many of the stamp's units a second has
 * @param past, future what else is said of a request that is older, or further ahead
 */
export async function aged(vectors, sender, { age, unit = 1, past = {}, future = {} }) {
  const { request, rest, body } = sender;
  const add = (name, stamp, fields) =>
    vectors.add(name, { config: config(sender), request: request({ stamp }), ...rest, ...fields });
  const expect = accepted(sender, body);
  await add("as old as may be", NOW - age, { expect });
  await add("stale", NOW - age - 1, { expect: { status: 401 }, ...past });
  await add("as far ahead as may be", NOW + age, { expect });
  await add("future", NOW + age + 1, { expect: { status: 401 }, ...future });
  if (!sender.stamp) return;
  const words = {
    "a word for the timestamp": "soon",
    "an empty timestamp": "",
    "a signed timestamp": `+${NOW * unit}`,
  };
  words["a fraction in the timestamp"] = `${NOW * unit}.0`;
  words["digits beyond ASCII in the timestamp"] = Buffer.from("١٧٦٧٦٠٠٠٠٠");
  words["a timestamp too long for a number"] = "1".repeat(400);
  for (const [name, stamp] of Object.entries(words)) await add(name, stamp, { expect: { status: 401 } });
  await vectors.add("no timestamp", {
    config: config(sender),
    request: request({ headers: { [sender.stamp]: null } }),
    expect: { status: 401 },
    ...rest,
  });
}
