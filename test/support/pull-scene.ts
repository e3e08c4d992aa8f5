import { liveAssignment, papersOf } from "../../shared/graph/grants/package-state.ts";
import { packageIdSchema } from "../../shared/model/ids.ts";
import type { Policy } from "../../shared/policy/policy.ts";
import { assigned, byId, inGroup, smallPolicy } from "./small-policy.ts";
import { smallWorld } from "./small-world.ts";
import { ana, dayMs, groupId, reader, readers, readersAtHome, responder, responders } from "./fixtures.ts";

export const operator = packageIdSchema.parse("4a000000-0000-4000-8000-000000000001");
export const room = packageIdSchema.parse("4a000000-0000-4000-8000-000000000002");
export const outbound = groupId(9);

type Changes = {
  readonly scope?: "none";
  readonly onExternalRemoval?: "respect" | "restore";
  /** Readers have nothing but their package, and this long. */
  readonly expires?: string;
};

/** Contoso invites: readers with one package and a group, responders with another package. */
export function pullPolicy({ scope, onExternalRemoval = "restore", expires }: Changes = {}): Policy {
  const policy = smallPolicy();
  const forReaders =
    expires === undefined
      ? [assigned("SOC Operator"), inGroup(readers.grant.group)]
      : [assigned("SOC Operator", { expires })];
  return {
    ...policy,
    targets: policy.targets.map(({ sync, ...target }) =>
      target.name === "contoso"
        ? {
            ...target,
            topology: "pull",
            sync: null,
            onExternalRemoval,
            scope: scope === "none" ? null : { kind: "group", group: byId(outbound) },
            grants: [
              { role: reader, wishes: forReaders, sourceGroups: [] },
              {
                role: responder,
                wishes: [assigned("Room"), inGroup(responders.grant.group)],
                sourceGroups: [],
              },
            ],
          }
        : { ...target, sync },
    ),
  };
}

/** Contoso as a target that invites, and Ana, who is nobody yet. */
export function pullScene(changes: Changes = {}) {
  const world = smallWorld();
  world.contoso.packages.define(operator, "SOC Operator");
  world.contoso.packages.define(room, "Room");
  world.setPolicy(pullPolicy(changes));
  const accounts = () => [...world.contoso.accounts.values()];
  const account = () => accounts()[0]?.id ?? "";
  return {
    ...world,
    accounts,
    account,
    join: (group = readersAtHome) => world.change(ana, group, "in"),
    leave: (group = readersAtHome) => world.change(ana, group, "out"),
    has: (id = operator) => liveAssignment(papersOf(world.contoso.packages.papers(account()), id))?.state,
    invites: () => world.contoso.writes.filter((one) => one.startsWith("invite")),
    proofs: (purpose: "join" | "leave") =>
      world.entries.filter(
        ({ kind, target, plan }) => kind === "proof" && target === "contoso" && plan.purpose === purpose,
      ),
    told: () => world.parked.map(({ reason }) => reason),
    /** As entitlement management does with a guest whose last package is gone, when it gets round to it; or an administrator. */
    block(): void {
      const [known] = accounts();
      if (known !== undefined) world.contoso.accounts.set(known.id, { ...known, enabled: false });
    },
    isOut: () => world.source.members.get(outbound)?.has(ana) !== true,
  };
}

/** What somebody has of a package, by their account. */
export const packageOf = (
  { contoso }: ReturnType<typeof pullScene>,
  account: string,
  id: typeof operator,
): string | undefined => liveAssignment(papersOf(contoso.packages.papers(account), id))?.state;

/** Somebody in Contoso, whom Muster has not invited, with this address. */
export function personWith(
  { contoso, now }: ReturnType<typeof pullScene>,
  address: string,
  by: "invitation" | "hand",
): string {
  const guest = by === "hand" ? {} : { guest: { userType: "Guest", invitation: "Accepted" } };
  const changes = { stamp: null, isInvited: by === "invitation", createdAt: now() - 100 * dayMs, ...guest };
  const id = contoso.create(ana, changes);
  contoso.addresses.set(id, address);
  return id;
}
