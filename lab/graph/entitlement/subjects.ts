import type { UserRecord } from "../directory/objects.ts";
import type { Tenant } from "../directory/tenant.ts";
import { textOf } from "../directory/text.ts";
import type { SubjectRecord } from "./records.ts";

/** The subject of an account, made when it is first heard of: its id is not the account's. */
export function subjectOfUser(tenant: Tenant, user: UserRecord): SubjectRecord {
  const known = [...tenant.entitlement.subjects.values()];
  const own = known.find(({ objectId }) => objectId === user.id);
  if (own !== undefined) return own;
  // Somebody who was asked for by address, and has got an account by other means since.
  const mail = textOf(user.properties["mail"]).toLowerCase();
  const same = known.find(({ objectId, email }) => objectId === undefined && email === mail);
  const draft = { objectId: user.id, email: same?.email, lifecycle: "notGoverned" } as const;
  return same === undefined ? keep(tenant, draft) : changeSubject(tenant, same.id, draft);
}

/** The subject behind an address: of the account that has it, or of somebody who is yet to be invited. */
export function subjectOfEmail(tenant: Tenant, email: string): SubjectRecord {
  const account = accountWithMail(tenant, email);
  if (account !== undefined) return subjectOfUser(tenant, account);
  const { subjects } = tenant.entitlement;
  const known = [...subjects.values()].find(
    (subject) => subject.objectId === undefined && subject.email === email.toLowerCase(),
  );
  return known ?? keep(tenant, { objectId: undefined, email: email.toLowerCase(), lifecycle: "notDefined" });
}

export function changeSubject(
  tenant: Tenant,
  id: string,
  change: Partial<Omit<SubjectRecord, "id">>,
): SubjectRecord {
  const changed = { ...subjectWith(tenant, id), ...change };
  tenant.entitlement.subjects.set(id, changed);
  return changed;
}

export function subjectWith(tenant: Tenant, id: string): SubjectRecord {
  const subject = tenant.entitlement.subjects.get(id);
  if (subject === undefined) throw new Error(`Nobody made the subject ${id} of ${tenant.name}.`);
  return subject;
}

/** The account that is in the directory, deleted ones not counting. */
export function accountOfSubject(tenant: Tenant, { objectId, email }: SubjectRecord): UserRecord | undefined {
  if (objectId !== undefined) return tenant.users.get(objectId);
  return email === undefined ? undefined : accountWithMail(tenant, email);
}

function accountWithMail(tenant: Tenant, email: string): UserRecord | undefined {
  const wanted = email.toLowerCase();
  for (const [, user] of tenant.users.entries()) {
    const { mail, otherMails } = user.properties;
    const addresses: unknown[] = [mail, ...(Array.isArray(otherMails) ? otherMails : [])];
    if (addresses.some((address) => textOf(address).toLowerCase() === wanted)) return user;
  }
  return undefined;
}

function keep(tenant: Tenant, draft: Omit<SubjectRecord, "id">): SubjectRecord {
  const subject = { ...draft, id: tenant.mint("subject") };
  tenant.entitlement.subjects.set(subject.id, subject);
  return subject;
}
