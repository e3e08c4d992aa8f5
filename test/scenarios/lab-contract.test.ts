import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";

/**
 * What `npm run lab` promises to whoever drives it, seen by a program that knows nothing but those promises: it starts
 * a process, reads lab.json, and speaks HTTP. It imports nothing of the lab or of the app.
 */
let folder: string;
let first: Started;
let second: Started;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-contract-"));
  [first, second] = await Promise.all([
    startLab("first/lab.json", ["--analysts", "3"]),
    startLab("second/lab.json", [
      "--analysts",
      "1",
      "--targets",
      "1",
      "--hosts",
      "2",
      "--seed",
      "2",
      "--rtt",
      "5",
    ]),
  ]);
}, 180_000);
afterAll(async () => {
  for (const child of children) endGroup(child, "SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

const id = z.guid();
const loopback = z.string().regex(/^http:\/\/127\.0\.0\.1:\d+$/);
const groups = z.record(z.string(), id);
const person = z.object({ id, userPrincipalName: z.string().includes("@") });
const secret = z.object({ clientId: id, clientSecret: z.string().min(8) });
const forMuster = secret.extend({ audience: z.literal("api://muster") });
const descriptionSchema = z.object({
  graph: z.string().regex(/^https:\/\/localhost:\d+$/),
  authority: z.string().regex(/^https:\/\/localhost:\d+$/),
  ca: z.string(),
  functions: z.array(loopback),
  control: loopback,
  serviceBus: z.string().regex(/^Endpoint=sb:\/\/127\.0\.0\.1:\d+;.*UseDevelopmentEmulator=true/),
  tables: z.string().regex(/TableEndpoint=http:\/\/127\.0\.0\.1:\d+\//),
  policy: z.string(),
  source: z.object({ tenantId: id, groups, sourceGroups: groups, packages: groups, extensionApp: id }),
  targets: z.record(
    z.string(),
    z.object({
      tenantId: id,
      topology: z.enum(["push", "pull"]),
      groups,
      sync: z.object({ servicePrincipal: id, job: z.string() }),
    }),
  ),
  analysts: z.array(person),
  admin: secret,
  operator: forMuster,
  operators: z.strictObject({
    "Muster.Read": forMuster,
    "Muster.Operate": forMuster,
    "Muster.Approve": forMuster,
    none: forMuster,
  }),
});
type Description = z.infer<typeof descriptionSchema>;

describe("a lab that is ready", () => {
  test("says so with its URLs, and describes itself as documented", () => {
    const { description, said } = first;
    for (const url of [description.graph, description.control, ...description.functions])
      expect(said()).toContain(url);
    expect(Object.keys(description.targets)).toHaveLength(3);
    expect(Object.keys(description.source.groups)).toEqual(
      expect.arrayContaining(["SOC Readers", "SOC Responders"]),
    );
    expect(description.functions).toHaveLength(1);
    expect(description.analysts).toHaveLength(3);
  });

  test("names files that are there", async () => {
    expect(await readFile(resolve(projectDir, first.description.ca), "utf8")).toContain("BEGIN CERTIFICATE");
    expect(await readFile(resolve(projectDir, first.description.policy), "utf8")).toContain(
      first.description.source.tenantId,
    );
  });

  test("listens on 127.0.0.1 and nowhere else", async () => {
    for (const port of portsOf(first.description)) {
      expect({ port, open: await isOpen(port, "127.0.0.1") }).toEqual({ port, open: true });
      // Linux routes all of 127/8 to this machine: a server on every address would answer here.
      expect({ port, open: await isOpen(port, "127.0.0.2") }).toEqual({ port, open: false });
    }
  });

  test("has as many analysts at work as were asked for, each with access in every target", async () => {
    const { analysts, source } = first.description;
    for (const { id: analyst, userPrincipalName } of analysts) {
      const user = await first.graph(source.tenantId, "GET", `/users/${analyst}?$select=userPrincipalName`);
      expect(user).toMatchObject({ userPrincipalName });
      for (const access of Object.values(await accessOf(first, userPrincipalName))) {
        expect(access.enabled).toBe(true);
        expect(access.groups).toHaveLength(1);
      }
    }
  });

  test("gives an administrator's token for every tenant, and operators one for Muster's own API", async () => {
    const { source, targets, operator, operators } = first.description;
    for (const { tenantId } of [source, ...Object.values(targets)]) {
      const organization = await first.graph(tenantId, "GET", "/organization?$select=id");
      expect(organization).toMatchObject({ value: [{ id: tenantId }] });
    }
    const rolesOf = async (one: Secret) => {
      const [, claims = ""] = (await first.token(source.tenantId, one, "api://muster/.default")).split(".");
      return (JSON.parse(Buffer.from(claims, "base64url").toString()) as { readonly roles?: unknown }).roles;
    };
    expect(await rolesOf(operator)).toEqual(["Muster.Read", "Muster.Operate"]);
    for (const [name, one] of Object.entries(operators))
      expect(await rolesOf(one)).toEqual(name === "none" ? undefined : [name]);
  });
});

describe("an administrator from outside", () => {
  const upn = "olivia@source.example";
  let olivia: string;

  test("hires somebody into a role group: after rest, an account and the policy's groups in every target", async () => {
    const { source, targets } = first.description;
    olivia = await hire(first, source.tenantId, upn);
    await addMember(first, source.tenantId, source.groups["SOC Responders"] ?? "", olivia);
    await first.rest();
    const expected = { enabled: true, groups: ["SOC Responders"] };
    expect(await accessOf(first, upn)).toEqual(
      Object.fromEntries(Object.keys(targets).map((target) => [target, expected])),
    );
  });

  test("disables them: after rest, no access anywhere", async () => {
    const { source, targets } = first.description;
    await first.graph(source.tenantId, "PATCH", `/users/${olivia}`, { accountEnabled: false });
    await first.rest();
    const access = Object.values(await accessOf(first, upn));
    expect(access).toEqual(Object.keys(targets).map(() => ({ enabled: false, groups: [] })));
  });

  test("adds a stranger to a managed group in a target: the stranger stays, whatever happens", async () => {
    const contoso = first.description.targets["contoso"];
    const tenantId = contoso?.tenantId ?? "";
    const group = contoso?.groups["SOC Readers"] ?? "";
    const stranger = await hire(first, tenantId, "stranger2@contoso.example");
    await addMember(first, tenantId, group, stranger);
    await first.control("POST", "/clock/advance", { by: "PT1H" });
    await first.rest();
    const members = (await first.graph(tenantId, "GET", `/groups/${group}/members?$select=id`)) as {
      value: { id: string }[];
    }; // a Graph listing
    expect(members.value.map((member) => member.id)).toContain(stranger);
  });
});

describe("the clock", () => {
  const now = async () => {
    const { body } = await first.control("GET", "/clock");
    return Date.parse(z.object({ now: z.iso.datetime() }).parse(body).now);
  };

  test("is read, and moved by an ISO 8601 duration", async () => {
    const before = await now();
    const { status, body } = await first.control("POST", "/clock/advance", { by: "PT40M" });
    expect(status).toBe(200);
    const after = Date.parse(z.object({ now: z.iso.datetime() }).parse(body).now);
    expect(after - before).toBeGreaterThanOrEqual(40 * 60_000);
    expect(after - before).toBeLessThan(41 * 60_000);
    expect(await now()).toBeGreaterThanOrEqual(after);
  });

  test("is moved without waiting for rest, when that is asked for", async () => {
    const before = await now();
    const { status, body } = await first.control("POST", "/clock/advance", { by: "PT40M", rest: false });
    expect(status).toBe(200);
    expect(Date.parse(z.object({ now: z.iso.datetime() }).parse(body).now) - before).toBeGreaterThanOrEqual(
      40 * 60_000,
    );
    await first.rest();
  });

  test.each([
    [{ by: "forty minutes" }],
    [{ by: "-PT1M" }],
    [{ by: "PT1M", rest: "later" }],
    [{}],
    [undefined],
  ])("is not moved by %j, and says what to send", async (body) => {
    const before = await now();
    const answer = await first.control("POST", "/clock/advance", body);
    expect(answer.status).toBe(400);
    expect(wordsOf(answer)).toContain("PT40M");
    expect((await now()) - before).toBeLessThan(10_000);
  });
});

describe("faults", () => {
  test("strike until they are deleted", async () => {
    const { source } = first.description;
    const match = { path: "^/organization", caller: "any" };
    const { status, body } = await first.control("POST", "/faults", { kind: "error", status: 503, match });
    expect(status).toBe(201);
    const fault = z.object({ id: z.string() }).parse(body).id;
    await expect(first.graph(source.tenantId, "GET", "/organization?$select=id")).rejects.toThrow("503");
    expect((await first.control("DELETE", `/faults/${fault}`)).status).toBe(204);
    await first.graph(source.tenantId, "GET", "/organization?$select=id");
  });

  test("can be cleared all at once", async () => {
    const { source } = first.description;
    for (const status of [500, 503])
      await first.control("POST", "/faults", { kind: "error", status, match: { caller: "any" } });
    expect((await first.control("DELETE", "/faults")).status).toBe(204);
    await first.graph(source.tenantId, "GET", "/organization?$select=id");
  });

  test.each([
    ["an unknown kind", { kind: "earthquake" }],
    ["a pattern that is none", { kind: "throttle", match: { path: "(" } }],
    ["a misspelt field", { kind: "throttle", retryAfter: 3 }],
    ["a share above one", { kind: "error", status: 500, share: 2 }],
    ["no fault at all", undefined],
  ])("are refused with words when they make no sense: %s", async (_what, fault) => {
    const answer = await first.control("POST", "/faults", fault);
    expect(answer.status).toBe(400);
    expect(wordsOf(answer)).toMatch(/\w{4,} .*\w{3,}/);
  });

  test("every kind that docs/lab.md names is known", async () => {
    const documented = [
      { kind: "throttle", retryAfterSeconds: 1 },
      { kind: "throttle" },
      { kind: "error", status: 500 },
      { kind: "timeout" },
      { kind: "reset" },
      { kind: "slow", ms: 1 },
      { kind: "lag", ms: 1 },
      { kind: "partialPage" },
      { kind: "emptyRead" },
      { kind: "lostNotification" },
      { kind: "duplicateNotification", n: 2 },
      { kind: "reorderNotifications" },
      { kind: "delayNotification", ms: 1 },
      { kind: "quarantine" },
      { kind: "userFails", user: "ana@source.example" },
      { kind: "revokedConsent" },
    ];
    const refused: string[] = [];
    for (const fault of documented) {
      const { status } = await first.control("POST", "/faults", { ...fault, times: 1, share: 0 });
      if (status !== 201) refused.push(fault.kind);
    }
    for (const fault of [
      { kind: "busLockLost" },
      { kind: "busDuplicateDelivery" },
      { kind: "busDown", ms: 1 },
      { kind: "busLinkDropped" },
      { kind: "busLinkDropped", ms: 1, what: "connection", queue: "access", afterMs: 10 },
      { kind: "tablesDown", ms: 1 },
      { kind: "tablesSlow", ms: 1 },
      { kind: "coldStart", ms: 1 },
      { kind: "coldStart", ms: 1, times: 1 },
    ]) {
      const { status } = await first.control("POST", "/faults", fault);
      if (status !== 201) refused.push(fault.kind);
    }
    await first.control("DELETE", "/faults");
    expect(refused).toEqual([]);
  });
});

describe("faults of the bus and the tables", () => {
  const standing = async () => {
    const { body } = await first.control("GET", "/faults");
    return z
      .array(
        z.object({ id: z.string(), fault: z.object({ kind: z.string() }), timesLeft: z.number().optional() }),
      )
      .parse(body);
  };

  test("are listed while they are in force, and are over when they are deleted", async () => {
    await first.control("POST", "/faults", { kind: "busLockLost", times: 2, queue: "access" });
    await first.control("POST", "/faults", { kind: "tablesSlow", ms: 5 });
    const listed = await standing();
    expect(listed.map(({ fault, timesLeft }) => [fault.kind, timesLeft])).toEqual([
      ["busLockLost", 2],
      ["tablesSlow", undefined],
    ]);
    for (const { id: fault } of listed)
      expect((await first.control("DELETE", `/faults/${fault}`)).status).toBe(204);
    expect(await standing()).toEqual([]);
  });

  test.each([
    ["an unknown kind", { kind: "busOnFire" }],
    ["a queue that has no workers", { kind: "busLockLost", queue: "parked" }],
    ["no duration where there has to be one", { kind: "tablesDown" }],
    ["a negative delay", { kind: "busLockLost", afterMs: -1 }],
    ["a field it does not know", { kind: "tablesSlow", ms: 5, share: 0.5 }],
  ])("are refused with the reason when they have %s", async (_what, fault) => {
    const { status, body } = await first.control("POST", "/faults", fault);
    expect(status).toBe(400);
    expect(z.object({ error: z.string() }).parse(body).error).toMatch(
      /cannot be injected: .+ Known kinds: /s,
    );
  });
});

describe("what the lab tells", () => {
  test("what is still busy, when the patience was too short, and rest afterwards", async () => {
    const { source } = first.description;
    await first.control("POST", "/faults", { kind: "slow", ms: 1_500, times: 1 });
    const user = await hire(first, source.tenantId, "busy@source.example");
    await addMember(first, source.tenantId, source.groups["SOC Readers"] ?? "", user);
    const early = await first.control("GET", "/settled?timeoutMs=300");
    expect(early.status).toBe(408);
    const { busy } = z.object({ settled: z.literal(false), busy: z.array(z.string()) }).parse(early.body);
    expect(busy.length).toBeGreaterThan(0);
    await first.rest();
    expect((await first.control("GET", "/settled?timeoutMs=soon")).status).toBe(400);
  });

  test("counters of every tenant, of the bus and of the webhook", async () => {
    const { source, targets } = first.description;
    const { status, body } = await first.control("GET", "/counters");
    expect(status).toBe(200);
    const count = z.number().nonnegative();
    const queue = z.object({
      sent: count,
      completed: count,
      abandoned: count,
      deadLettered: count,
    });
    const counters = z
      .object({
        tenants: z.record(
          z.string(),
          z.object({
            requests: z.record(z.string().regex(/^(GET|POST|PATCH|DELETE) \//), count),
            resourceUnits: count,
            writes: count,
            throttled: count,
          }),
        ),
        bus: z.object({ queues: z.record(z.string(), queue), parked: count }),
        webhooks: z.object({
          deliveries: count,
          acknowledged: count,
          ackMs: z.object({ p50: count, max: count }),
        }),
      })
      .parse(body);
    const tenants = [source, ...Object.values(targets)].map(({ tenantId }) => tenantId);
    expect(Object.keys(counters.tenants).toSorted()).toEqual(tenants.toSorted());
    for (const tenant of tenants) expect(counters.tenants[tenant]?.writes).toBeGreaterThan(0);
    expect(counters.bus.queues["access"]?.completed).toBeGreaterThan(0);
    expect(counters.bus.parked).toBe(0);
    expect(counters.webhooks.acknowledged).toBeGreaterThan(0);
  });

  test("traffic as JSON lines with bodies and without secrets, also from a number on", async () => {
    const all = await trafficOf(first);
    expect(all.length).toBeGreaterThan(50);
    const numbers = all.map(({ seq }) => seq);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(all.some(({ method, requestBody }) => method === "POST" && requestBody !== undefined)).toBe(true);
    expect(all.every(({ method, responseBody }) => method !== "GET" || responseBody !== undefined)).toBe(
      true,
    );
    const middle = numbers[Math.floor(numbers.length / 2)] ?? 0;
    const later = await trafficOf(first, middle);
    expect(later[0]?.seq).toBe(numbers.find((seq) => seq > middle));

    const { admin, source } = first.description;
    const text = JSON.stringify(all);
    expect(text).not.toContain(admin.clientSecret);
    expect(text).not.toContain(await first.token(source.tenantId, admin));
    expect(text).not.toMatch(/bearer ey|"access_token"|client_assertion/i);
  });

  test("an unknown path is answered with 404 and words", async () => {
    for (const [method, path] of [
      ["GET", "/weather"],
      ["POST", "/clock"],
      ["POST", "/hosts/9/kill"],
      ["POST", "/timers/nobody/fire"],
    ] as const) {
      const answer = await first.control(method, path);
      expect({ path, status: answer.status }).toEqual({ path, status: 404 });
      expect(wordsOf(answer)).toMatch(/\w+ \w+/);
    }
  });
});

describe("the processes of the lab", () => {
  const answers = () =>
    fetch(`${first.description.functions[0]}/api/notifications?validationToken=x`, { method: "POST" }).then(
      (response) => response.status,
      () => "gone",
    );

  test("a host is killed and started again, at the same address, and goes on where it was", async () => {
    const { source } = first.description;
    expect((await first.control("POST", "/hosts/1/kill")).status).toBe(200);
    expect(await answers()).toBe("gone");
    const user = await hire(first, source.tenantId, "kim@source.example");
    await addMember(first, source.tenantId, source.groups["SOC Readers"] ?? "", user);
    expect((await first.control("POST", "/hosts/1/start")).status).toBe(200);
    expect(await answers()).toBe(200);
    // Graph delivers again after growing pauses, and an endpoint that was gone waits ten minutes for what is new.
    await first.control("POST", "/clock/advance", { by: "PT30M" });
    await first.rest();
    expect(await accessOf(first, "kim@source.example")).toMatchObject({
      contoso: { enabled: true, groups: ["SOC Readers"] },
    });
  });

  test("a timer function is run now, and has ended when the call is answered", async () => {
    await first.control("POST", "/hosts/1/kill");
    await first.control("POST", "/hosts/1/start");
    const before = await trafficOf(first);
    expect(await first.control("POST", "/timers/subscriptions/fire")).toEqual({
      status: 204,
      body: undefined,
    });
    // A new process knows no group yet, so it looks up those that it subscribes to.
    const lookups = (await trafficOf(first, before.at(-1)?.seq)).filter(
      ({ template, tenantId }) =>
        template.startsWith("/groups") && tenantId === first.description.source.tenantId,
    );
    expect(lookups.length).toBeGreaterThan(0);
  });

  test("the app kept its manners throughout", async () => {
    expect(await first.control("GET", "/violations")).toEqual({ status: 200, body: [] });
  });
});

describe("two labs at once", () => {
  test("are different worlds, reproducible from their seeds, with nothing in common", () => {
    const [one, other] = [first.description, second.description];
    expect(portsOf(one).filter((port) => portsOf(other).includes(port))).toEqual([]);
    expect(other.source.tenantId).not.toBe(one.source.tenantId);
    expect(other.functions).toHaveLength(2);
    expect(Object.keys(other.targets)).toEqual(["contoso"]);
  });
});

describe("a third lab, described beside the first", () => {
  let third: ChildProcess;
  let exited: Promise<Exit>;

  test("leaves the files of the first alone", async () => {
    const files = [first.description.ca, first.description.policy];
    const read = () => Promise.all(files.map((file) => readFile(resolve(projectDir, file), "utf8")));
    const before = await read();
    third = spawnLab(["--out", join(folder, "first", "third.json"), "--analysts", "0", "--seed", "3"]);
    exited = exitOf(third);
    await new Promise<void>((started) => {
      third.stdout?.on("data", (chunk: Buffer) => {
        if (chunk.toString().includes("starting the app")) started();
      });
    });
    expect(
      (await read()).map((text, index) => ({ file: files[index], same: text === before[index] })),
    ).toEqual(files.map((file) => ({ file, same: true })));
  });

  test("stops within five seconds also when it is told to while it starts, and leaves no process behind", async () => {
    third.kill("SIGTERM");
    const { code } = await Promise.race([exited, after(5_000)]);
    expect(code).toBe(0);
    await expect.poll(() => isGroupAlive(third), { timeout: 5_000 }).toBe(false);
  });
});

describe("the end", () => {
  async function stopsCleanly(lab: Started, stop: () => void): Promise<void> {
    const startedAt = performance.now();
    stop();
    const { code } = await Promise.race([lab.exited, after(5_000)]);
    const tookMs = performance.now() - startedAt;
    expect({ code, tookMs: tookMs < 5_000 ? "in time" : tookMs }).toEqual({ code: 0, tookMs: "in time" });
    // The system may take a moment to bury what has ended.
    await expect.poll(() => isGroupAlive(lab.child), { timeout: 5_000 }).toBe(false);
    for (const port of portsOf(lab.description))
      expect({ port, open: await isOpen(port, "127.0.0.1") }).toEqual({ port, open: false });
  }

  test("SIGTERM stops every process within five seconds, with exit code 0", async () => {
    await stopsCleanly(first, () => first.child.kill("SIGTERM"));
  });

  test("Ctrl-C, which reaches every process at once, does the same", async () => {
    await stopsCleanly(second, () => endGroup(second.child, "SIGINT"));
  });
});

test("options that make no sense end the lab at once, with a message that names them", async () => {
  const broken = join(folder, "broken.yaml");
  await writeFile(broken, "source: {}\nroles: {}\n");
  const cases = [
    { options: ["--analysts", "many"], says: /--analysts.*whole number/ },
    { options: ["--analysts", "-1"], says: /--analysts.*whole number/ },
    { options: ["--targets", "0"], says: /--targets.*at least 1/ },
    { options: ["--colour"], says: /unknown option '--colour'/ },
    { options: ["everything"], says: /too many arguments/ },
    { options: ["--policy", join(folder, "no-such.yaml")], says: /no-such\.yaml/ },
    { options: ["--policy", broken], says: /source\.tenantId|tenantId/ },
    { options: ["--out", "/dev/null/lab.json"], says: /\/dev\/null/ },
  ];
  const runs = cases.map(async ({ options, says }, index) => {
    const out = options.includes("--out") ? [] : ["--out", join(folder, `bad-${index}`, "lab.json")];
    const child = spawnLab([...out, ...options]);
    const { code, said } = await exitOf(child);
    expect(said).toMatch(says);
    expect(said).not.toContain("lab ready");
    expect({ options, code }).not.toEqual({ options, code: 0 });
    await expect.poll(() => isGroupAlive(child), { timeout: 5_000 }).toBe(false);
  });
  await Promise.all(runs);
}, 120_000);

const projectDir = resolve(import.meta.dirname, "../..");
const children: ChildProcess[] = [];

type Answer = { readonly status: number; readonly body: unknown };
type Exit = { readonly code: number | null; readonly said: string };
type Secret = { readonly clientId: string; readonly clientSecret: string };

type Started = {
  readonly child: ChildProcess;
  readonly description: Description;
  readonly said: () => string;
  readonly exited: Promise<Exit>;
  readonly control: (method: string, path: string, body?: unknown) => Promise<Answer>;
  /** As the administrator of that tenant. Rejects when Graph does not answer with 2xx. */
  readonly graph: (tenantId: string, method: string, path: string, body?: unknown) => Promise<unknown>;
  readonly token: (tenantId: string, as: Secret, scope?: string) => Promise<string>;
  readonly rest: () => Promise<void>;
};

/** In a process group of its own, so that what is left of it can be seen. */
function spawnLab(options: readonly string[]): ChildProcess {
  const child = spawn("npm", ["run", "lab", "--", ...options], {
    cwd: projectDir,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  return child;
}

function exitOf(child: ChildProcess): Promise<Exit> {
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((done) => child.once("close", (code) => done({ code, said })));
}

async function startLab(file: string, options: readonly string[]): Promise<Started> {
  const out = join(folder, file);
  const child = spawnLab(["--out", out, ...options]);
  let said = "";
  const exited = exitOf(child);
  await new Promise<void>((ready, failed) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes("Ctrl-C")) ready();
    });
    void exited.then((exit) => failed(new Error(`the lab ended with ${exit.code}: ${exit.said}`)));
  });
  expect(said).toContain("lab ready");
  const description = descriptionSchema.parse(JSON.parse(await readFile(out, "utf8")));
  return { child, description, said: () => said, exited, ...(await clientsOf(description)) };
}

async function clientsOf(
  description: Description,
): Promise<Pick<Started, "control" | "graph" | "token" | "rest">> {
  const ca = await readFile(resolve(projectDir, description.ca), "utf8");
  const tokens = new Map<string, string>();

  const token: Started["token"] = async (tenantId, as, scope) => {
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: as.clientId,
      client_secret: as.clientSecret,
      scope: scope ?? `${description.graph}/.default`,
    });
    const url = `${description.authority}/${tenantId}/oauth2/v2.0/token`;
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const { status, text } = await callHttps(url, { method: "POST", ca, headers, body: form.toString() });
    if (status !== 200) throw new Error(`no token: ${status} ${text}`);
    return z.object({ access_token: z.string() }).parse(JSON.parse(text)).access_token;
  };

  const control: Started["control"] = async (method, path, body) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(description.control + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  };

  return {
    token,
    control,
    async graph(tenantId, method, path, body) {
      const bearer = tokens.get(tenantId) ?? (await token(tenantId, description.admin));
      tokens.set(tenantId, bearer);
      const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" };
      const { status, text } = await callHttps(`${description.graph}/v1.0${path}`, {
        method,
        ca,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
      return text === "" ? undefined : JSON.parse(text);
    },
    async rest() {
      expect(await control("GET", "/settled?timeoutMs=60000")).toEqual({
        status: 200,
        body: { settled: true, busy: [] },
      });
    },
  };
}

type HttpsCall = {
  readonly method: string;
  readonly ca: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
};

function callHttps(url: string, { body, ...options }: HttpsCall): Promise<{ status: number; text: string }> {
  return new Promise((done, failed) => {
    const call = request(url, options, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => done({ status: response.statusCode ?? 0, text }));
    });
    call.on("error", failed);
    call.end(body);
  });
}

async function hire(lab: Started, tenantId: string, upn: string): Promise<string> {
  const local = upn.split("@")[0] ?? upn;
  const user = await lab.graph(tenantId, "POST", "/users", {
    accountEnabled: true,
    displayName: local,
    mail: upn,
    mailNickname: local,
    userPrincipalName: upn,
    passwordProfile: { password: crypto.randomUUID() },
  });
  return z.object({ id }).parse(user).id;
}

async function addMember(lab: Started, tenantId: string, group: string, member: string): Promise<void> {
  await lab.graph(tenantId, "POST", `/groups/${group}/members/$ref`, {
    "@odata.id": `${lab.description.graph}/v1.0/directoryObjects/${member}`,
  });
}

type Access = { readonly enabled: boolean; readonly groups: readonly string[] };

/** Whether they can sign in to each target, and the groups they are in there. */
async function accessOf(lab: Started, upn: string): Promise<Readonly<Record<string, Access>>> {
  const listing = z.object({ value: z.array(z.record(z.string(), z.unknown())) });
  const found: Record<string, Access> = {};
  for (const [target, { tenantId }] of Object.entries(lab.description.targets)) {
    const query = `$filter=mail eq '${upn}'&$select=id,accountEnabled`.replaceAll(" ", "%20");
    const accounts = listing.parse(await lab.graph(tenantId, "GET", `/users?${query}`)).value;
    expect(accounts.length).toBeLessThan(2);
    const [account] = accounts;
    if (account === undefined) {
      found[target] = { enabled: false, groups: [] };
      continue;
    }
    const path = `/users/${String(account["id"])}/memberOf/microsoft.graph.group?$select=displayName`;
    const memberships = listing.parse(await lab.graph(tenantId, "GET", path)).value;
    found[target] = {
      enabled: account["accountEnabled"] === true,
      groups: memberships.map(({ displayName }) => String(displayName)).toSorted(),
    };
  }
  return found;
}

const recordSchema = z.object({
  seq: z.number(),
  tenantId: z.string(),
  method: z.string(),
  template: z.string(),
  status: z.number(),
  requestBody: z.unknown().optional(),
  responseBody: z.unknown().optional(),
});

async function trafficOf(lab: Started, since?: number): Promise<readonly z.infer<typeof recordSchema>[]> {
  const query = since === undefined ? "" : `?since=${since}`;
  const response = await fetch(`${lab.description.control}/traffic${query}`);
  const lines = (await response.text()).split("\n").filter((line) => line !== "");
  return lines.map((line) => recordSchema.parse(JSON.parse(line)));
}

const wordsOf = ({ body }: Answer) => z.object({ error: z.string() }).parse(body).error;

function portsOf({ graph, control, functions, serviceBus, tables }: Description): readonly number[] {
  const urls = [graph, control, ...functions, serviceBus, tables];
  return urls.map((text) => Number(/(?:127\.0\.0\.1|localhost):(\d+)/.exec(text)?.[1]));
}

function isOpen(port: number, host: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ port, host });
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
    socket.once("connect", () => socket.destroy());
  });
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (isGroupAlive(child)) process.kill(-(child.pid ?? 0), signal);
}

function isGroupAlive({ pid }: ChildProcess): boolean {
  if (pid === undefined) return false;
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

/** What is compared with a deadline. */
async function after(ms: number): Promise<Exit> {
  await new Promise((done) => setTimeout(done, ms).unref());
  return { code: null, said: `still running after ${ms} ms` };
}
