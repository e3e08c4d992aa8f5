import { expect, test } from "vitest";
import { graphFailure } from "../support/graph-failure.ts";
import { smallPolicy } from "../support/small-policy.ts";
import { eventAbout, smallWorld } from "../support/small-world.ts";
import {
  ana,
  dayMs,
  hourMs,
  readersAtHome,
  responders,
  respondersAtHome,
} from "../support/fixtures.ts";

type World = ReturnType<typeof smallWorld>;

/** What an administrator of the target does to her account, which people are told of while she belongs in. */
const deeds: Readonly<Record<string, (world: World, id: string) => void>> = {
  "does nothing": () => undefined,
  "blocks her account": ({ contoso }, id) => {
    const account = contoso.accounts.get(id);
    if (account === undefined) throw new Error("she has no account in contoso");
    contoso.accounts.set(id, { ...account, enabled: false });
  },
  "takes one of her groups, which is held": ({ contoso }, id) =>
    void contoso.members.get(responders.grant.group)?.delete(id),
};

test.each(Object.entries(deeds))(
  "an administrator of the target %s, she leaves a day later, and her other group cannot be written for a moment: the account goes into the recycle bin empty",
  async (_what, deed) => {
    const world = smallWorld();
    const policy = smallPolicy({ leavers: { deleteAfterMs: 0 } });
    world.setPolicy({
      ...policy,
      targets: policy.targets.map((target) => ({ ...target, onExternalRemoval: "hold" })),
    });
    await world.change(ana, readersAtHome, "in");
    await world.change(ana, respondersAtHome, "in");
    await world.wait(hourMs);
    const [id = ""] = world.contoso.accounts.keys();
    deed(world, id);
    // A third role makes Muster look.
    const user = world.userOf(ana);
    world.source.users.set(ana, { ...user, attributes: { department: "SOC", jobTitle: "Threat Hunter" } });
    await world.deliver(eventAbout(ana, world.now()));
    await world.wait(dayMs);

    world.contoso.next("revoke", async () => {
      throw graphFailure(503);
    });
    world.source.users.set(ana, { ...world.userOf(ana), attributes: {} });
    world.source.members.get(respondersAtHome)?.delete(ana);
    await world.change(ana, readersAtHome, "out");
    await world.wait(hourMs);
    expect([...world.contoso.members].filter(([, members]) => members.has(id))).toEqual([]);
    expect(world.contoso.accounts.get(id)).toMatchObject({ state: "recycled" });
  },
);
