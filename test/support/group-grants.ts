import type { Written } from "../../shared/graph/group-members.ts";
import type { GroupDirectory } from "../../shared/graph/group-directory.ts";
import { findGroup } from "../../shared/graph/grants/group-grants.ts";
import type { GrantReader, GrantWriter } from "../../shared/graph/grants/kind.ts";
import { seenIn, type Listing } from "../../shared/graph/listing.ts";
import type { AccountId, GroupId } from "../../shared/model/ids.ts";
import type { SendLimits } from "../../shared/graph/tenant.ts";

type Reading = {
  readonly groups: GroupDirectory;
  readonly isMember: (id: AccountId, group: GroupId) => Promise<boolean>;
  readonly listMemberOf: (id: AccountId) => Promise<Listing<string>>;
};

/** Memberships of a tenant that a test has made, as the product reads them. */
export const groupReaderOf = ({ groups, isMember, listMemberOf }: Reading): GrantReader<"group"> => ({
  find: (wish, priority) => findGroup(groups, wish, priority),
  isHeld: ({ group }, id) => isMember(id, group),
  async holdings(id) {
    const listing = await listMemberOf(id);
    return ({ group }) => ({ seen: seenIn(listing, group) });
  },
});

type Write = (group: GroupId, id: AccountId, limits: SendLimits) => Promise<Written>;

export const groupWriterOf = (give: Write, take: Write): GrantWriter<"group"> => ({
  give: ({ group }, id, limits) => give(group, id, limits),
  take: ({ group }, id, limits) => take(group, id, limits),
});
