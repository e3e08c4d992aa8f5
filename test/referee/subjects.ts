import type { Account, Accounts } from "./directory.ts";

/** Whom assignments are for: an account, or an address that has none yet. */
export type Subject = {
  readonly id: string;
  readonly account: string | null;
  readonly mail: string | null;
  /** Entitlement management invited them, and ends the account with the last assignment. */
  readonly governed: "yes" | "no";
};

/** As the lab's: lab/graph/entitlement/subjects.ts. Read in the present, as there. */
export type Subjects = {
  readonly ofAccount: (account: string) => Subject;
  /** The account's that has this address, or that of somebody who is yet to be invited. */
  readonly ofMail: (mail: string) => Subject;
  readonly withId: (id: string) => Subject;
  readonly withMail: (mail: string) => readonly Subject[];
  readonly has: (subject: Subject, account: Account, governed: Subject["governed"]) => void;
  readonly all: () => readonly Subject[];
};

export function subjectsOf(target: Accounts, begin: readonly Subject[]): Subjects {
  const known = new Map(begin.map((one) => [one.id, one]));
  const keep = (subject: Subject): Subject => {
    known.set(subject.id, subject);
    return subject;
  };
  const make = (draft: Omit<Subject, "id" | "governed">) =>
    keep({ ...draft, id: `subject-${known.size + 1}`, governed: "no" });
  const unmet = (mail: string) =>
    [...known.values()].find((one) => one.account === null && one.mail === mail);

  function ofAccount(account: string): Subject {
    const own = [...known.values()].find((one) => one.account === account);
    if (own !== undefined) return own;
    const mail = target.users.get(account)?.mail ?? null;
    // Somebody who was asked for by address, and has got an account by other means since.
    const same = mail === null ? undefined : unmet(mail);
    return same === undefined ? make({ account, mail }) : keep({ ...same, account });
  }

  return {
    ofAccount,
    ofMail(mail) {
      const account = accountWith(target, mail);
      if (account !== undefined) return ofAccount(account.id);
      return unmet(mail) ?? make({ account: null, mail });
    },
    withId(id) {
      const subject = known.get(id);
      if (subject === undefined) throw new Error(`nobody made the subject ${id}`);
      return subject;
    },
    withMail: (mail) => [...known.values()].filter((one) => one.mail === mail),
    has: (subject, { id }, governed) => void keep({ ...subject, account: id, governed }),
    all: () => [...known.values()],
  };
}

/** Deleted accounts do not count. */
export function accountWith(target: Accounts, mail: string): Account | undefined {
  for (const [, account] of target.users.entries()) if (account.mail === mail) return account;
  return undefined;
}
