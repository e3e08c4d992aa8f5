import { glob, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, posix, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { queueNames } from "../shared/queue/keys.ts";

/**
 * The rules of this house that no compiler or linter checks. Each first proves that it found what it looks at, so that a
 * moved folder fails it instead of passing it.
 */
const projectDir = resolve(import.meta.dirname, "..");

type Source = {
  /** Relative to the project, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Without comments and without what is in strings. */
  readonly code: string;
  readonly imports: readonly string[];
};

let sources: readonly Source[];
beforeAll(async () => {
  const paths: string[] = [];
  for await (const path of glob("{shared,functions,infra,lab,cli,bench,test}/**/*.ts", { cwd: projectDir })) {
    paths.push(path.replaceAll("\\", "/"));
  }
  sources = await Promise.all(paths.toSorted().map(readSource));
});

/** The files of a folder, of which there have to be at least `atLeast`. */
function filesIn(folder: string, atLeast = 1): readonly Source[] {
  const found = sources.filter(({ path }) => path.startsWith(`${folder}/`));
  expect(found.length, `files in ${folder}/`).toBeGreaterThanOrEqual(atLeast);
  return found;
}

const projectFile = (path: string) => readFile(join(projectDir, path), "utf8");
const jsonFile = async (path: string): Promise<unknown> => JSON.parse(await projectFile(path));

/** What each folder of shared/ may import from the others: downward only. */
const layers: Readonly<Record<string, readonly string[]>> = {
  model: [],
  policy: ["model"],
  planner: ["policy", "model"],
  graph: ["model"],
  state: ["model"],
  queue: ["model"],
  reconcile: ["graph", "state", "queue", "planner", "policy", "model"],
  api: ["model"],
  runtime: ["api", "reconcile", "graph", "state", "queue", "planner", "policy", "model"],
};
/** And each room of shared/reconcile/ from the others. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  run: [],
  source: ["run"],
  pair: ["run"],
  scope: ["run", "pair"],
  account: ["run", "pair"],
  access: ["run", "pair", "scope", "account", "source"],
  events: ["run", "source"],
  workflows: ["run"],
  sweep: ["run", "source", "pair", "account", "access"],
  workers: ["run", "source", "access", "events", "workflows", "sweep"],
};
const pureFolders = ["model", "policy", "planner"] as const;

describe("imports", () => {
  test.each(Object.entries(layers))("shared/%s imports downward only", (layer, below) => {
    const allowed = [layer, ...below].map((name) => `shared/${name}/`);
    const wrong = filesIn(`shared/${layer}`, 2).flatMap(({ path, imports }) =>
      localImports(path, imports)
        .filter((target) => !allowed.some((folder) => target.startsWith(folder)))
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test.each(Object.entries(rooms))("shared/reconcile/%s imports downward only", (room, below) => {
    const allowed = [room, ...below].map((name) => `shared/reconcile/${name}/`);
    const wrong = filesIn(`shared/reconcile/${room}`, 3).flatMap(({ path, imports }) =>
      localImports(path, imports)
        .filter((target) => target.startsWith("shared/reconcile/"))
        .filter((target) => !allowed.some((folder) => target.startsWith(folder)))
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test("every room of shared/reconcile/ has its place in that order, and no file lies beside them", () => {
    const found = new Set(filesIn("shared/reconcile").map(({ path }) => path.split("/")[2] ?? ""));
    expect([...found].toSorted()).toEqual(Object.keys(rooms).toSorted());
  });

  test("every folder of shared/ has its place in that order, and no file lies beside them", () => {
    const folders = new Set(filesIn("shared").map(({ path }) => path.split("/")[1] ?? ""));
    expect([...folders].toSorted()).toEqual(Object.keys(layers).toSorted());
  });

  test.each(pureFolders)("shared/%s depends on nothing that could act or tell the time", (folder) => {
    const packages = ["zod", "yaml", "temporal-polyfill"];
    const acting =
      /(?<![.\w])(?:Date|process|fetch|console|performance|crypto|globalThis|setTimeout|setInterval|setImmediate|queueMicrotask|Math\.random|Temporal\.Now)\b(?!\s*:)/g;
    const wrong = filesIn(`shared/${folder}`, 4).flatMap(({ path, imports, code }) => [
      ...imports
        .filter((name) => !name.startsWith(".") && !packages.includes(name))
        .map((name) => `${path} imports ${name}`),
      ...(code.match(acting) ?? []).map((name) => `${path} uses ${name}`),
    ]);
    expect(wrong).toEqual([]);
  });

  test.each([
    ["lab", ["lab/"], 50],
    ["shared", ["shared/"], 50],
    ["functions", ["shared/runtime/"], 6],
  ] as const)("%s/ imports, of this project, only from %j", (folder, allowed, atLeast) => {
    const wrong = filesIn(folder, atLeast).flatMap(({ path, imports }) =>
      localImports(path, imports)
        .filter((target) => !allowed.some((prefix) => target.startsWith(prefix)))
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test("the lab is imported by tests, commands, benchmarks and itself only", () => {
    const users = sources.filter(({ path, imports }) =>
      localImports(path, imports).some((target) => target.startsWith("lab/")),
    );
    expect(users.length).toBeGreaterThan(10);
    const allowed = ["test", "cli", "bench", "lab"];
    expect(
      users.map(({ path }) => path).filter((path) => !allowed.includes(path.split("/")[0] ?? "")),
    ).toEqual([]);
  });

  test("a relative import names a file that is there, with its ending", () => {
    const wrong = sources.flatMap(({ path, imports }) =>
      localImports(path, imports)
        .filter((target) => !sources.some((source) => source.path === target))
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test("there is no default export and no barrel", () => {
    expect(sources.length).toBeGreaterThan(150);
    expect(sources.filter(({ code }) => /^export default\b/m.test(code)).map(({ path }) => path)).toEqual([]);
    expect(sources.filter(({ path }) => basename(path) === "index.ts").map(({ path }) => path)).toEqual([]);
    const reexporting = sources.filter(({ code }) => /^export (?:\*|\{[^}]*\}) from\b/m.test(code));
    expect(reexporting.map(({ path }) => path)).toEqual([]);
  });
});

describe("functions", () => {
  test("each file registers one trigger, under its own name, and does nothing else", () => {
    for (const { path, text, code } of filesIn("functions", 6)) {
      const registrations = [...text.matchAll(/\bapp\.(\w+)\(\s*"([^"]+)"/g)];
      expect({ path, names: registrations.map(([, , name]) => name) }).toEqual({
        path,
        names: [basename(path, ".ts")],
      });
      // Prettier puts every statement of a module at the beginning of a line, and nothing else but its closing line.
      const statements = code.split("\n").filter((line) => /^\S/.test(line));
      const other = statements.filter((line) => !/^(?:import\b.*;|app\.\w+\(.*\{|\}\);)$/.test(line));
      expect({ path, other }).toEqual({ path, other: [] });
    }
  });

  test("queues have the same names and the same sessions in the code, in the triggers and in the lab", async () => {
    const triggers = filesIn("functions").flatMap(({ text }) =>
      [...text.matchAll(/serviceBusQueue\([^)]*?queueName: "([^"]+)"[^)]*\)/gs)].map(([call, name = ""]) => ({
        name,
        sessions: call.includes("isSessionsEnabled: true") ? "required" : "none",
      })),
    );
    expect(triggers.map(({ name }) => name).toSorted()).toEqual(
      [queueNames.analysts, queueNames.arrivals, queueNames.access, queueNames.sweeps].toSorted(),
    );
    const lab = [
      ...(await projectFile("lab/start-lab.ts")).matchAll(/\{ name: "([^"]+)", sessions: "([^"]+)" \}/g),
    ].map(([, name = "", sessions]) => ({ name, sessions }));
    expect(lab.map(({ name }) => name).toSorted()).toEqual(Object.values(queueNames).toSorted());
    expect(lab).toEqual(expect.arrayContaining(triggers));
  });

  test("host.json lets a session have one message at a time, and keep its lock as long as it has any", async () => {
    expect(await jsonFile("host.json")).toMatchObject({
      version: "2.0",
      functionTimeout: "00:05:00",
      extensions: {
        serviceBus: {
          maxConcurrentCallsPerSession: 1,
          // An idle session keeps its slot for the idle time, which has to be longer than a delivery takes.
          maxConcurrentSessions: 128,
          sessionIdleTimeout: "00:00:01",
          // Counted from the moment in which the session was accepted; a millisecond less than nothing is for ever.
          maxAutoLockRenewalDuration: "-00:00:00.0010000",
        },
      },
    });
  });

  test("a run stops beginning rounds well before the host ends it", async () => {
    const limit = /^const runMs = ([\d_]+);$/m.exec(await projectFile("shared/reconcile/run/handle.ts"))?.[1];
    const runMs = Number(limit?.replaceAll("_", ""));
    expect(runMs).toBeGreaterThan(0);
    expect(runMs).toBeLessThanOrEqual((5 * 60_000) / 2);
  });
});

describe("the edges", () => {
  test("clients and credentials of Microsoft's libraries are made in a few named places", () => {
    const making = /\bnew \w+(?:Client|Credential)\(|\bClient\.init\w*\(|\.fromConnectionString\(/;
    const makers = filesIn("shared").filter(({ code }) => making.test(code));
    expect(makers.map(({ path }) => path).toSorted()).toEqual([
      "shared/graph/credentials.ts",
      "shared/graph/http.ts",
      "shared/runtime/compose.ts",
      "shared/runtime/tables.ts",
    ]);
  });

  test("every call to Graph in the code has its row in docs/graph-permissions.md", async () => {
    const rows = [
      ...(await projectFile("docs/graph-permissions.md")).matchAll(/^\| `([A-Z]+) (\/[^\s`]*)/gm),
    ].map(([, method, path]) => `${method} ${path}`);
    expect(rows.length).toBeGreaterThan(15);
    const calls = filesIn("shared/graph").flatMap(({ text }) => graphCalls(text));
    expect(calls.length).toBeGreaterThan(15);
    expect([...new Set(calls)].filter((call) => !rows.includes(call)).toSorted()).toEqual([]);
  });

  test("the lab's AMQP library is pinned to the one that the Service Bus client uses", async () => {
    const { devDependencies } = (await jsonFile("package.json")) as {
      devDependencies: Record<string, string>;
    }; // our own file
    const fromClient = createRequire(createRequire(import.meta.url).resolve("@azure/service-bus"));
    const fromPromises = createRequire(fromClient.resolve("rhea-promise"));
    const used = packageOf(fromPromises.resolve("rhea"), "rhea");
    const { version } = JSON.parse(await readFile(used, "utf8")) as { version: string }; // every package has one
    expect(devDependencies["rhea"]).toBe(version);
    const own = packageOf(createRequire(import.meta.url).resolve("rhea"), "rhea");
    expect(own).toBe(used);
  });
});

describe("documents", () => {
  const pages = async () => {
    const paths = ["README.md", "CONTRIBUTING.md"];
    for await (const path of glob("docs/**/*.md", { cwd: projectDir })) paths.push(path);
    expect(paths.length).toBeGreaterThan(5);
    return Promise.all(paths.map(async (path) => ({ path, text: await projectFile(path) })));
  };

  test("name only npm scripts that exist", async () => {
    const { scripts } = (await jsonFile("package.json")) as { scripts: Record<string, string> }; // our own file
    const named = (await pages()).flatMap(({ path, text }) =>
      [...text.matchAll(/\bnpm (?:run (?:-s |--silent )?([\w:-]+)|(test|start|cit)\b)/g)].map(
        ([, script, short]) => ({ path, script: short === "cit" ? "test" : (script ?? short ?? "") }),
      ),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter(({ script }) => scripts[script] === undefined)).toEqual([]);
  });

  test("that are named in code or in other documents are there", async () => {
    const pattern = /\b(?:docs|infra|bench)\/[\w/.-]+\.md\b/g;
    const told = sources.filter(({ path }) => !path.startsWith("test/"));
    const texts = [...told.map(({ path, text }) => ({ path, text })), ...(await pages())];
    const named = texts.flatMap(({ path, text }) =>
      [...text.matchAll(pattern)].map(([page]) => ({ path, page })),
    );
    expect(named.length).toBeGreaterThan(5);
    const there = new Set<string>();
    for await (const path of glob("{docs,infra,bench}/**/*.md", { cwd: projectDir })) there.add(path);
    expect(named.filter(({ page }) => !there.has(page))).toEqual([]);
  });
});

describe("leftovers", () => {
  test("a TODO names an issue", () => {
    expect(sources.length).toBeGreaterThan(150);
    const loose = sources.flatMap(({ path, text }) =>
      [...text.matchAll(/\b(?:TODO|FIXME)\b(?!\(#\d+\)| #\d+).*/g)].map(([line]) => `${path}: ${line}`),
    );
    expect(loose.filter((line) => !line.startsWith("test/house.test.ts"))).toEqual([]);
  });

  test("nothing has the type that switches types off", () => {
    expect(sources.length).toBeGreaterThan(150);
    const loose = sources.flatMap(({ path, code }) =>
      [...code.matchAll(/(?:[:<|&]|\bas|=>|,(?=\s*any\s*>))\s*any\b(?!\s*[:(.=])[^\n]*/g)].map(
        ([line]) => `${path}: ${line}`,
      ),
    );
    expect(loose).toEqual([]);
  });
});

async function readSource(path: string): Promise<Source> {
  const text = await projectFile(path);
  const code = withoutCommentsAndStrings(text);
  return { path, text, code, imports: importsOf(withoutTemplates(text)) };
}

/** Programs in templates have imports of their own. */
const withoutTemplates = (text: string) => text.replace(/`(?:[^`\\]|\\[\s\S])*`/g, '""');

function importsOf(text: string): readonly string[] {
  const forms = [
    /^(?:import|export)\s[^;"']*?\sfrom\s*"([^"]+)"/gm,
    /^import\s*"([^"]+)"/gm,
    /\bimport\(\s*"([^"]+)"/g,
  ];
  return forms.flatMap((form) => [...text.matchAll(form)].map(([, name]) => name ?? ""));
}

/** The files that relative imports mean. */
function localImports(path: string, imports: readonly string[]): readonly string[] {
  return imports.filter((name) => name.startsWith(".")).map((name) => posix.join(dirname(path), name));
}

/** Good enough for code that Prettier has formatted: a regular expression with a quotation mark ends at its line's end. */
function withoutCommentsAndStrings(text: string): string {
  const pieces =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`/g;
  return text.replace(pieces, (piece) => (piece.startsWith("/") ? "" : '""'));
}

/** "METHOD /template" of each call that is written out; a listing does not say its method, because it only reads. */
function graphCalls(text: string): readonly string[] {
  // Prettier puts blanks inside the braces of objects, so `{id}` is part of a template.
  const flat = withoutTemplates(text).replace(/\{(\w+)\}/g, "<$1>");
  return [...flat.matchAll(/\btemplate: "([^"]+)"/g)].map(({ index, 1: template = "" }) => {
    const method = /\bmethod: "([A-Z]+)"/.exec(objectAround(flat, index))?.[1] ?? "GET";
    return `${method} ${template.replace(/<(\w+)>/g, "{$1}")}`;
  });
}

/** The text of the innermost object literal around a place. */
function objectAround(text: string, index: number): string {
  let depth = 0;
  let start = index;
  while (start > 0 && depth >= 0) {
    start -= 1;
    if (text[start] === "}") depth += 1;
    if (text[start] === "{") depth -= 1;
  }
  let end = index;
  for (depth = 1; end < text.length && depth > 0; end += 1) {
    if (text[end] === "{") depth += 1;
    if (text[end] === "}") depth -= 1;
  }
  return text.slice(start, end);
}

function packageOf(file: string, name: string): string {
  const folder = file.slice(0, file.lastIndexOf(`node_modules/${name}/`));
  return join(folder, "node_modules", name, "package.json");
}
