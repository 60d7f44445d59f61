// The cases of one preset: collected, put before the provider's own library, printed.
//
// A request is { method, path, query, headers: [[name, value]], body }; a header's value and a body are text or
// bytes (a Buffer), a body may be `large` too.

import { createHmac } from "node:crypto";

/** The moment at which a case is judged, where it says no other: Unix seconds. */
export const NOW = 1767600000;

// all that the libraries read of the time
let clock = NOW;
Date.now = () => clock * 1000;

export class Vectors {
  /**
   * @param provider the preset's name
   * @param oracle the library and its version; null: there is none
   * @param judge async (secret, request) → whether the library takes the request.
   *   What it throws is a no. The clock stands at the case's `now`.
   */
  constructor(provider, oracle, judge = null) {
    Object.assign(this, { provider, oracle, judge, cases: [] });
  }

  /** A case. `oracle: null` in it keeps the library out; then, and where the library errs, `why` says why. */
  async add(name, { now = NOW, oracle, why, expect, request, config, ...rest }) {
    if (this.cases.some((known) => known.case === name)) throw new Error(`${this.provider}: ${name} twice`);
    const verdict = oracle === null || !this.judge ? null : await this.#ask(config, request, now, rest);
    this.#check(name, verdict, expect, why, oracle);
    const { public_url, ...others } = rest;
    const url = public_url ? { public_url } : {};
    this.cases.push({ case: name, config, ...url, now, request, oracle: verdict, why, ...others, expect });
  }

  /** Any one secret that verifies is enough. */
  async #ask(config, request, now, rest) {
    clock = now;
    for (const secret of config.secret ?? [undefined]) {
      try {
        if (await this.judge(secret, opened(request), rest)) return true;
      } catch {
        // a library that throws says no
      }
    }
    return false;
  }

  #check(name, verdict, expect, why, oracle) {
    const taken = expect.status < 300;
    if (verdict !== null && verdict !== taken && !why)
      throw new Error(`${this.provider}: ${name}: the oracle says ${verdict}, expected is ${expect.status}`);
    if (oracle === null && this.judge && !why) throw new Error(`${this.provider}: ${name}: why no oracle?`);
  }

  /** The file: a case a few lines. */
  text() {
    const cases = this.cases.map(printed).join(",\n");
    const head = `"provider": ${line(this.provider)},\n  "oracle": ${line(this.oracle)},`;
    return `{\n  ${head}\n  "cases": [\n${cases}\n  ]\n}\n`;
  }
}

/** A request by POST with these headers; null takes one away. */
export function post(provider, headers, body, { method = "POST", query = "" } = {}) {
  const present = Object.entries(headers).filter(([, value]) => value !== null);
  return { method, path: `/in/${provider}`, query, headers: present, body };
}

/** A body too large to be written out. */
export function large(prefix, times, suffix = "", repeat = "x") {
  return { prefix, repeat, times, suffix };
}

export function bytes(body) {
  if (Buffer.isBuffer(body)) return body;
  if (typeof body === "string") return Buffer.from(body);
  return Buffer.from(body.prefix + body.repeat.repeat(body.times) + body.suffix);
}

/** `body` with its first digit another one: the same length, the same JSON but for that. */
export function altered(body) {
  return body.replace(/\d/, (digit) => (digit === "9" ? "8" : String(Number(digit) + 1)));
}

/** The HMAC of texts and bytes one after the other. */
export function hmac(algorithm, secret, parts, encoding) {
  const mac = createHmac(algorithm, secret);
  for (const part of [parts].flat()) mac.update(bytes(part));
  return mac.digest(encoding);
}

/** The request as a library of Node meets it: header names in lower case, values as latin-1. */
function opened(request) {
  const pairs = request.headers.map(([name, value]) => [name.toLowerCase(), bytes(value).toString("latin1")]);
  const raw = bytes(request.body);
  return { ...request, headers: Object.fromEntries(pairs.reverse()), raw, text: raw.toString() };
}

function printed({ request, ...fields }) {
  const lines = Object.entries({ ...fields, request: null }).filter(([, value]) => value !== undefined);
  // the request stands before what is expected of it
  const order = ["case", "config", "public_url", "now", "request", "oracle", "why"];
  const rank = ([key]) => (order.includes(key) ? order.indexOf(key) : order.length);
  lines.sort((one, other) => rank(one) - rank(other));
  const text = lines.map(
    ([key, value]) => `      ${line(key)}: ${key === "request" ? asked(request) : line(value)}`,
  );
  return `    {\n${text.join(",\n")}\n    }`;
}

function asked({ method, path, query, headers, body }) {
  const target = `"method": ${line(method)}, "path": ${line(path)}, "query": ${line(query)}`;
  const fields = headers.map(([name, value]) => `          ${line([name, written(value)])}`).join(",\n");
  const list = headers.length ? `[\n${fields}\n        ]` : "[]";
  return `{\n        ${target},\n        "headers": ${list},\n        "body": ${line(written(body))}\n      }`;
}

/** Text as text, bytes that are no UTF-8 as base64. */
function written(value) {
  if (!Buffer.isBuffer(value)) return value;
  const text = value.toString();
  return Buffer.from(text).equals(value) ? text : { base64: value.toString("base64") };
}

/** Compact JSON with a space after each comma and colon. */
function line(value) {
  if (Array.isArray(value)) return `[${value.map(line).join(", ")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const pairs = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return `{${pairs.map(([key, inner]) => `${JSON.stringify(key)}: ${line(inner)}`).join(", ")}}`;
}
