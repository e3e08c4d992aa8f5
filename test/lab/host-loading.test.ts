import { describe, expect, it } from "vitest";
import { startClock } from "../../lab/clock.ts";
import { testHost, writeApp } from "./host-apps.ts";

const http = (name: string, more = "") =>
  `import { app } from "@azure/functions";
   app.http("${name}", { ${more} handler: async () => ({ body: "${name}" }) });`;

async function started(files: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
  const made = testHost({ app: await writeApp(files), clock: startClock(), env });
  await made.host.start();
  return made;
}

async function refusal(files: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
  const { host } = testHost({ app: await writeApp(files), clock: startClock(), env });
  const error: unknown = await host.start().then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(host.state()).toBe("stopped");
  return error instanceof Error ? error.message : "it started";
}

describe("the lab's host loads an app", () => {
  it("with shallow files first and then by name, so that an index.js comes before functions/*.js", async () => {
    const push = (name: string) => `(globalThis.order ??= []).push("${name}");`;
    const { host } = await started({
      "package.json": '{ "type": "module", "main": "{*.js,functions/*.js}" }',
      "functions/b.js": push("functions/b"),
      "functions/a.js": push("functions/a"),
      "index.js": push("index"),
      "z.js": `import { app } from "@azure/functions"; ${push("z")}
               app.get("order", async () => ({ jsonBody: globalThis.order }));`,
    });
    const answer = await fetch(`${host.url}/api/order`);
    expect(await answer.json()).toEqual(["index", "z", "functions/a", "functions/b"]);
  });

  it("in a process that is started with what languageWorkers__node__arguments says, as in Azure", async () => {
    const app = `import { app } from "@azure/functions";
                 app.get("arguments", async () => ({ jsonBody: process.execArgv }));`;
    const asked = { languageWorkers__node__arguments: "--max-semi-space-size=4 --heap-growing-percent=50" };
    const { host } = await started(
      { "package.json": '{ "type": "module", "main": "app.js" }', "app.js": app },
      asked,
    );
    const answer = await fetch(`${host.url}/api/arguments`);
    expect(await answer.json()).toEqual(["--max-semi-space-size=4", "--heap-growing-percent=50"]);
  });

  it("from .mjs and .cjs files side by side, whatever the type of the package", async () => {
    const { host } = await started({
      "package.json": '{ "main": "*.{mjs,cjs}" }',
      "one.mjs": http("one"),
      "two.cjs": `const { app } = require("@azure/functions"); app.get("two", async () => ({ body: "two" }));`,
    });
    expect(host.functions()).toEqual([
      { name: "one", kind: "http" },
      { name: "two", kind: "http" },
    ]);
  });

  it("and runs its hooks: appStart first, then around every invocation, and over what it logs", async () => {
    const { host, said } = await started({
      "app.js": `
        import { app } from "@azure/functions";
        app.hook.appStart((context) => { context.hookData; globalThis.started = true; });
        app.hook.preInvocation((context) => { context.hookData.seen = "pre"; context.inputs = [{ replaced: true }]; });
        app.hook.postInvocation((context) => {
          context.invocationContext.log("post saw " + context.hookData.seen);
          if (context.error) { context.error = null; context.result = { status: 418 }; }
        });
        app.hook.log((context) => { context.message = context.message.toUpperCase(); });
        app.get("hooked", async (input) => ({ jsonBody: { input, started: globalThis.started } }));
        app.get("rescued", async () => { throw new Error("swallowed by a hook"); });`,
    });
    expect(await (await fetch(`${host.url}/api/hooked`)).json()).toEqual({
      input: { replaced: true },
      started: true,
    });
    expect((await fetch(`${host.url}/api/rescued`)).status).toBe(418);
    expect(said("hooked")).toEqual(["POST SAW PRE"]);
  });

  it("and leaves out a function that a setting disables", async () => {
    const { host } = await started(
      { "a.js": http("on"), "b.js": http("off") },
      { "AzureWebJobs.off.Disabled": "true" },
    );
    expect(host.functions()).toEqual([{ name: "on", kind: "http" }]);
    expect((await fetch(`${host.url}/api/off`)).status).toBe(404);
  });

  it("and fills settings into its bindings", async () => {
    const { host } = await started({ "a.js": http("a", 'route: "%WHERE%/x",') }, { WHERE: "there" });
    expect((await fetch(`${host.url}/api/there/x`)).status).toBe(200);
  });

  it("and gives code that runs while loading the lab's time", async () => {
    const app = await writeApp({
      "a.js": `import { app } from "@azure/functions";
               const loadedAt = Date.now();
               app.get("loaded", async () => ({ jsonBody: { loadedAt } }));`,
    });
    const clock = startClock();
    await clock.advance(86_400_000, async () => undefined);
    const { host } = testHost({ app, clock });
    await host.start();
    const { loadedAt } = (await (await fetch(`${host.url}/api/loaded`)).json()) as { loadedAt: number }; // our own app
    expect(Math.abs(loadedAt - clock.now())).toBeLessThan(5_000);
  });
});

describe("the lab's host refuses to start", () => {
  it("when nothing is registered, which Azure reports as success", async () => {
    expect(await refusal({ "a.js": "export const nothing = 1;" })).toContain("registered no function");
  });

  it("when an entry file throws, with its error and its place", async () => {
    const message = await refusal({ "a.js": http("fine"), "b.js": 'throw new Error("boom at load");' });
    expect(message).toContain("b.js failed while it was loaded");
    expect(message).toContain("boom at load");
  });

  it("when an entry file rejects at its top level", async () => {
    expect(await refusal({ "a.js": 'await Promise.reject(new Error("late boom"));' })).toContain("late boom");
  });

  it('when "main" names no file', async () => {
    expect(await refusal({ "package.json": '{ "main": "dist/*.js" }' })).toContain(
      '"dist/*.js", which names no file',
    );
  });

  it("when host.json is missing its version or holds values that cannot be", async () => {
    const host = { extensions: { serviceBus: { maxConcurrentSessions: 0, sessionIdleTimeout: "soon" } } };
    const message = await refusal({ "a.js": http("a"), "host.json": JSON.stringify(host) });
    expect(message).toContain('version must be "2.0"');
    expect(message).toContain("maxConcurrentSessions must be a whole number above 0");
    expect(message).toContain("sessionIdleTimeout must be a time span");
  });

  it("with every mistake in the functions at once", async () => {
    const message = await refusal(
      {
        "a.js": `
        import { app } from "@azure/functions";
        const handler = async () => ({});
        app.http("1st", { handler });
        app.http("slashed", { route: "/x", handler });
        app.http("admins", { route: "administrators", handler });
        app.http("first", { route: "same", methods: ["GET", "POST"], handler });
        app.http("second", { route: "SAME", methods: ["POST"], handler });
        app.timer("five", { schedule: "* * * * *", handler });
        app.timer("never", { schedule: "0 0 0 30 2 *", handler });
        app.timer("unset", { schedule: "%MISSING%", handler });
        app.storageQueue("other", { queueName: "q", connection: "X", handler });
        app.serviceBusQueue("batch", { queueName: "q", connection: "BUS", cardinality: "many", handler });
        app.serviceBusQueue("lost", { queueName: "q", connection: "NOWHERE", handler });`,
      },
      { BUS: "Endpoint=sb://127.0.0.1:1;UseDevelopmentEmulator=true" },
    );
    for (const part of [
      "1st: the name must start with a letter",
      'slashed: the route "/x" must not begin with "/"',
      'admins: the route "administrators" must not begin with "admin"',
      "second: first already answers POST SAME",
      'five: "* * * * *" has 5 fields',
      "never: the schedule",
      'unset: "%MISSING%" does not resolve',
      "other: the lab's host does not imitate queueTrigger",
      'batch: the lab\'s host does not imitate cardinality "many"',
      'lost: connection "NOWHERE" does not resolve',
    ]) {
      expect(message).toContain(part);
    }
  });

  it("when two functions have one name", async () => {
    expect(await refusal({ "a.js": http("same"), "b.js": http("same") })).toContain(
      '"same" is registered already',
    );
  });

  it("when the app streams HTTP, which it does not imitate", async () => {
    const message = await refusal({
      "a.js": `import { app } from "@azure/functions"; app.setup({ enableHttpStream: true });
               app.get("a", async () => ({}));`,
    });
    expect(message).toContain("does not imitate HTTP streaming");
  });

  it("when a function has bindings it would drop in silence", async () => {
    const message = await refusal({
      "a.js": `import { app, output } from "@azure/functions";
               const queue = output.serviceBusQueue({ queueName: "q", connection: "BUS" });
               app.http("a", { extraOutputs: [queue], handler: async () => ({}) });`,
    });
    expect(message).toContain("does not imitate the serviceBus binding");
  });

  it("and no function can be registered once it has started", async () => {
    const { host } = await started({
      "a.js": `import { app } from "@azure/functions";
               app.get("late", async () => { app.get("more", async () => ({})); });`,
    });
    expect((await fetch(`${host.url}/api/late`)).status).toBe(500);
  });
});
