import { asMap, pick, type Picked } from "./pick.ts";
import { formatPath, show, type Finding, type Path } from "./problem.ts";

type Named = { readonly path: Path; readonly name: string; readonly policy: string };

/**
 * A person is assigned a package once, under one of its policies: a role that names two would give whichever comes first. What a
 * target gives a role is the union of its profile's and its own.
 */
export function packagesHaveOnePolicy(file: unknown): readonly Finding[] {
  const profiles = pick(file, "profiles.*.*").map((role) => listedIn(role));
  const targets = pick(file, "targets.*").flatMap(({ path, value }) => {
    const profile = String(asMap(value)?.profile);
    return pick(value, "grants.*").map((own) => {
      const role = String(own.path.at(-1));
      const shared = pick(file, `profiles.${profile}.${role}`).flatMap((one) => listedIn(one));
      const mine = listedIn({ path: [...path, ...own.path], value: own.value });
      return { shared, mine };
    });
  });
  return [
    ...profiles.flatMap((all) => seconds(all, [])),
    ...targets.flatMap(({ shared, mine }) => seconds(mine, shared)),
  ];
}

function listedIn({ path, value }: Picked): readonly Named[] {
  return pick(value, "accessPackages.[]").flatMap((one) => {
    const { package: name, policy } = asMap(one.value) ?? {};
    if (typeof name !== "string" || typeof policy !== "string") return [];
    return [{ path: [...path, ...one.path], name, policy }];
  });
}

/** Those of the list whose package was named before under another policy. */
function seconds(list: readonly Named[], before: readonly Named[]): readonly Finding[] {
  return list.flatMap((one, at) => {
    const first = [...before, ...list.slice(0, at)].find((other) => same(other.name, one.name));
    if (first === undefined || same(first.policy, one.policy)) return [];
    const message = `access package ${show(one.name)} is already ${formatPath(first.path)}, under the policy ${show(first.policy)}`;
    const hint = "keep one: a role is assigned a package under one of its policies";
    return [{ kind: "wrong", path: [...one.path, "policy"], message, hint }];
  });
}

const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
