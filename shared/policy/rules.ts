import { defaultAccess } from "../model/ids.ts";
import { didYouMean } from "./did-you-mean.ts";
import { asMap, pick, pickText } from "./pick.ts";
import { packagesHaveOnePolicy } from "./package-policies.ts";
import { formatPath, listed, show, type Finding, type Path } from "./problem.ts";
import { keyRuleAt } from "./schema-at.ts";
import { homeName } from "./places.ts";
import { grantKinds, syncWords } from "./policy-schema.ts";
import { identityTemplate } from "./stamp-template.ts";

type Rule = (file: unknown) => readonly Finding[];

/** What no single value can show to be wrong. Each rule sees the raw file, so that all mistakes come out at once. */
const rules: readonly Rule[] = [
  keysAreNames,
  rolesHaveOneHolder,
  noRoleIsCalledNone,
  noTargetIsCalledSource,
  sourceGroupsHaveOneUse,
  grantsGiveSomething,
  attributesHaveOneUse,
  grantsNameRoles,
  targetsNameProfiles,
  targetsGrantSomething,
  topologiesHaveTheirKeys,
  pullTargetsGivePackages,
  packagesHaveOnePolicy,
  graceComesAfter,
  tenantsAreDistinct,
  jobsAreDistinct,
  scopesSayOneThing,
  scopesAreDistinct,
  oneStampProvesIdentity,
];

/** Where the file says what lets people into a target. */
const scopesAt = ["targets.*.sync.scope.group", "targets.*.scope.group"] as const;

/** Where the file says what a role is given. */
const grantsAt = ["profiles.*.*", "targets.*.grants.*"] as const;

export function breachesOf(file: unknown): readonly Finding[] {
  return rules.flatMap((rule) => rule(file));
}

function wrong(path: Path, message: string, hint: string): Finding {
  return { kind: "wrong", path, message, hint };
}

function keysAreNames(file: unknown): readonly Finding[] {
  const named = ["source.stamps.*", "roles.*", "profiles.*", "targets.*"];
  return named
    .flatMap((pattern) => pick(file, pattern))
    .flatMap(({ path }) => {
      const rule = keyRuleAt(path.slice(0, -1));
      const key = String(path.at(-1));
      if (rule === undefined || rule.pattern.test(key)) return [];
      return [wrong(path, `${show(key)} is not a ${rule.title}`, rule.description)];
    });
}

function lacking(path: Path, lacks: readonly string[], words: { message: string; hint: string }): Finding {
  return { kind: "missing", path, lacks, ...words };
}

function rolesHaveOneHolder(file: unknown): readonly Finding[] {
  return pick(file, "roles.*").flatMap(({ path, value }) => {
    const role = asMap(value);
    if (role === undefined) return [];
    if ("group" in role && "attributes" in role) {
      const hint = "keep one; for the other make a second role with the same grants";
      return [wrong(path, "both group and attributes say who holds this role", hint)];
    }
    if ("attributes" in role && Object.keys(asMap(role.attributes) ?? { some: true }).length === 0) {
      const hint = "name at least one, for example { department: SOC }";
      return [wrong([...path, "attributes"], "no attributes, which everybody would match", hint)];
    }
    if ("group" in role || "attributes" in role) return [];
    const hint = "write group: <name or id>, or attributes: { department: SOC }";
    return [lacking(path, ["group", "attributes"], { message: "nothing says who holds this role", hint })];
  });
}

function noRoleIsCalledNone(file: unknown): readonly Finding[] {
  return pick(file, "roles.none").map(({ path }) =>
    wrong(path, '"none" is what the stamp of somebody without roles says', "choose another name"),
  );
}

function noTargetIsCalledSource(file: unknown): readonly Finding[] {
  return pick(file, `targets.${homeName}`).map(({ path }) =>
    wrong(path, `${show(homeName)} is what the source tenant is called`, "choose another name"),
  );
}

/**
 * A source group either says who holds one role, or is the scope of one target, or is given, by as many targets as like. Shared
 * scopes would be joined for one target and left for the other, for ever; a group that gives a role would let Muster make
 * analysts when it puts people into it.
 */
function sourceGroupsHaveOneUse(file: unknown): readonly Finding[] {
  const uses = [...pickText(file, "roles.*.group"), ...scopesAt.flatMap((at) => pickText(file, at))];
  const used = new Map(uses.map(({ path, value }) => [value.toLowerCase(), path] as const).toReversed());
  const given = grantsAt.flatMap((at) => pickText(file, `${at}.sourceGroups.[]`));
  return [
    ...repeats(uses).map(({ path, value, first }) =>
      wrong(path, `group ${show(value)} is already ${formatPath(first)}`, sharedGroupHint(path, first)),
    ),
    ...given.flatMap(({ path, value }) => {
      const first = used.get(value.toLowerCase());
      if (first === undefined) return [];
      const hint =
        "Muster puts people in this group, so it must neither give them a role nor put them in scope";
      return [wrong(path, `group ${show(value)} is already ${formatPath(first)}`, hint)];
    }),
  ];
}

function grantsGiveSomething(file: unknown): readonly Finding[] {
  const hint =
    "write groups: [<name or id>], eligibleGroups: [<name or id>] or accessPackages: [{ package, policy }], of the target tenant, or sourceGroups: [<name or id>], of the source tenant";
  return grantsAt
    .flatMap((at) => pick(file, at))
    .flatMap(({ path, value }) => {
      const grant = asMap(value);
      if (grant === undefined || grantKinds.some((kind) => kind in grant)) return [];
      return [
        lacking(path, grantKinds, { message: "nothing says what holders of the role are given", hint }),
      ];
    });
}

function attributesHaveOneUse(file: unknown): readonly Finding[] {
  const uses = pick(file, "roles.*.attributes").map(({ path, value }) => ({
    path,
    value: attributesText(value),
  }));
  return repeats(uses).map(({ path, first }) =>
    wrong(
      path,
      `these attributes are already ${formatPath(first)}`,
      "give the roles attributes of their own, or make them one role",
    ),
  );
}

const attributesText = (attributes: unknown): string =>
  typeof attributes === "object" && attributes !== null
    ? JSON.stringify(Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : JSON.stringify(attributes);

function sharedGroupHint(path: Path, first: Path): string {
  if (path[0] !== first[0])
    return "Muster puts people in a scope group, so it must not give them a role as well";
  return path[0] === "roles"
    ? "give the roles groups of their own, or make them one role"
    : "give each target a scope group of its own";
}

function grantsNameRoles(file: unknown): readonly Finding[] {
  const roles = namesIn(file, "roles");
  if (roles === undefined) return [];
  const used = grantsAt.flatMap((at) => pick(file, at));
  return used.flatMap(({ path }) => absent("role", String(path.at(-1)), { path, known: roles }));
}

function targetsNameProfiles(file: unknown): readonly Finding[] {
  const profiles = namesIn(file, "profiles") ?? [];
  return pickText(file, "targets.*.profile").flatMap(({ path, value }) =>
    absent("profile", value, { path, known: profiles }),
  );
}

function absent(
  kind: string,
  name: string,
  at: { path: Path; known: readonly string[] },
): readonly Finding[] {
  if (at.known.includes(name)) return [];
  const otherwise = at.known.length === 0 ? `there are no ${kind}s` : `use ${listed(at.known)}`;
  return [wrong(at.path, `no ${kind} is called ${show(name)}`, didYouMean(name, at.known, otherwise))];
}

function targetsGrantSomething(file: unknown): readonly Finding[] {
  return pick(file, "targets.*").flatMap(({ path, value }) => {
    const target = asMap(value);
    if (target === undefined || "profile" in target || "grants" in target) return [];
    const hint = "write profile: <name>, or grants: { <role>: { groups: [<name or id>] } }";
    return [lacking(path, ["profile", "grants"], { message: "nothing says what is granted here", hint })];
  });
}

function topologiesHaveTheirKeys(file: unknown): readonly Finding[] {
  return pick(file, "targets.*").flatMap(({ path, value }) => {
    const target = asMap(value);
    if (target?.topology === "push" && !("sync" in target))
      return [{ kind: "missing", path: [...path, "sync"], message: "missing", hint: syncWords }];
    if (target?.topology === "push" && "scope" in target)
      return [
        wrong(
          [...path, "scope"],
          "the scope of a push target is that of its sync",
          "write sync.scope: { group }",
        ),
      ];
    if (target?.topology === "pull" && "sync" in target) {
      const hint =
        "remove it; scope: { group } names the group of the source that may go there, if there is one";
      return [wrong([...path, "sync"], "a pull target has no synchronization", hint)];
    }
    return [];
  });
}

/** In a pull target an account comes with an access package, and with nothing else. */
function pullTargetsGivePackages(file: unknown): readonly Finding[] {
  return pick(file, "targets.*").flatMap(({ path, value }) => {
    const target = asMap(value);
    if (target?.topology !== "pull") return [];
    const profile = asMap(asMap(asMap(file)?.profiles)?.[String(target.profile)]) ?? {};
    const own = asMap(target.grants) ?? {};
    const roles = [...new Set([...Object.keys(profile), ...Object.keys(own)])];
    const invites = (grant: unknown) => "accessPackages" in (asMap(grant) ?? {});
    return roles
      .filter((role) => !invites(profile[role]) && !invites(own[role]))
      .map((role) => {
        const message = `nothing gives holders of ${show(role)} an account in this pull target`;
        const hint = "give the role an access package: accessPackages: [{ package, policy }]";
        return wrong([...path, "topology"], message, hint);
      });
  });
}

/** Whoever may never have both cannot keep the old for a while. */
function graceComesAfter(file: unknown): readonly Finding[] {
  const movers = asMap(asMap(file)?.movers);
  if (movers?.order !== "remove-first" || !("grace" in movers)) return [];
  const hint = "remove grace, or write order: add-first";
  return [wrong(["movers", "grace"], "nothing is kept where what is old goes first", hint)];
}

function tenantsAreDistinct(file: unknown): readonly Finding[] {
  const tenants = [...pickText(file, "source.tenantId"), ...pickText(file, "targets.*.tenantId")];
  return repeats(tenants).map(({ path, first }) =>
    first[0] === "source"
      ? wrong(path, "this is the source tenant", "a target is a tenant other than source.tenantId")
      : wrong(
          path,
          `the tenant is already ${formatPath(first.slice(0, -1))}`,
          "keep one target for each tenant",
        ),
  );
}

function jobsAreDistinct(file: unknown): readonly Finding[] {
  return repeats(pickText(file, "targets.*.sync.job")).map(({ path, first }) =>
    wrong(
      path,
      `the job is already ${formatPath(first)}`,
      "each target has a synchronization job of its own",
    ),
  );
}

const scopeHint =
  "write scope: { group: <name or id> }, { appRole: msiam_access } or { accessPackage: <name or id>, policy: <name or id> }";

function scopesSayOneThing(file: unknown): readonly Finding[] {
  return pick(file, "targets.*.sync.scope").flatMap(({ path, value }) => {
    const scope = asMap(value);
    if (scope === undefined) return [];
    const said = scopeKeys.filter((key) => key in scope);
    const [first, second] = said;
    if (first === undefined) {
      const message = "nothing says what puts an analyst in scope";
      return [lacking(path, scopeKeys, { message, hint: scopeHint })];
    }
    if (second !== undefined)
      return [wrong([...path, second], `${first} says what puts an analyst in scope already`, "keep one")];
    if (first === "accessPackage")
      return "policy" in scope
        ? []
        : [
            lacking(path, ["policy"], {
              message: "nothing says under which policy the package is assigned",
              hint: "write policy: <name or id>, of one of the package's assignment policies",
            }),
          ];
    const hint = "remove it; what else puts somebody in scope has no end and needs no policy";
    return ["policy", "expires", "renew"]
      .filter((key) => key in scope)
      .map((key) => wrong([...path, key], `${key} belongs to an access package`, hint));
  });
}

const scopeKeys = ["group", "appRole", "accessPackage"] as const;

/**
 * What puts somebody in scope of two targets would be given for one and taken for the other, for ever. Groups are held against everything
 * else that groups are used for.
 */
function scopesAreDistinct(file: unknown): readonly Finding[] {
  const packages = pickText(file, "targets.*.sync.scope.accessPackage");
  const apps = pickText(file, "targets.*.sync.servicePrincipal").filter(
    ({ path }) => pick(file, [...path.slice(0, -1), "scope", "appRole"].join(".")).length > 0,
  );
  return [
    ...repeats(packages).map(({ path, value, first }) =>
      wrong(
        path,
        `access package ${show(value)} is already ${formatPath(first)}`,
        "give each target a package of its own",
      ),
    ),
    ...repeats(apps).map(({ path, first }) =>
      wrong(
        path,
        `the application whose role is the scope is already ${formatPath(first)}`,
        "each synchronization has an application of its own",
      ),
    ),
    ...pickText(file, "targets.*.sync.scope.appRole")
      .filter(({ value }) => value === defaultAccess)
      .map(({ path }) =>
        wrong(
          path,
          "this is default access, which puts nobody in scope",
          "name the application's own role: appRole: msiam_access",
        ),
      ),
  ];
}

function oneStampProvesIdentity(file: unknown): readonly Finding[] {
  const isPush = pickText(file, "targets.*.topology").some(({ value }) => value === "push");
  const source = asMap(asMap(file)?.source);
  if (!isPush || source === undefined || asMap(source.stamps ?? {}) === undefined) return [];
  const [proof, ...others] = pickText(file, "source.stamps.*").filter(
    ({ value }) => value === identityTemplate,
  );
  if (proof === undefined) {
    const hint = 'add one, for example socSourceId: "{id}"; it proves in a target whose account it is';
    const message = 'no stamp is "{id}", which push targets need';
    return [{ kind: "missing", path: ["source", "stamps"], message, hint }];
  }
  return others.map(({ path }) =>
    wrong(
      path,
      `${formatPath(proof.path)} is "{id}" already`,
      "keep one, so that a single stamp proves identity",
    ),
  );
}

function namesIn(file: unknown, key: string): readonly string[] | undefined {
  const map = asMap(asMap(file)?.[key]);
  return map === undefined ? undefined : Object.keys(map);
}

type Text = { readonly path: Path; readonly value: string };

/** Those whose text, without regard to case, came before, with the place where it came first. */
function repeats(texts: readonly Text[]): readonly (Text & { readonly first: Path })[] {
  const firsts = new Map<string, Path>();
  return texts.flatMap((text) => {
    const key = text.value.toLowerCase();
    const first = firsts.get(key);
    if (first === undefined) firsts.set(key, text.path);
    return first === undefined ? [] : [{ ...text, first }];
  });
}
