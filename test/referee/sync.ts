import {
  accountOf,
  deletedAccountOf,
  membersOf,
  move,
  scopesOf,
  type Directory,
  type Giver,
  type Person,
  type Target,
} from "./directory.ts";

/**
 * Cross-tenant synchronization, as far as it decides who has an account: its 40-minute cycle and its on-demand call.
 * It compares the source with its own links and never looks at the target; somebody who was disabled, synced and only then
 * taken out of scope is left behind; a change of the source user undoes a block.
 * https://learn.microsoft.com/entra/identity/multi-tenant-organizations/cross-tenant-synchronization-overview
 */
export function runCycle(directory: Directory, target: Target, { scoped, people, linked }: SourceSeen): void {
  for (const id of new Set([...linked, ...scoped])) {
    const person = people.get(id);
    if (person === undefined) unlink(target, id);
    else if (scoped.has(id)) provision(directory, target, person);
    else if (target.links.get(id)?.enabled === false) leave(target, id);
    else unlink(target, id);
  }
}

/** What a cycle goes by to its end, however long it takes. */
export type SourceSeen = {
  readonly scoped: ReadonlySet<string>;
  readonly people: ReadonlyMap<string, Person>;
  /** Who comes on demand while it runs is for the next one. */
  readonly linked: readonly string[];
};

export const seenBySync = ({ source }: Directory, target: Target): SourceSeen => ({
  scoped: new Set(scopesOf(target).flatMap((group) => membersOf(source, group))),
  people: new Map(source.users.entries()),
  linked: [...target.links.keys()],
});

export type OnDemand =
  | { readonly kind: "provisioned"; readonly account: string; readonly origin: "created" | "matched" }
  | { readonly kind: "not-in-scope" };

/** On demand a deleted account is not found: the person gets a second one. */
export function provisionOnDemand(
  directory: Directory,
  target: Target,
  { id, isSeenInScope }: { readonly id: string; readonly isSeenInScope: boolean },
): OnDemand {
  const person = directory.source.users.get(id);
  if (person === undefined || !person.enabled || !isSeenInScope) return { kind: "not-in-scope" };
  const known = accountOf(target, id);
  const account = known ?? directory.createAccount(target, person, giverOf(directory, target, id));
  write(target, person, account.id);
  return { kind: "provisioned", account: account.id, origin: known === undefined ? "created" : "matched" };
}

function provision(directory: Directory, target: Target, person: Person): void {
  const link = target.links.get(person.id);
  if (link?.state === "active" && link.revision === person.revision) return;
  const known = link === undefined ? accountOf(target, person.id) : target.users.get(link.account);
  if (known !== undefined) return write(target, person, known.id);
  if (!person.enabled) return;
  const deleted = link === undefined ? deletedAccountOf(target, person.id) : target.bin.get(link.account);
  const by = giverOf(directory, target, person.id);
  if (deleted !== undefined) {
    move(target.bin, target.users, deleted.id);
    target.users.set(deleted.id, { ...deleted, by });
  }
  write(target, person, (deleted ?? directory.createAccount(target, person, by)).id);
}

/** An account is whose the scope is that it came with. */
const giverOf = ({ source }: Directory, target: Target, person: string): Giver =>
  scopesOf(target)
    .map((group) => source.members.get(`${group}|${person}`))
    .find((giver) => giver !== undefined) ?? "either";

function write(target: Target, person: Person, id: string): void {
  const account = target.users.get(id);
  if (account === undefined) return;
  const stamp = person.stamps["socSourceId"] ?? account.stamp;
  if (account.enabled !== person.enabled || account.stamp !== stamp)
    target.users.set(id, { ...account, enabled: person.enabled, stamp });
  target.links.set(person.id, {
    account: id,
    revision: person.revision,
    enabled: person.enabled,
    state: "active",
  });
}

function unlink(target: Target, person: string): void {
  const link = target.links.get(person);
  if (link?.state !== "active") return;
  move(target.users, target.bin, link.account);
  target.links.set(person, { ...link, state: "deleted" });
}

function leave(target: Target, person: string): void {
  const link = target.links.get(person);
  if (link?.state === "active") target.links.set(person, { ...link, state: "left" });
}
