import { setImmediate as turn } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { startClock, type LabClock } from "../../lab/clock.ts";
import { paceClock } from "../../lab/pace.ts";
import { restOf } from "../../lab/rest.ts";
import { weatherOf, type Weather } from "../../lab/weather.ts";
import { createCertificates, type Certificates } from "../../lab/graph/certificates.ts";
import type { EntitlementSeed } from "../../lab/graph/entitlement/entitlement-seed.ts";
import { guidFrom } from "../../lab/graph/ids.ts";
import type {
  AppSeed,
  GroupSeed,
  SyncJobSeed,
  TenantSeed,
  UserSeed,
  WorldSeed,
} from "../../lab/graph/seed.ts";
import { startGraph, type GraphLab } from "../../lab/graph/simulator.ts";

/** Ids of the small world most tests use: one source, two targets, a handful of people. */
export const ids = {
  source: guidFrom(1, "source"),
  contoso: guidFrom(1, "contoso"),
  fabrikam: guidFrom(1, "fabrikam"),
  ana: guidFrom(1, "ana"),
  ben: guidFrom(1, "ben"),
  cleo: guidFrom(1, "cleo"),
  gus: guidFrom(1, "gus"),
  readers: guidFrom(1, "readers"),
  nested: guidFrom(1, "nested"),
  dynamic: guidFrom(1, "dynamic"),
  onPremises: guidFrom(1, "on premises"),
  roleGroup: guidFrom(1, "role group"),
  scope: guidFrom(1, "scope"),
  targetReaders: guidFrom(1, "target readers"),
  extensionApplication: guidFrom(1, "extension application"),
  extensionApp: guidFrom(1, "extension app"),
  syncApp: guidFrom(1, "sync app"),
  job: "Azure2Azure.contoso",
  rule: guidFrom(1, "rule"),
  app: guidFrom(1, "app"),
  admin: guidFrom(1, "admin"),
  operator: guidFrom(1, "operator"),
} as const;

export const rolesExtension = `extension_${ids.extensionApp.replaceAll("-", "")}_socRoles`;
const graphScope = "https://graph.microsoft.com/.default";

export type Changes = {
  readonly users?: readonly UserSeed[];
  readonly targetUsers?: readonly UserSeed[];
  readonly targetGroups?: readonly GroupSeed[];
  readonly entitlement?: { readonly source?: EntitlementSeed; readonly contoso?: EntitlementSeed };
  readonly job?: Partial<SyncJobSeed>;
  readonly app?: Partial<AppSeed>;
  readonly world?: Partial<WorldSeed>;
  readonly rttMs?: number;
  /** What is not as in calm weather. */
  readonly weather?: Partial<Weather>;
  /** With "on" the clock moves on to what the lab waits for, as it does in a whole lab. */
  readonly pace?: "on";
};

export type TestLab = {
  readonly lab: GraphLab;
  readonly clock: LabClock;
  readonly certificates: Certificates;
  /** A client of Graph in a tenant. */
  as(kind: "app" | "admin", tenantId: string): Promise<Client>;
  token(tenantId: string, form: Readonly<Record<string, string>>): Promise<Response>;
  /** Moves the clock and waits for rest at every stop. */
  advance(ms: number): Promise<void>;
  rest(): Promise<void>;
  kinds(): string[];
};

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, or the text. */
  readonly body: Body;
};
/** Enough of Graph's answers to read them in tests without ceremony. */
export type Body = {
  readonly [name: string]: unknown;
  readonly value?: readonly Body[];
  readonly id?: string;
  readonly error?: { readonly code: string; readonly message: string };
};

export type Client = {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  post(path: string, body?: unknown): Promise<Answer>;
  patch(path: string, body: unknown): Promise<Answer>;
  put(path: string, body: unknown): Promise<Answer>;
  delete(path: string): Promise<Answer>;
  batch(requests: readonly unknown[]): Promise<Answer>;
  readonly headers: Readonly<Record<string, string>>;
};

/** Enough for every call of the lab's Graph; tests of permissions grant less. */
const everything = [
  "AccessReview.Read.All",
  "Application.Read.All",
  "AppRoleAssignment.ReadWrite.All",
  "AuditLog.Read.All",
  "Directory.ReadWrite.All",
  "EntitlementManagement.ReadWrite.All",
  "Group.ReadWrite.All",
  "Group.Read.All",
  "Synchronization.ReadWrite.All",
  "User.Read.All",
  "User.ReadWrite.All",
];

let certificates: Promise<Certificates> | undefined;

/** Starts a lab whose time stands still until it is advanced; closed when the test ends. */
export async function testLab(changes: Changes = {}): Promise<TestLab> {
  certificates ??= createCertificates();
  const { caPem, certPem, keyPem } = await certificates;
  const start = Date.parse("2026-11-20T08:00:00Z");
  const clock = startClock(() => start);
  const lab = await startGraph({
    clock,
    seed: smallWorld(changes),
    weather: { ...weatherOf("calm"), ...changes.weather },
    ca: { cert: certPem, key: keyPem },
    ...(changes.rttMs !== undefined && { rttMs: changes.rttMs }),
  });
  onTestFinished(async () => {
    clock.stop();
    await lab.close();
  });

  if (changes.pace === "on") {
    const awaited = () => clock.expected()[0]?.at;
    const pace = paceClock({
      clock,
      rest: restOf({ clock, going: () => lab.busy(), working: () => [], breath: turn }),
      awaited,
      isWaitedFor: () => false,
    });
    onTestFinished(() => pace.stop());
  }

  const token = (tenantId: string, form: Readonly<Record<string, string>>) =>
    lab.fetch(
      new Request(`${lab.url}/${tenantId}/oauth2/v2.0/token`, {
        method: "POST",
        body: new URLSearchParams({ grant_type: "client_credentials", scope: graphScope, ...form }),
      }),
    );

  async function rest(): Promise<void> {
    while (lab.busy().length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  return {
    lab,
    clock,
    certificates: { caPem, certPem, keyPem },
    token,
    async as(kind, tenantId) {
      const answer = await token(tenantId, { client_id: ids[kind], client_secret: `${kind} secret` });
      const { access_token } = (await answer.json()) as { access_token: string };
      return clientOf(lab, access_token);
    },
    advance: (ms) => clock.advance(ms, rest),
    rest,
    kinds: () => lab.violations().map(({ kind }) => kind),
  };
}

export function clientOf(lab: GraphLab, accessToken: string): Client {
  const headers = { authorization: `Bearer ${accessToken}` };
  const send = async (method: string, path: string, more: { body?: unknown; headers?: object } = {}) => {
    const response = await lab.fetch(
      new Request(path.startsWith("https:") ? path : `${lab.url}/v1.0${path}`, {
        method,
        headers: { ...headers, "content-type": "application/json", ...more.headers },
        ...(more.body !== undefined && { body: JSON.stringify(more.body) }),
      }),
    );
    return answerOf(response);
  };
  return {
    headers,
    get: (path, more) => send("GET", path, { ...(more !== undefined && { headers: more }) }),
    post: (path, body) => send("POST", path, { body }),
    patch: (path, body) => send("PATCH", path, { body }),
    put: (path, body) => send("PUT", path, { body }),
    delete: (path) => send("DELETE", path),
    batch: (requests) => send("POST", "/$batch", { body: { requests } }),
  };
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  // Tests assert what is in it.
  const body = (isJson ? JSON.parse(text) : { text }) as Body;
  return { status: response.status, headers: response.headers, body };
}

/** The `@odata.id` of a member to add. */
export function ref(id: string) {
  return { "@odata.id": `https://graph.microsoft.com/v1.0/directoryObjects/${id}` };
}

export function idsIn(answer: Answer): string[] {
  return (answer.body.value ?? []).map(({ id }) => id ?? "");
}

function smallWorld(changes: Changes): WorldSeed {
  const shared = { kind: "app", secret: "app secret", consentedTenants: "all" } as const;
  const job: SyncJobSeed = {
    sourceTenantId: ids.source,
    targetTenantId: ids.contoso,
    servicePrincipalId: ids.syncApp,
    jobId: ids.job,
    ruleId: ids.rule,
    scopeGroupIds: [ids.scope],
    mappedExtensions: [rolesExtension],
    ...changes.job,
  };
  return {
    seed: 1,
    tenants: [sourceTenant(changes), targetTenant("contoso", changes), targetTenant("fabrikam", {})],
    apps: [
      {
        ...shared,
        clientId: ids.app,
        displayName: "Muster",
        assertions: ["an assertion"],
        roles: everything,
        ...changes.app,
      },
      { clientId: ids.admin, kind: "admin", secret: "admin secret", consentedTenants: "all" },
      {
        clientId: ids.operator,
        kind: "operator",
        secret: "operator secret",
        consentedTenants: [ids.source],
        roles: ["Muster.Operate"],
      },
      { clientId: ids.extensionApp, kind: "app", consentedTenants: [ids.source, ids.contoso] },
    ],
    syncJobs: [job],
    ...changes.world,
  };
}

function sourceTenant(changes: Changes): TenantSeed {
  const person = (name: "ana" | "ben" | "cleo" | "gus", displayName: string) => ({
    id: ids[name],
    displayName,
    userPrincipalName: `${name}@source.example`,
    mail: `${name}@source.example`,
  });
  return {
    id: ids.source,
    name: "source",
    kind: "source",
    defaultDomain: "source.example",
    users: [
      { ...person("ana", "Ana Analyst"), department: "SOC", jobTitle: "Threat Hunter" },
      { ...person("ben", "Ben Analyst"), department: "SOC" },
      { ...person("cleo", "Cleo Chief"), department: "Sales", directoryRoles: ["Security Reader"] },
      { ...person("gus", "Gus Guest"), userType: "Guest" },
      ...(changes.users ?? []),
    ],
    groups: [
      { id: ids.nested, displayName: "Nested", members: [ids.ben] },
      { id: ids.readers, displayName: "SOC Readers", members: [ids.ana, ids.nested] },
      { id: ids.dynamic, displayName: "Dynamic", membershipRule: '(user.department -eq "SOC")' },
      { id: ids.onPremises, displayName: "From on-premises", onPremisesSyncEnabled: true },
      { id: ids.roleGroup, displayName: "Role group", isAssignableToRole: true },
      { id: ids.scope, displayName: "Sync to Contoso" },
    ],
    applications: [
      {
        id: ids.extensionApplication,
        appId: ids.extensionApp,
        displayName: "Extensions",
        extensionProperties: [{ name: "socRoles" }],
      },
    ],
    ...(changes.entitlement?.source !== undefined && { entitlement: changes.entitlement.source }),
  };
}

function targetTenant(name: "contoso" | "fabrikam", changes: Changes): TenantSeed {
  const { targetUsers: users = [], targetGroups = [], entitlement = {} } = changes;
  return {
    id: ids[name],
    name,
    kind: "target",
    defaultDomain: `${name}.example`,
    users,
    groups:
      name === "contoso" ? [{ id: ids.targetReaders, displayName: "SOC Readers" }, ...targetGroups] : [],
    ...(entitlement.contoso !== undefined && { entitlement: entitlement.contoso }),
  };
}
