import type { AnalystId, TenantId } from "../../model/ids.ts";
import type { PairRecord } from "../../model/pair.ts";
import type { Departures } from "../../state/departures.ts";

type Asked = {
  readonly tenant: TenantId;
  /** Their account there, by its object id. */
  readonly subject: string;
  readonly analyst: AnalystId;
  readonly source: TenantId;
};

/** Whether somebody is said to have left one target alone, and the source has not said since then that they are back. */
export async function departedThere(
  { tenant, subject, analyst, source }: Asked,
  departures: Pick<Departures, "read" | "last">,
): Promise<PairRecord["departed"]> {
  const [said, atHome] = await Promise.all([
    departures.read(tenant, subject),
    departures.last(source, analyst),
  ]);
  return said !== null && atHome?.is === "here" && atHome.at > said.at ? null : said;
}
