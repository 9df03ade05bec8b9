// Opens pages in headless Chromium, light and dark, wide and narrow, and checks them:
//   node check.mjs SCREENSHOTS PAGE…
// No serious or critical violation (axe-core), nothing loaded from elsewhere, no message in the
// console, open within a second, no sideways scrolling, reachable by keyboard. Exit 1 with one line
// for each failure. Screenshots and a print are written for people to look at.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const LIMIT_MS = 1000;
const [folder, ...pages] = process.argv.slice(2);
if (!pages.length) {
  console.error("error: usage: node check.mjs SCREENSHOTS PAGE…");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
const failures = [];
const fail = (where, what) => failures.push(`${where}: ${what}`);

async function keyboard(page, where) {
  await page.keyboard.press("Tab");
  const first = await page.evaluate(() => document.activeElement.className);
  if (first !== "skip") fail(where, `the first Tab reaches '${first}', not the skip link`);
  await page.keyboard.press("Enter");
  const main = await page.evaluate(() => document.activeElement.id);
  if (main !== "content") fail(where, `the skip link leads to '${main}'`);
}

async function accessible(page, where) {
  await page.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
  await page.evaluate(AXE);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  for (const rule of found.violations) {
    const line = `${rule.impact} ${rule.id}: ${rule.help} (${rule.nodes.length}, first `
      + `${rule.nodes[0].target.join(" ")}: ${rule.nodes[0].failureSummary.split("\n")[1]?.trim()})`;
    if (["serious", "critical"].includes(rule.impact)) fail(where, line);
    else console.log(`${where}: ${line}`);
  }
  return found.passes.length;
}

// The shortest of three: what the page takes, not what else the machine does.
async function open(page, address) {
  const times = [];
  for (let run = 0; run < 3; run++) {
    await page.goto(address, { waitUntil: "load" });
    times.push(await page.evaluate(() => performance.getEntriesByType("navigation")[0].duration));
  }
  return Math.min(...times);
}

async function visit(browser, path, scheme, [width, viewport]) {
  // Pages of several studies have one file name.
  const title = `${basename(dirname(resolve(path)))}-${basename(path, ".html")}`;
  const where = `${title} ${scheme} ${width}`;
  const page = await browser.newPage({ colorScheme: scheme, viewport });
  page.on("request", (request) => {
    if (!request.url().startsWith("file:")) fail(where, `loads ${request.url()}`);
  });
  page.on("console", (message) => fail(where, `console: ${message.text()}`));
  page.on("pageerror", (error) => fail(where, `error: ${error.message}`));
  const opened = await open(page, pathToFileURL(resolve(path)).href);
  if (opened > LIMIT_MS) fail(where, `takes ${Math.round(opened)} ms to open`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) fail(where, `is ${wide} pixels wider than the window`);
  // Sections out of sight are checked and shown as well.
  await page.addStyleTag({ content: "main > section { content-visibility: visible !important }" });
  const name = `${folder}/${title}-${scheme}-${width}`;
  await page.screenshot({ path: `${name}.png`, fullPage: true });
  if (scheme === "light" && width === "desktop") await page.pdf({ path: `${name}.pdf`, format: "A4",
    margin: { top: "12mm", bottom: "12mm", left: "12mm", right: "12mm" } });
  await keyboard(page, where);
  const passed = await accessible(page, where);
  console.log(`${where}: opened in ${Math.round(opened)} ms, ${passed} accessibility rules pass`);
  await page.close();
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none"],
});
for (const path of pages)
  for (const scheme of ["light", "dark"])
    for (const width of Object.entries(WIDTHS)) await visit(browser, path, scheme, width);
await browser.close();
for (const failure of failures) console.error(`error: ${failure}`);
process.exit(failures.length ? 1 : 0);
