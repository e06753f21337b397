// Uses the page as people do, in a headless Chromium, over its debugging pipe:
//   node drive.mjs CHROMIUM PAGE SAMPLE EXPECTED REFUSED [SCREENSHOTS]
// EXPECTED is what the program itself makes of SAMPLE. Ends with 0, or says what is wrong.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [chromium, page, sample, expected, refused, screenshots] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "milvus-gke-l7-site-"));
const flags = ["--headless", "--window-size=1400,950", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
const browser = spawn(chromium, [...flags, `--user-data-dir=${profile}`, "--remote-debugging-pipe"], {
  stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
});

// Messages end with a NUL byte.
const waiting = new Map();
const requests = [];
const faults = [];
let rest = "";
let lastId = 0;
browser.stdio[4].setEncoding("utf8").on("data", (data) => {
  const messages = (rest + data).split("\0");
  rest = messages.pop();
  for (const message of messages.map((one) => JSON.parse(one))) {
    if (message.id) {
      const { resolve, reject } = waiting.get(message.id);
      waiting.delete(message.id);
      message.error ? reject(new Error(message.error.message)) : resolve(message.result);
    } else if (message.method === "Network.requestWillBeSent") {
      requests.push(message.params.request.url);
    } else if (message.method === "Runtime.exceptionThrown") {
      faults.push(message.params.exceptionDetails.exception?.description ?? message.params.exceptionDetails.text);
    }
  }
});

let sessionId;
function send(method, params = {}) {
  const id = ++lastId;
  browser.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

async function evaluate(expression) {
  const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
  if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  return result.value;
}

/** Waits until an expression is true. */
async function until(expression) {
  for (let tries = 0; tries < 600; tries++) {
    if (await evaluate(expression)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`never true: ${expression}\n${await evaluate("document.body.innerText.slice(0, 2000)")}`);
}

const put = (text) =>
  evaluate(`document.getElementById("said").textContent = ""; document.getElementById("input").value = ${JSON.stringify(text)};
    document.getElementById("input").dispatchEvent(new Event("input"))`);
const said = () => until(`document.getElementById("said").textContent !== ""`);

async function picture(name) {
  if (!screenshots) return;
  for (const scheme of ["light", "dark"]) {
    await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    const { data } = await send("Page.captureScreenshot", { format: "png" });
    writeFileSync(join(screenshots, `${name}-${scheme}.png`), Buffer.from(data, "base64"));
  }
}

async function use(url) {
  await send("Page.navigate", { url });
  await until(`document.readyState === "complete" && document.getElementById("options")?.elements.length > 10`);

  await evaluate(`document.getElementById("sample").click()`);
  await said();
  assert.equal(await evaluate(`document.getElementById("input").value`), readFileSync(sample, "utf8"));
  assert.equal(await evaluate(`document.getElementById("output").value`), readFileSync(expected, "utf8"));
  const diff = await evaluate(`document.getElementById("diff").innerText`);
  assert.match(diff, /^\+ {4}cloud\.google\.com\/neg: /m);
  assert.ok((await evaluate(`document.querySelectorAll("#diff .added").length`)) > 20);
  await picture("diff");

  await evaluate(`document.getElementById("tab-diff").focus()`);
  for (const type of ["rawKeyDown", "keyUp"]) await send("Input.dispatchKeyEvent", { type, key: "ArrowRight", code: "ArrowRight" });
  assert.equal(await evaluate(`document.getElementById("findings").hidden`), false);
  assert.match(await evaluate(`document.getElementById("findings").innerText`), /authorizationEnabled is off/);
  await picture("findings");
  await evaluate(`document.querySelector("#findings article button").click()`);
  const line = await evaluate(`(() => { const area = document.getElementById("output"); return area.value.slice(area.selectionStart, area.selectionEnd) })()`);
  assert.match(line, /user\.yaml/);
  assert.match(await evaluate(`document.getElementById("notes").textContent`), /my-release/);

  // An option of the form.
  await evaluate(`document.getElementById("said").textContent = ""; const preset = document.querySelector("[name=preset]");
    preset.value = "production"; preset.dispatchEvent(new Event("input", { bubbles: true }))`);
  await said();
  assert.match(await evaluate(`document.getElementById("output").value`), /timeoutSec: 3600/);

  await put(readFileSync(refused, "utf8"));
  await said();
  assert.match(await evaluate(`document.getElementById("refusal").textContent`), /^error: Milvus is set to tlsMode 2/);
  assert.equal(await evaluate(`document.getElementById("output").value`), "");
  assert.equal(await evaluate(`document.getElementById("save").disabled`), true);
  await picture("refusal");
  await evaluate(`document.querySelector("#refusal button").click()`);
  const marked = await evaluate(`(() => { const area = document.getElementById("input"); return area.value.slice(area.selectionStart, area.selectionEnd) })()`);
  assert.match(marked, /tlsMode: 2/);

  // One megabyte.
  const filler = "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\ndata:\n  text: nothing of Milvus\n";
  const large = readFileSync(sample, "utf8").trimEnd() + "\n" + filler.repeat(Math.ceil(1e6 / filler.length));
  const begin = Date.now();
  await put(large);
  await said();
  assert.ok((await evaluate(`document.getElementById("output").value.length`)) > 1e6);
  console.log(`${url.split(":")[0]}: one megabyte in ${Date.now() - begin} ms`);

  // Nothing leaves.
  assert.equal(await evaluate(`fetch("http://127.0.0.1:9/").then(() => "sent", (error) => error.name)`), "TypeError");
  assert.deepEqual([...new Set(requests.filter((request) => !/^(data|blob):/.test(request)))], [url]);
  assert.deepEqual(faults, []);
  requests.length = 0;
}

const server = createServer((_, response) => response.setHeader("content-type", "text/html").end(readFileSync(page)));
let status = 1;
try {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  ({ sessionId } = await send("Target.attachToTarget", { targetId, flatten: true }));
  for (const domain of ["Network", "Page", "Runtime"]) await send(`${domain}.enable`);
  await use(pathToFileURL(page).href);
  await use(`http://127.0.0.1:${server.address().port}/`);
  status = 0;
} catch (error) {
  console.error(error);
} finally {
  server.close();
  browser.kill("SIGKILL");
  await new Promise((resolve) => browser.once("exit", resolve));
  rmSync(profile, { recursive: true, force: true });
}
process.exit(status);
