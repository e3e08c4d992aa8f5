import { stringify } from "yaml";
import { consent } from "./consent.ts";
import { extensionName } from "./graph/directory/build-tenant.ts";
import { guidFrom } from "./graph/ids.ts";
import type { AppSeed, GroupSeed, SyncJobSeed, TenantSeed, UserSeed, WorldSeed } from "./graph/seed.ts";
import { packageIds, scopePackages, withPackages } from "./world-packages.ts";
import { pullParts, type PullPart, type PullTarget } from "./world-pull.ts";

/** How big the world is, and which of all possible ones. */
export type WorldOptions = {
  readonly seed: number;
  readonly analysts: number;
  readonly targets: number;
  /** Targets that invite, besides. Default: none. */
  readonly pull?: number;
};

/** A source tenant with a SOC, and the tenants it defends; every id follows from the seed. */
export type World = {
  readonly seed: WorldSeed;
  /** The policy file that goes with it. */
  readonly policy: string;
  readonly source: {
    readonly tenantId: string;
    readonly groups: Readonly<Record<string, string>>;
    /** Groups that access in targets is delegated to. */
    readonly sourceGroups: Readonly<Record<string, string>>;
    /** Access packages that put people in scope of a synchronization, by name. */
    readonly packages: Readonly<Record<string, string>>;
    readonly extensionApp: string;
  };
  readonly targets: Readonly<Record<string, WorldTarget>>;
  readonly pullTargets: Readonly<Record<string, PullTarget>>;
  /** Source users who get their roles when the lab starts, through the same doors as everybody. */
  readonly analysts: readonly Analyst[];
  /** Source users without any role. */
  readonly people: readonly Person[];
  readonly apps: {
    readonly muster: Credential & { readonly assertion: string };
    readonly admin: Secret;
    /** Holds what reads and operates Muster's API. */
    readonly operator: Secret;
    /** One for each app role of Muster's API, and one without any. */
    readonly operators: Readonly<Record<OperatorName, Secret>>;
    /** The managed identity of the Logic Apps that lifecycle workflows call. */
    readonly relay: Secret;
  };
  readonly cast: Cast;
};

type WorldTarget = {
  readonly tenantId: string;
  readonly topology: "push";
  readonly groups: Readonly<Record<string, string>>;
  /** Groups that people are made eligible for, in Privileged Identity Management. */
  readonly eligibleGroups: Readonly<Record<string, string>>;
  /** Access packages, by name. */
  readonly packages: Readonly<Record<string, string>>;
  readonly sync: { readonly servicePrincipal: string; readonly job: string };
};

type Person = { readonly id: string; readonly userPrincipalName: string };
type Analyst = Person & { readonly role: "responder" | "reader" | "hunter" };

const operatorNames = ["Muster.Read", "Muster.Operate", "Muster.Approve", "none"] as const;
export type OperatorName = (typeof operatorNames)[number];

type Credential = { readonly clientId: string };
type Secret = Credential & { readonly clientSecret: string };

/** People with a part in the story that `npm run demo` plays. */
type Cast = {
  /** A native member of the first target's managed group; nobody put them there but its own administrator. */
  readonly stranger: Person;
  /** Has had an account in the second target, and been in its sync scope, since before Muster. */
  readonly veteran: Person & { readonly account: string; readonly target: string };
  /** A break-glass account: in a role group, with access in the first target, and in the policy's `protected` list. */
  readonly breakGlass: Person & { readonly account: string; readonly target: string };
};

const targetNames = [
  "contoso",
  "fabrikam",
  "northwind",
  "adventure-works",
  "tailspin",
  "wingtip",
  "litware",
  "proseware",
];
const stamps = ["socRoles", "socSourceId"];
/** Azure Lighthouse delegates the first target's subscriptions to it. */
const delegatedGroup = "Lighthouse Responders";
/** May be assigned to Entra roles, and nobody is in it for ever. */
const eligibleGroup = "SOC Administrators";
/** The target in which responders are eligible for it. */
const withEligible = 2;
const roleGroups = { reader: "SOC Readers", responder: "SOC Responders", hunter: "SOC Hunters" } as const;

export function buildWorld(options: WorldOptions): World {
  const id = (...names: (string | number)[]) => guidFrom(options.seed, ...names);
  const names = Array.from(
    { length: options.targets },
    (_, index) => targetNames[index] ?? `target-${index + 1}`,
  );
  const pulled = pullParts(id, options.pull ?? 0);
  const scopes = [...names.map(scopeGroup), ...pulled.map(({ outbound }) => outbound)];
  const source = sourceTenant(id, { names, scopes }, options);
  const [first = "contoso", second = first] = names;
  const cast: Cast = {
    stranger: { id: id(first, "user", "stranger"), userPrincipalName: `stranger@${first}.example` },
    veteran: { ...person(id, "veteran"), account: id(second, "user", "veteran"), target: second },
    breakGlass: { ...person(id, "break-glass"), account: id(first, "user", "break-glass"), target: first },
  };
  const apps = appSeeds(id, names);
  const protectedIds = [cast.breakGlass.id, cast.breakGlass.account];
  const targets = names.map((name) => {
    const extensionApp = extensionAppIn(id, names, name, source.extensionApp);
    return withPackages(id, targetTenant(id, { name, cast, extensionApp }));
  });
  return {
    seed: {
      seed: options.seed,
      tenants: [source.seed(cast), ...targets, ...pulled.map(({ seed }) => seed)],
      apps: [apps.muster.seed, apps.admin.seed, apps.operator.seed, ...apps.operators.seeds, apps.relay.seed],
      syncJobs: names.map((name) =>
        syncJob(id, {
          name,
          cast,
          from: source.extensionApp,
          to: extensionAppIn(id, names, name, source.extensionApp),
        }),
      ),
      protected: protectedIds,
    },
    policy: policyFile(id, { names, pulled, extensionApp: source.extensionApp, protectedIds }),
    source: {
      tenantId: id("source"),
      groups: groupIds(source.groups),
      sourceGroups: groupIds(source.delegated),
      packages: packageIds(source.seed(cast)),
      extensionApp: source.extensionApp,
    },
    targets: Object.fromEntries(
      names.map((name, index) => [
        name,
        {
          tenantId: id(name),
          topology: "push" as const,
          groups: groupIds(targets[index]?.groups.filter((group) => !isEligible(group)) ?? []),
          eligibleGroups: groupIds(targets[index]?.groups.filter(isEligible) ?? []),
          packages: packageIds(targets[index]),
          sync: syncOf(id, name),
        },
      ]),
    ),
    pullTargets: Object.fromEntries(pulled.map(({ name, target }) => [name, target])),
    analysts: source.analysts,
    people: source.people,
    apps: {
      muster: apps.muster.credential,
      admin: apps.admin.credential,
      operator: apps.operator.credential,
      operators: apps.operators.credentials,
      relay: apps.relay.credential,
    },
    cast,
  };
}

/** The third target has an application of its own for the extensions, as rules of dynamic groups ask for. */
const extensionAppIn = (id: Id, names: readonly string[], name: string, ofSource: string) =>
  names.indexOf(name) === 2 ? id(name, "extension-app") : ofSource;

const stampNames = (extensionApp: string) => stamps.map((stamp) => extensionName(extensionApp, stamp));

type Id = (...names: (string | number)[]) => string;

const isEligible = ({ displayName }: GroupSeed) => displayName === eligibleGroup;

const groupIds = (groups: readonly GroupSeed[]) =>
  Object.fromEntries(groups.map(({ displayName, id }) => [displayName, id]));

const person = (id: Id, name: string): Person => ({
  id: id("source", "user", name),
  userPrincipalName: `${name}@source.example`,
});

const scopeGroup = (name: string) => `Sync to ${name}`;

function sourceTenant(
  id: Id,
  { names, scopes }: { readonly names: readonly string[]; readonly scopes: readonly string[] },
  { analysts: count }: WorldOptions,
) {
  const extensionApp = id("extension-app");
  const roles = ["responder", "reader", "hunter"] as const;
  const analysts = Array.from({ length: count }, (_, index) => ({
    ...person(id, `analyst-${String(index + 1).padStart(4, "0")}`),
    role: roles[index % roles.length] ?? "reader",
  }));
  const people = Array.from({ length: 8 }, (_, index) =>
    person(id, `person-${String(index + 1).padStart(4, "0")}`),
  );
  const group = (displayName: string, members: readonly string[] = []): GroupSeed => ({
    id: id("source", "group", displayName),
    displayName,
    members,
    securityEnabled: true,
    mailEnabled: false,
  });
  const groups = [roleGroups.reader, roleGroups.responder, ...scopes].map((name) => group(name));
  const delegated = [group(delegatedGroup)];
  const seed = (cast: Cast): TenantSeed => ({
    id: id("source"),
    name: "source",
    kind: "source",
    defaultDomain: "source.example",
    users: [...analysts, ...people, cast.veteran, cast.breakGlass].map(({ id: userId, userPrincipalName }) =>
      user(userId, userPrincipalName),
    ),
    groups: [
      group(roleGroups.reader, [cast.breakGlass.id]),
      group(roleGroups.responder),
      ...delegated,
      ...scopes.map((name) => group(name, name === scopeGroup(cast.veteran.target) ? [cast.veteran.id] : [])),
    ],
    entitlement: scopePackages(
      id,
      names.map((name) => ({ name, servicePrincipal: syncOf(id, name).servicePrincipal })),
    ),
    applications: [
      {
        id: id("extension-app", "object"),
        appId: extensionApp,
        displayName: "SOC attributes",
        extensionProperties: stamps.map((stamp) => ({ name: stamp })),
      },
    ],
  });
  return { extensionApp, analysts, people, groups, delegated, seed };
}

function user(id: string, userPrincipalName: string, more: Readonly<Record<string, unknown>> = {}): UserSeed {
  const [local = ""] = userPrincipalName.split("@");
  const displayName = local.replace(/-0*(\d+)$/, " $1").replaceAll("-", " ");
  return {
    id,
    displayName: displayName.replace(/^./, (letter) => letter.toUpperCase()),
    userPrincipalName,
    mail: userPrincipalName,
    accountEnabled: true,
    userType: "Member",
    createdDateTime: "2024-03-01T08:00:00Z",
    ...more,
  };
}

function targetTenant(
  id: Id,
  { name, cast, extensionApp }: { readonly name: string; readonly cast: Cast; readonly extensionApp: string },
): TenantSeed & { readonly groups: readonly GroupSeed[] } {
  const domain = `${name}.example`;
  const here = (target: string) => target === name;
  const guests = [cast.veteran, cast.breakGlass].filter(({ target }) => here(target));
  const owner = user(id(name, "user", "owner"), `owner@${domain}`);
  const stranger = cast.stranger.userPrincipalName.endsWith(`@${domain}`) ? [cast.stranger] : [];
  const group = (displayName: string, members: readonly string[]): GroupSeed => ({
    id: id(name, "group", displayName),
    displayName,
    members,
    securityEnabled: true,
    mailEnabled: false,
  });
  const breakGlass = here(cast.breakGlass.target) ? [cast.breakGlass.account] : [];
  const veteran = here(cast.veteran.target) ? [cast.veteran.account] : [];
  return {
    id: id(name),
    name,
    kind: "target",
    defaultDomain: domain,
    users: [
      owner,
      ...stranger.map((one) => user(one.id, one.userPrincipalName)),
      ...guests.map((guest) =>
        user(guest.account, `${guest.userPrincipalName.replace("@", "_")}#EXT#@${domain}`, {
          mail: guest.userPrincipalName,
          alternativeSecurityId: guest.id,
          creationType: "Invitation",
          externalUserState: "Accepted",
        }),
      ),
    ],
    groups: [
      group(roleGroups.reader, [...stranger.map((one) => one.id), ...breakGlass]),
      group(roleGroups.responder, []),
      group(roleGroups.hunter, []),
      group("Engineers", [owner.id, ...veteran]),
      { ...group(eligibleGroup, []), isAssignableToRole: true },
    ],
    extensionProperties: stampNames(extensionApp).map((property) => ({ name: property })),
  };
}

const syncOf = (id: Id, name: string) => ({
  servicePrincipal: id("source", "sync", name),
  job: `Azure2Azure.${id("source", "job", name).replaceAll("-", "")}.${id("source", "job", name, 2)}`,
});

function syncJob(
  id: Id,
  {
    name,
    cast,
    from,
    to,
  }: { readonly name: string; readonly cast: Cast; readonly from: string; readonly to: string },
): SyncJobSeed {
  const { servicePrincipal, job } = syncOf(id, name);
  return {
    sourceTenantId: id("source"),
    targetTenantId: id(name),
    servicePrincipalId: servicePrincipal,
    jobId: job,
    ruleId: id("source", "rule", name),
    scopeGroupIds: [id("source", "group", scopeGroup(name))],
    displayName: scopeGroup(name),
    mappedExtensions: stamps.map((stamp) => ({
      source: extensionName(from, stamp),
      target: extensionName(to, stamp),
    })),
    linked:
      cast.veteran.target === name ? [{ sourceId: cast.veteran.id, targetId: cast.veteran.account }] : [],
  };
}

function appSeeds(id: Id, names: readonly string[]) {
  const muster = {
    clientId: id("app", "muster"),
    assertion: `lab.${id("app", "muster", "assertion")}.federated`,
  };
  const admin = { clientId: id("app", "admin"), clientSecret: id("app", "admin", "secret") };
  const operator = { clientId: id("app", "operator"), clientSecret: id("app", "operator", "secret") };
  const relay = { clientId: id("app", "relay"), clientSecret: id("app", "relay", "secret") };
  const operators = operatorNames.map(
    (name) =>
      [
        name,
        { clientId: id("app", "operator", name), clientSecret: id("app", "operator", name, "secret") },
      ] as const,
  );
  const secret = (app: Secret, kind: AppSeed["kind"], roles: readonly string[] = []): AppSeed => ({
    clientId: app.clientId,
    kind,
    secret: app.clientSecret,
    consentedTenants: "all",
    roles,
  });
  return {
    muster: {
      credential: muster,
      seed: {
        clientId: muster.clientId,
        displayName: "Muster",
        kind: "app",
        assertions: [muster.assertion],
        consentedTenants: "all",
        roles: consent,
        owns: names.map((name) => syncOf(id, name).servicePrincipal),
      } satisfies AppSeed,
    },
    admin: { credential: admin, seed: secret(admin, "admin") },
    operator: {
      credential: operator,
      seed: secret(operator, "operator", ["Muster.Read", "Muster.Operate"]),
    },
    operators: {
      credentials: Object.fromEntries(operators) as Record<OperatorName, Secret>, // one for every name
      seeds: operators.map(([name, app]) => secret(app, "operator", name === "none" ? [] : [name])),
    },
    // It calls Muster, as an operator does.
    relay: { credential: relay, seed: secret(relay, "operator") },
  };
}

/** What responders are given besides, in one target each: not everybody needs everything, nor consents to it. */
function moreGrants(index: number): { readonly grants?: object } {
  if (index === 0) return { grants: { responder: { sourceGroups: [delegatedGroup] } } };
  return index === withEligible ? { grants: { responder: { eligibleGroups: [eligibleGroup] } } } : {};
}

type PolicyParts = {
  readonly names: readonly string[];
  readonly pulled: readonly PullPart[];
  readonly extensionApp: string;
  readonly protectedIds: readonly string[];
};

function policyFile(id: Id, { names, pulled, extensionApp, protectedIds }: PolicyParts): string {
  const grants = Object.fromEntries(
    Object.entries(roleGroups).map(([role, group]) => [role, { groups: [group] }]),
  );
  const policy = {
    source: {
      tenantId: id("source"),
      extensionApp,
      stamps: { socRoles: "{roles}", socSourceId: "{id}" },
    },
    roles: {
      reader: { group: id("source", "group", roleGroups.reader) },
      responder: { group: roleGroups.responder },
      hunter: { attributes: { department: "SOC", jobTitle: "Threat Hunter" } },
    },
    protected: protectedIds,
    profiles: { standard: grants },
    targets: Object.fromEntries([
      ...names.map((name, index) => [
        name,
        {
          tenantId: id(name),
          topology: "push",
          mode: "full",
          extensionApp: extensionAppIn(id, names, name, extensionApp),
          sync: { ...syncOf(id, name), scope: { group: scopeGroup(name) } },
          profile: "standard",
          ...moreGrants(index),
        },
      ]),
      ...pulled.map((one) => [one.name, one.policy]),
    ]),
    guardrails: { removals: { perRun: 5, share: 0.5 } },
    leavers: { revokeSessions: true, block: true, deleteAfter: "P0D", accounts: "owned" },
  };
  return stringify(policy);
}
