import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import type { Policy } from "../../shared/policy/policy.ts";
import {
  policyInForce,
  PolicyUnusable,
  rolledBackAfterMs,
  standingOf,
  type PolicyNow,
} from "../../shared/reconcile/run/policy-in-force.ts";
import { notePause } from "../../shared/reconcile/run/shared-pauses.ts";
import { marks, type PolicyMark } from "../../shared/state/marks.ts";
import { memoryTable, type MemoryTable } from "../support/memory-table.ts";
import { minuteMs, now } from "../support/fixtures.ts";

const mine = { hash: "mine", changedAt: now };
const known = (changes: Partial<PolicyMark>): PolicyMark => ({
  hash: "another",
  changedAt: now,
  usedAt: now,
  before: [],
  changes: 1,
  pauses: {},
  ...changes,
});

/** What the words of the table's second column come to. */
const meanings: Readonly<Record<string, ReturnType<typeof standingOf>>> = {
  "this one is in force, and news": "news",
  "in force; its use is noted once a minute": "in force",
  "this host is behind": "behind",
  "it was rolled back: this one is in force, and news": "news",
};

/** Examples of every row, by its first cell. */
const examples: Readonly<Record<string, readonly (PolicyMark | null)[]>> = {
  none: [null],
  "the same": [known({ hash: "mine" }), known({ hash: "mine", usedAt: now - minuteMs, changedAt: now + 1 })],
  older: [known({ changedAt: now - 1 }), known({ changedAt: 0, usedAt: now })],
  "as old, and came after this one": [known({ before: ["first", "mine"] })],
  "as old, and this one is unheard of": [known({}), known({ before: ["first"] })],
  "newer, lately used": [
    known({ changedAt: now + 1 }),
    known({ changedAt: now + 1, usedAt: now - rolledBackAfterMs }),
  ],
  "newer, not used since": [known({ changedAt: now + 1, usedAt: now - rolledBackAfterMs - 1 })],
};

const rows = readFileSync(new URL("../../shared/reconcile/run/policy-in-force.ts", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => /^\/?\s?\*{1,2} +\|/.test(line.trim()))
  .map((line) =>
    line
      .split("|")
      .slice(1)
      .map((cell) => cell.trim()),
  )
  .filter(([first = ""]) => first !== "known policy" && !/^-+$/.test(first));

describe("the table of policies", () => {
  test("has an example here for every row, and no row is missing", () => {
    expect(rows.map(([first]) => first)).toEqual(Object.keys(examples));
    expect(rows.map(([, then = ""]) => meanings[then])).not.toContain(undefined);
  });

  test.each(
    rows.flatMap(([first = "", then = ""]) =>
      (examples[first] ?? []).map((mark) => [first, then, mark] as const),
    ),
  )("says the truth about a known policy that is %s: %s", (_, then, mark) => {
    expect(standingOf(mine, mark, now)).toBe(meanings[then]);
  });

  test("notes the use of the same policy when that was noted more than a minute ago", () => {
    expect(standingOf(mine, known({ hash: "mine", usedAt: now - minuteMs - 1 }), now)).toBe("note the use");
  });
});

/** Hosts that share one mark; what each has deployed is its own. */
let hosts: { table: MemoryTable; time: number; news: string[]; heeded: PolicyMark["pauses"] };
beforeEach(() => {
  hosts = { table: memoryTable(), time: now, news: [], heeded: {} };
});

const nothing = {} as Policy; // what a policy says plays no part here
const version = (hash: string, changedAt: number): PolicyNow => ({ policy: nothing, hash, changedAt });
const old = version("old", now - 1_000);
const next = version("next", now);

const ask = (mineNow: PolicyNow | Error) =>
  policyInForce({
    load: async () => {
      if (mineNow instanceof Error) throw mineNow;
      return mineNow;
    },
    mark: marks(hosts.table.client).policy,
    onNews: async (why) => void hosts.news.push(why),
    heed: (pauses) => void (hosts.heeded = pauses),
    now: () => hosts.time,
  });

describe("while a new policy is being deployed", () => {
  test("it is in force as soon as the first host has it, and that is news once", async () => {
    expect(await ask(old)).toBe(old);
    expect(await ask(next)).toBe(next);
    expect(await ask(next)).toBe(next);
    expect(hosts.news).toEqual(["first start", "new policy"]);
  });

  test("hosts with the old one decide nothing, and say that it is not their fault", async () => {
    await ask(next);
    const behind = await ask(old).catch((error: unknown) => error);
    expect(behind).toBeInstanceOf(PolicyUnusable);
    expect(behind).toMatchObject({ kind: "behind" });
    expect(hosts.news).toEqual(["first start"]);
  });

  test("it stays in force as long as somebody uses it", async () => {
    await ask(next);
    for (let round = 0; round < 4; round += 1) {
      hosts.time += rolledBackAfterMs / 2;
      expect(await ask(next)).toBe(next);
      await expect(ask(old)).rejects.toMatchObject({ kind: "behind" });
    }
  });

  test("and taken back, the old one is in force again when nobody has used it for ten minutes", async () => {
    await ask(old);
    await ask(next);
    hosts.time += rolledBackAfterMs;
    await expect(ask(old)).rejects.toMatchObject({ kind: "behind" });
    hosts.time += 1;
    expect(await ask(old)).toBe(old);
    expect(hosts.news.at(-1)).toBe("new policy");
  });

  test("it is in force also when its file is as old as the old one, and the old one does not come back", async () => {
    const sameAge = version("next", old.changedAt);
    await ask(old);
    expect(await ask(sameAge)).toBe(sameAge);
    await expect(ask(old)).rejects.toMatchObject({ kind: "behind" });
    expect(await ask(sameAge)).toBe(sameAge);
    expect(hosts.news).toEqual(["first start", "new policy"]);
  });

  test("two hosts that have it at the same moment make it news once", async () => {
    await ask(old);
    await Promise.all([ask(next), ask(next), ask(next)]);
    expect(hosts.news).toEqual(["first start", "new policy"]);
  });

  test("an old host that is quick never takes it out of force", async () => {
    await ask(old);
    const both = await Promise.allSettled([ask(old), ask(next), ask(old)]);
    expect(both[1]?.status).toBe("fulfilled");
    await expect(ask(old)).rejects.toMatchObject({ kind: "behind" });
  });

  test("is asked of the tables each time, and writes them once a minute", async () => {
    await ask(old);
    let writes = 0;
    const count = () => {
      hosts.table.before("write", async () => {
        writes += 1;
        count();
      });
    };
    count();
    for (let second = 0; second < 120; second += 1) {
      hosts.time += 1_000;
      await ask(old);
    }
    expect(writes).toBe(1);
  });
});

describe("nothing is decided", () => {
  test("with a policy that is broken", async () => {
    const broken = new PolicyUnusable("broken", "line 3: this is no list");
    await expect(ask(broken)).rejects.toBe(broken);
  });

  test("while the tables do not answer", async () => {
    hosts.table.fail("read");
    await expect(ask(old)).rejects.toThrow("does not answer");
  });

  test("while too many hosts write which policy is in force, and then it is asked again", async () => {
    const others = marks(hosts.table.client).policy;
    for (let index = 0; index < 5; index += 1) {
      hosts.table.before("write", async () => {
        const mark = await others.read();
        await others.write(
          {
            hash: `other ${index}`,
            changedAt: 0,
            usedAt: hosts.time,
            before: [],
            changes: index,
            pauses: {},
          },
          mark?.etag ?? null,
        );
      });
      hosts.table.before("write", () => Promise.resolve());
    }
    await expect(ask(old)).rejects.toMatchObject({ kind: "behind" });
    expect(await ask(old)).toBe(old);
  });
});

describe("what a tenant has asked one host for", () => {
  const note = (limit: string, until: number) =>
    notePause(limit, until, { mark: marks(hosts.table.client).policy, now: () => hosts.time });

  test("is heard by every host that asks for the policy, whatever becomes of that", async () => {
    await ask(next);
    await note("contoso directory", now + minuteMs);
    await ask(next);
    expect(hosts.heeded).toEqual({ "contoso directory": now + minuteMs });
    await expect(ask(old)).rejects.toThrow(PolicyUnusable);
    expect(hosts.heeded).toEqual({ "contoso directory": now + minuteMs });
  });

  test("does not end sooner because another host was told less, and is forgotten when it is over", async () => {
    await ask(next);
    await note("contoso directory", now + 2 * minuteMs);
    await note("contoso directory", now + minuteMs);
    await ask(next);
    expect(hosts.heeded).toEqual({ "contoso directory": now + 2 * minuteMs });
    hosts.time = now + 3 * minuteMs;
    await note("fabrikam directory", hosts.time + minuteMs);
    await ask(next);
    expect(hosts.heeded).toEqual({ "fabrikam directory": hosts.time + minuteMs });
  });

  test("outlives another policy, and says nothing of which is in force", async () => {
    await ask(old);
    await note("contoso directory", now + minuteMs);
    expect(await ask(next)).toBe(next);
    expect(hosts.heeded).toEqual({ "contoso directory": now + minuteMs });
    expect(await ask(next)).toBe(next);
    expect(hosts.news).toEqual(["first start", "new policy"]);
  });

  test("of two hosts at once is noted by both, and before the first policy by nobody", async () => {
    await note("contoso directory", now + minuteMs);
    await ask(next);
    expect(hosts.heeded).toEqual({});
    await Promise.all([
      note("contoso directory", now + minuteMs),
      note("fabrikam directory", now + minuteMs),
    ]);
    await ask(next);
    expect(Object.keys(hosts.heeded).toSorted()).toEqual(["contoso directory", "fabrikam directory"]);
  });
});
