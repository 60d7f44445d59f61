// Bitbucket, Cloud and Data Center: HMAC over the body. There is no library that verifies it.

import { usual } from "./usual.mjs";
import { hmac, NOW, post, Vectors } from "./vectors.mjs";

const SECRETS = ["bb-hook-secret-3f", "bb-the-one-before-it", "bb-of-another-hook"];
const HEADER = "X-Hub-Signature";
const ID = "7b2f6f44-5f3a-4bd1-9c62-0c0ffee00001";
const pushed = (message) =>
  JSON.stringify({
    actor: { display_name: "Quill", type: "user" },
    repository: { full_name: "ink/quill", type: "repository" },
    push: {
      changes: [
        {
          new: {
            name: "main",
            type: "branch",
            target: { hash: "9fec847784abb10b2fa567ee63b85bd238955d01", message },
          },
        },
      ],
    },
  });
const BODY = pushed("Dip deeper");
const sign = (body, secret = SECRETS[0]) => `sha256=${hmac("sha256", secret, body, "hex")}`;

function request({ body = BODY, secret, id = ID, attempt = "1", headers }) {
  const own = {
    "User-Agent": "Bitbucket-Webhooks/2.0",
    "Content-Type": "application/json",
    "X-Event-Key": "repo:push",
    "X-Hook-UUID": "a7a3f1f6-4a9c-4b6c-8d5e-0c0ffee000aa",
    "X-Request-UUID": id,
    "X-Attempt-Number": attempt,
    [HEADER]: sign(body, secret),
  };
  return post("bitbucket", { ...own, ...headers }, body);
}

const NEXT = ID.replace(/1$/, "2");
const sender = {
  secrets: SECRETS,
  header: HEADER,
  body: BODY,
  unicode: pushed("Tiefer eintauchen 墨 🖋️"),
  large: [BODY.slice(0, -1) + ',"pad":"', '"}'],
  request,
  names: () => ({ key: ID, type: "repo:push" }),
  values: (right) => ({
    "no prefix": right.replace("sha256=", ""),
    "another prefix": right.replace("sha256=", "sha512="),
    "a right SHA-1 signature": `sha1=${hmac("sha1", SECRETS[0], BODY, "hex")}`,
    "the SHA-1 digest as sha256": `sha256=${hmac("sha1", SECRETS[0], BODY, "hex")}`,
    "base64 instead of hex": `sha256=${hmac("sha256", SECRETS[0], BODY, "base64")}`,
  }),
  again: { attempt: "2" },
  next: { id: NEXT, expect: { key: NEXT } },
};

const CONFIG = { secret: [SECRETS[0]] };

async function dataCenter(vectors) {
  const headers = {
    "X-Request-UUID": null,
    "X-Hook-UUID": null,
    "X-Attempt-Number": null,
    "X-Request-Id": NEXT,
  };
  const kind = { "X-Event-Key": "repo:refs_changed" };
  const asked = request({ headers: { ...headers, ...kind } });
  const expect = { status: 200, key: NEXT, type: "repo:refs_changed" };
  await vectors.add("Data Center", { config: CONFIG, request: asked, expect });
  await vectors.add("retry of Data Center", {
    config: CONFIG,
    now: NOW + 5,
    request: asked,
    expect,
    same_as: "Data Center",
  });
}

async function metadata(vectors) {
  const why = "authenticated, but Bitbucket always sends it";
  for (const name of ["X-Request-UUID", "X-Event-Key"]) {
    const asked = request({ headers: { [name]: null } });
    await vectors.add(`no ${name}`, { config: CONFIG, request: asked, why, expect: { status: 400 } });
  }
}

export async function bitbucket() {
  const vectors = new Vectors("bitbucket", null);
  await usual(vectors, sender);
  for (const more of [dataCenter, metadata]) await more(vectors);
  return vectors;
}
