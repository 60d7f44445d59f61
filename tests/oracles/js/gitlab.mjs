// GitLab's older way: a token that is only compared. There is nothing to compute, and no library that does.

import { usual } from "./usual.mjs";
import { post, Vectors } from "./vectors.mjs";

const SECRETS = ["gl-hook-token-5Zr8", "gl-the-one-before-it", "gl-of-another-hook"];
const HEADER = "X-Gitlab-Token";
export const ID = "f5e5f430-f57b-4e6e-9fac-0c0ffee00001";

export const pushed = (message) =>
  JSON.stringify({
    object_kind: "push",
    event_name: "push",
    ref: "refs/heads/main",
    checkout_sha: "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
    user_name: "Quill",
    project: { id: 15, path_with_namespace: "ink/quill" },
    commits: [{ id: "da1560886d4f", message }],
  });
const BODY = pushed("Dip deeper");

/** What GitLab sends beside any proof. */
export const sent = (id) => ({
  "Content-Type": "application/json",
  "Idempotency-Key": id,
  "X-Gitlab-Event": "Push Hook",
  "X-Gitlab-Event-UUID": "13792a34-cac6-4fda-95a8-0c0ffee000ee",
});

function request({ body = BODY, secret = SECRETS[0], id = ID, headers }) {
  return post("gitlab", { ...sent(id), [HEADER]: secret, ...headers }, body);
}

const NEXT = ID.replace(/1$/, "2");
const names = () => ({ key: ID, type: "Push Hook" });
const sender = {
  secrets: SECRETS,
  header: HEADER,
  word: "token",
  body: BODY,
  unicode: pushed("Tiefer eintauchen 墨 🖋️"),
  large: [BODY.slice(0, -1) + ',"pad":"', '"}'],
  request,
  names,
  changed: { why: "a token covers no body", expect: { status: 200, ...names() } },
  values: (right) => ({
    "token in capitals": right.toUpperCase(),
    "token twice": `${right}, ${right}`,
    "token as a bearer's": `Bearer ${right}`,
    "one letter of the token changed": right.replace("5", "6"),
  }),
  // the same GitLab event for another hook
  next: { id: NEXT, expect: { key: NEXT } },
};

const CONFIG = { secret: [SECRETS[0]] };

async function tokens(vectors) {
  const secret = "gl-Schlüssel-鍵";
  const good = { status: 200, ...names() };
  await vectors.add("token beyond ASCII", {
    config: { secret: [secret] },
    request: request({ secret }),
    expect: good,
  });
  const headers = { [HEADER]: null, Authorization: `Bearer ${SECRETS[0]}`, "Private-Token": SECRETS[0] };
  await vectors.add("token in other headers", {
    config: CONFIG,
    request: request({ headers }),
    expect: { status: 401 },
  });
  const query = { ...request({ headers: { [HEADER]: null } }), query: `token=${SECRETS[0]}` };
  await vectors.add("token in the query", { config: CONFIG, request: query, expect: { status: 401 } });
}

async function kinds(vectors) {
  const headers = { "X-Gitlab-Event": "Merge Request Hook" };
  const body = '{"object_kind":"merge_request","object_attributes":{"iid":3,"action":"open"}}';
  const expect = { status: 200, key: ID, type: "Merge Request Hook" };
  await vectors.add("merge request", { config: CONFIG, request: request({ body, headers }), expect });
  const why = "authenticated, but GitLab always sends it";
  const missing = request({ headers: { "X-Gitlab-Event": null } });
  await vectors.add("no X-Gitlab-Event", { config: CONFIG, request: missing, why, expect: { status: 400 } });
}

export async function gitlab() {
  const vectors = new Vectors("gitlab", null);
  await usual(vectors, sender);
  for (const more of [tokens, kinds]) await more(vectors);
  return vectors;
}
