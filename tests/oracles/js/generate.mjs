// Writes the vectors of each preset into a folder: node generate.mjs FOLDER [PRESET…]

import { writeFileSync } from "node:fs";
import { join } from "node:path";

const [folder, ...wanted] = process.argv.slice(2);
const PRESETS = {
  github: "github",
  shopify: "shopify",
  zoom: "zoom",
  discord: "discord",
  linear: "linear",
  square: "square",
  "hubspot-v3": "hubspotV3",
  sns: "sns",
  intercom: "intercom",
  bitbucket: "bitbucket",
  gitlab: "gitlab",
  "gitlab-signed": "gitlabSigned",
  x: "x",
};

if (!folder) {
  console.error("usage: node generate.mjs FOLDER [PRESET…]");
  process.exit(2);
}
for (const preset of wanted.length ? wanted : Object.keys(PRESETS)) {
  const module = await import(`./${preset.replace("-", "_")}.mjs`);
  const vectors = await module[PRESETS[preset]]();
  writeFileSync(join(folder, `${preset}.json`), vectors.text());
  console.log(`${preset}: ${vectors.cases.length} cases, ${vectors.text().length} characters`);
}
