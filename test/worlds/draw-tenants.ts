import type { Chance } from "../referee/chance.ts";
import type { GrantsPlan, PackagePlan, RolePlan, TargetPlan } from "./plan.ts";

export function drawRoles(chance: Chance, world: string): readonly RolePlan[] {
  const count = chance.pick("roles", [1, 1, 2]);
  return ["reader", "responder"].slice(0, count).map((role) => ({
    name: `${world}-${role}`,
    shownBy: chance.pick("shown by", ["group", "group", "group", "team", "attributes"]),
  }));
}

type Size = { readonly world: string; readonly roles: readonly RolePlan[]; readonly isSmall: boolean };

export function drawTargets(chance: Chance, { world, roles, isSmall }: Size): readonly TargetPlan[] {
  const count = chance.pick("targets", isSmall ? [1, 1, 1, 2] : [1, 1, 2]);
  return ["north", "south"]
    .slice(0, count)
    .map((one) => drawTarget(chance, { name: `${world}-${one}`, world, roles }));
}

type Named = { readonly name: string; readonly world: string; readonly roles: readonly RolePlan[] };

export function drawTarget(chance: Chance, { name, world, roles }: Named): TargetPlan {
  const topology = chance.pick("topology", ["push", "push", "pull"]);
  return {
    name,
    topology,
    mode: chance.pick("mode", [
      "full",
      "full",
      "full",
      "full",
      "full",
      "full",
      "full",
      "full",
      "add-only",
      "observe",
    ]),
    onExternalRemoval: chance.pick("removals by others", ["restore", "restore", "respect", "hold"]),
    scope:
      topology === "push"
        ? chance.pick("scope", [
            "group",
            "group",
            "group",
            "group",
            "app role",
            "package",
            "package with approval",
          ])
        : chance.pick("outbound group", ["group", "none"]),
    extensionApp: chance.happens("own app", 0.2) ? "its own" : "of the source",
    guestsEnd: chance.pick("guests end", [
      "blockSignInAndDelete",
      "blockSignInAndDelete",
      "blockSignIn",
      "none",
    ]),
    grants: Object.fromEntries(
      roles.map((role, index) => [role.name, drawGrants(chance, { world, topology, index })]),
    ),
  };
}

type Where = { readonly world: string; readonly topology: "push" | "pull"; readonly index: number };

/** The second role gives in part what the first gives. */
function drawGrants(chance: Chance, { world, topology, index }: Where): GrantsPlan {
  const own = index === 0 ? "Readers" : "Responders";
  const groups = chance.pick("groups", [[own], [own], ["Shared"], [own, "Shared"], []]);
  const wantsPackage = topology === "pull" || chance.happens("package", 0.35);
  const eligible = chance.happens("eligible", 0.35)
    ? {
        group: chance.pick("eligible for", ["Administrators", "Operators"]),
        ...chance.pick("eligible for as long", [{}, {}, { duration: "PT2H" }]),
      }
    : null;
  const given = wantsPackage ? drawPackage(chance, topology === "pull" ? `${own} package` : "Kit") : null;
  const sourceGroup = chance.happens("source group", 0.2) ? `${world} delegated` : null;
  const isNothing = groups.length === 0 && eligible === null && given === null && sourceGroup === null;
  return { groups: isNothing ? [own] : groups, eligible, package: given, sourceGroup };
}

function drawPackage(chance: Chance, name: string): PackagePlan {
  const terms = chance.pick("package terms", [
    { expires: null, renew: false },
    { expires: null, renew: false },
    { expires: null, renew: false },
    { expires: "PT1H", renew: false },
    { expires: "PT4H", renew: true },
  ]);
  return { name, policy: chance.pick("assignment policy", ["Direct", "Direct", "With approval"]), ...terms };
}
