// The page: the program runs in WebAssembly on what is pasted, with the options of a form that its JSON Schema makes.
import { File, OpenFile, PreopenDirectory, WASI } from "@bjorn3/browser_wasi_shim";

const element = (id) => document.getElementById(id);
const text = (id) => element(id).textContent;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

const program = WebAssembly.compile(Uint8Array.from(atob(text("program")), (character) => character.charCodeAt(0)));

/** Runs the program: its exit status, and what it writes. */
async function run(args, input, files = {}) {
  const [stdin, stdout, stderr] = [encoder.encode(input), [], []].map((data) => new File(data));
  const entries = Object.entries(files).map(([name, content]) => [name, new File(encoder.encode(content))]);
  const open = [stdin, stdout, stderr].map((file) => new OpenFile(file));
  const wasi = new WASI(["milvus-gke-l7", ...args], [], [...open, new PreopenDirectory("/", new Map(entries))]);
  const instance = await WebAssembly.instantiate(await program, { wasi_snapshot_preview1: wasi.wasiImport });
  const status = wasi.start(instance);
  return { status, stdout: decoder.decode(stdout.data), stderr: decoder.decode(stderr.data) };
}

// The form

const COMMON = ["hosts", "preset", "staticIp", "redirectHttp", "httpsOnly", "internal", "public", "serviceType", "rest", "timeout"];
// They name files.
const LEFT_OUT = ["tlsCert", "tlsKey"];
const spec = JSON.parse(text("schema")).properties.spec.properties;
const fields = new Map();

function addField(name, schema, parent) {
  const types = [schema.type].flat();
  const [title, ...rest] = schema.description.replaceAll("`", "").split("\n\n");
  const label = document.createElement("label");
  label.append(name);
  let input;
  if (schema.enum) {
    input = document.createElement("select");
    input.append(new Option("", ""), ...schema.enum.filter((value) => value !== null).map((value) => new Option(value, value)));
  } else {
    input = document.createElement("input");
    input.type = types.includes("boolean") ? "checkbox" : "text";
    input.spellcheck = false;
    if (schema.pattern && !types.includes("array")) input.pattern = schema.pattern.replace(/^\^|\$$/g, "").replaceAll("[-a-z", "[\\-a-z");
  }
  input.name = name;
  input.title = rest.join(" ").replaceAll("\n", " ");
  const help = document.createElement("small");
  help.textContent = title;
  label.append(input, help);
  parent.append(label);
  fields.set(name, { input, isList: types.includes("array") });
}

for (const name of COMMON) addField(name, spec[name], element("common"));
for (const [name, schema] of Object.entries(spec)) {
  if (!fields.has(name) && !LEFT_OUT.includes(name)) addField(name, schema, element("more"));
}
fields.get("hosts").input.value = "milvus.example.com";

/** The configuration that the form says. JSON is YAML. */
function configuration() {
  const said = {};
  for (const [name, { input, isList }] of fields) {
    if (input.type === "checkbox") {
      if (input.checked) said[name] = true;
    } else if (input.value.trim()) {
      said[name] = isList ? input.value.split(",").map((part) => part.trim()) : input.value.trim();
    }
  }
  return JSON.stringify({ apiVersion: "milvus-gke-l7/v1alpha1", kind: "MilvusGkeL7", spec: said });
}

// The output

function line(kind, content) {
  const span = document.createElement("span");
  span.className = kind;
  span.textContent = content || " ";
  return span;
}

function showDiff(diff) {
  const kinds = { "+": "added", "-": "removed", "@": "hunk" };
  element("diff").replaceChildren(...diff.trimEnd().split("\n").map((content) => line(kinds[content[0]] ?? "", content)));
}

/** Selects a line, and scrolls it into the middle. */
function showLine(area, number) {
  const lines = area.value.split("\n");
  const start = lines.slice(0, number - 1).reduce((sum, one) => sum + one.length + 1, 0);
  area.focus();
  area.setSelectionRange(start, start + (lines[number - 1] ?? "").length);
  area.scrollTop = (area.scrollHeight / lines.length) * (number - 1) - area.clientHeight / 2;
}

function button(name, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = name;
  made.addEventListener("click", action);
  return made;
}

function paragraph(...content) {
  const made = document.createElement("p");
  made.append(...content);
  return made;
}

function showFindings(findings, result) {
  const lines = result.split("\n");
  const articles = findings.map((finding) => {
    const article = document.createElement("article");
    const severity = document.createElement("span");
    severity.className = `severity ${finding.severity}`;
    severity.textContent = `${finding.severity}: `;
    const excerpt = document.createElement("code");
    excerpt.textContent = `${finding.line}: ${lines[finding.line - 1] ?? ""}`;
    article.append(
      paragraph(severity, `${finding.message} (${finding.rule}, ${finding.object})`),
      excerpt,
      paragraph(`Why: ${finding.why}.`),
      paragraph(`To do: ${finding.fix}.`),
      button(`Show line ${finding.line}`, () => {
        select("result");
        showLine(element("output"), finding.line);
      }),
    );
    return article;
  });
  element("findings").replaceChildren(...(articles.length ? articles : [paragraph("Nothing found.")]));
  element("tab-findings").textContent = `Findings (${findings.length})`;
}

function clear() {
  for (const id of ["diff", "findings", "notes"]) element(id).replaceChildren();
  element("output").value = "";
  element("tab-findings").textContent = "Findings";
  element("refusal").hidden = true;
  for (const id of ["copy", "save"]) element(id).disabled = true;
}

function refuse(message) {
  const refusal = element("refusal");
  refusal.textContent = message.trimEnd();
  refusal.hidden = false;
  // `--> SOURCE (OBJECT):LINE:COLUMN`
  const place = /^ *--> .*:(\d+):\d+$/m.exec(message);
  if (place) {
    refusal.append("\n\n", button(`Show line ${place[1]}`, () => showLine(element("input"), Number(place[1]))));
  }
}

let runs = 0;

async function update() {
  const current = ++runs;
  const input = element("input").value;
  if (!input.trim()) {
    clear();
    element("said").textContent = "";
    return;
  }
  const options = ["--config", "/options.json"];
  const files = { "options.json": configuration() };
  const begin = performance.now();
  const rewritten = await run(options, input, files);
  const took = performance.now() - begin;
  const [diff, found, notes] =
    rewritten.status === 0
      ? await Promise.all([
          run(["diff", "--color=never", ...options], input, files),
          run(["check", "--output=json"], rewritten.stdout),
          run(["notes", ...options], input, files),
        ])
      : [];
  if (current !== runs) return;
  clear();
  if (rewritten.status !== 0) {
    element("said").textContent = "Refused: nothing is written.";
    refuse(rewritten.stderr);
    return;
  }
  element("output").value = rewritten.stdout;
  const [summary] = diff.stdout.split("\n", 1);
  element("said").textContent = [`${summary || "Nothing changes."} (${Math.round(took)} ms)`, rewritten.stderr.trim()].join("\n").trim();
  showDiff(diff.stdout.slice(summary.length + 1));
  showFindings(JSON.parse(found.stdout), rewritten.stdout);
  element("notes").textContent = notes.stdout || notes.stderr;
  for (const id of ["copy", "save"]) element(id).disabled = false;
}

function updateSoon() {
  clearTimeout(updateSoon.timer);
  updateSoon.timer = setTimeout(() => update().catch((error) => refuse(`error: ${error}`)), 150);
}

// Tabs

const tabs = [...document.querySelectorAll("[role=tab]")];

function select(panel) {
  for (const tab of tabs) {
    const isSelected = tab.getAttribute("aria-controls") === panel;
    tab.setAttribute("aria-selected", isSelected);
    tab.tabIndex = isSelected ? 0 : -1;
    element(tab.getAttribute("aria-controls")).hidden = !isSelected;
  }
}

tabs.forEach((tab, index) => {
  tab.addEventListener("click", () => select(tab.getAttribute("aria-controls")));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(index + step + tabs.length) % tabs.length];
    select(next.getAttribute("aria-controls"));
    next.focus();
  });
});

// Input and output

async function read(file) {
  element("input").value = await file.text();
  updateSoon();
}

element("input").addEventListener("input", updateSoon);
element("options").addEventListener("input", updateSoon);
element("options").addEventListener("submit", (event) => event.preventDefault());
element("sample").addEventListener("click", () => {
  element("input").value = text("sample-text");
  updateSoon();
});
element("open").addEventListener("click", () => element("file").click());
element("file").addEventListener("change", () => element("file").files[0] && read(element("file").files[0]));
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    element("input").classList.toggle("over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files[0]) read(event.dataTransfer.files[0]);
  });
}
element("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(element("output").value);
  element("copy").textContent = "Copied";
  setTimeout(() => (element("copy").textContent = "Copy the result"), 1500);
});
element("save").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([element("output").value], { type: "application/yaml" }));
  link.download = "milvus-gke-l7.yaml";
  link.click();
  URL.revokeObjectURL(link.href);
});
