import { liveAssignment, papersOf } from "../../shared/graph/grants/package-state.ts";
import type { Scope, ScopeKind } from "../../shared/model/grant.ts";
import {
  appRoleIdSchema,
  assignmentPolicyIdSchema,
  packageIdSchema,
  servicePrincipalIdSchema,
} from "../../shared/model/ids.ts";
import type { Wish } from "../../shared/model/wish.ts";
import type { Policy } from "../../shared/policy/policy.ts";
import { byId, smallPolicy } from "./small-policy.ts";
import { eventAbout, smallWorld } from "./small-world.ts";
import { ana, contosoTenant, minuteMs, readers, readersAtHome, syncScope } from "./fixtures.ts";
import { withCatchUp } from "./with-catch-up.ts";

/** What can put somebody in scope of Contoso here: two packages, the application's own role, and a group. */
const packageOf = (digit: number) => packageIdSchema.parse(`7a000000-0000-4000-8000-00000000000${digit}`);
const under = assignmentPolicyIdSchema.parse("4d000000-0000-4000-8000-000000000001");
const asPackage = (digit: number) =>
  ({ kind: "package", package: packageOf(digit), policy: under, expires: null, renew: false }) as const;
const appRole = {
  kind: "appRole",
  servicePrincipal: servicePrincipalIdSchema.parse("66666666-6666-4666-8666-666666666666"),
  role: appRoleIdSchema.parse("7c000000-0000-4000-8000-000000000001"),
} as const;

export const scopes = {
  first: asPackage(1),
  second: asPackage(2),
  appRole,
  group: syncScope.scope,
} as const satisfies Readonly<Record<string, Scope>>;

export type ScopeName = keyof typeof scopes;

export type Terms = { readonly expires?: string | null; readonly renew?: boolean };

/** What the policy says to mean it. */
export function wishFor(name: ScopeName, { expires = null, renew = false }: Terms = {}): Wish<ScopeKind> {
  const scope = scopes[name];
  if (scope.kind === "group") return { kind: "group", group: byId(scope.group) };
  if (scope.kind === "package")
    return {
      kind: "package",
      package: { kind: "id", id: scope.package },
      policy: { kind: "name", name: "Direct" },
      expires,
      renew,
    };
  return {
    kind: "appRole",
    servicePrincipal: scope.servicePrincipal,
    role: { kind: "name", name: "msiam_access" },
  };
}

/** The small policy with another scope for Contoso. */
export function scopedBy(scope: Wish<ScopeKind>, changes: Parameters<typeof smallPolicy>[0] = {}): Policy {
  const policy = smallPolicy(changes);
  return {
    ...policy,
    targets: policy.targets.map((target) =>
      target.name === "contoso" ? { ...target, sync: { ...target.sync, scope } } : target,
    ),
  };
}

/** A world whose Contoso is reached by one of these, with a catch-up that goes on, and a cycle of sync whenever a test says so. */
export function scopeScene(
  name: ScopeName,
  terms: Terms = {},
  { deleteAfterMs = 0 }: { readonly deleteAfterMs?: number | "never" } = {},
) {
  const world = smallWorld();
  const { source, contoso } = world;
  // As a package that puts somebody in scope really does: it holds the role, of which there is one assignment a person.
  source.packages.define(scopes.first.package, "Access to Contoso", {
    give: (id) => void source.appRoles.give(appRole, id),
    take: (id) => void source.appRoles.take(appRole, id),
  });
  source.packages.define(scopes.second.package, "New access to Contoso");
  source.appRoles.define(appRole, "msiam_access");
  world.scopes["contoso"] = [scopes.appRole, scopes.second, scopes.group];
  const leavers = { deleteAfterMs };
  world.setPolicy(scopedBy(wishFor(name, terms), { leavers }));
  const pass = withCatchUp(world);
  const isInScope = world.inScope("contoso");
  const accounts = () => [...contoso.accounts.values()];
  return {
    ...world,
    pass,
    isInScope: () => isInScope(ana),
    /** The policy names another scope for Contoso. */
    move: (to: ScopeName, of: Terms = {}, changes: Parameters<typeof smallPolicy>[0] = {}) =>
      world.setPolicy(scopedBy(wishFor(to, of), { leavers, ...changes })),
    join: () => world.change(ana, readersAtHome, "in"),
    leave: () => world.change(ana, readersAtHome, "out"),
    look: () => world.deliver(eventAbout(ana, world.now())),
    has: (scope: ScopeName) => source.isInScope(scopes[scope], ana),
    assigned: (scope: "first" | "second" = "first") =>
      liveAssignment(papersOf(source.packages.papers(ana), scopes[scope].package))?.state,
    requests: () =>
      source.packages.papers(ana).requests.map(({ requestType, state }) => `${requestType}: ${state}`),
    accounts,
    states: () => accounts().map(({ state, enabled }) => (state === "live" && !enabled ? "blocked" : state)),
    isReader: () =>
      accounts().some(
        ({ id, state, enabled }) =>
          state === "live" && enabled && contoso.members.get(readers.grant.group)?.has(id) === true,
      ),
    pair: async () => await world.pairOf(contosoTenant, ana),
    told: () => world.parked.map(({ reason }) => reason),
    proofs: (purpose: "join" | "leave") =>
      world.entries.filter(
        ({ kind, plan, target }) => kind === "proof" && plan.purpose === purpose && target === "contoso",
      ),
    /** Cross-tenant sync makes, restores and deletes the account, as its scope says by now. */
    cycle(): void {
      const known = accounts();
      if (!isInScope(ana)) contoso.recycleAll();
      else if (known.length === 0) contoso.create(ana);
      else
        for (const { id, ...account } of known.slice(0, 1))
          contoso.accounts.set(id, { ...account, id, state: "live" });
    },
    /** So long, with a cycle of sync every forty minutes. */
    async live(ms: number): Promise<void> {
      const end = world.now() + ms;
      while (world.now() < end) {
        await pass(Math.min(40 * minuteMs, end - world.now()));
        this.cycle();
      }
    },
  };
}

export type ScopeScene = ReturnType<typeof scopeScene>;
