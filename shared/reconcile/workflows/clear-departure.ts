import type { AnalystId, TenantId } from "../../model/ids.ts";
import { heardAt, type AccessMessage, type AnalystMessage } from "../../queue/keys.ts";
import type { Departures } from "../../state/departures.ts";
import type { PolicyNow } from "../run/policy-in-force.ts";
import { welcomeBack, type WelcomePorts } from "./welcome-back.ts";

export type ClearPorts = WelcomePorts & {
  /** @throws PolicyUnusable */
  readonly policy: () => Promise<PolicyNow>;
  readonly departures: Pick<Departures, "last" | "note">;
  readonly send: (messages: readonly (AnalystMessage | AccessMessage)[]) => Promise<void>;
};

/** `later`: a workflow has said something of them that began after this. */
export type Cleared =
  | { readonly kind: "cleared"; readonly targets: readonly TenantId[] }
  | { readonly kind: "later"; readonly by: string; readonly at: number };

/**
 * An operator says that somebody has not left, whatever workflows have said, of the source or of a target. What they may have by that is
 * what their roles give, and nothing else. Saying it twice does no harm.
 */
export async function clearDeparture(analyst: AnalystId, by: string, ports: ClearPorts): Promise<Cleared> {
  const { policy } = await ports.policy();
  const tenant = policy.source.tenantId;
  const at = ports.now();
  if ((await ports.departures.note({ tenant, subject: analyst, is: "here", at, by })) === "older") {
    const said = await ports.departures.last(tenant, analyst);
    if (said !== null && said.is === "departed") return { kind: "later", by: said.by, at: said.at };
  }
  const targets = await welcomeBack(at, analyst, ports);
  const common = { cause: "an operator", heardAt: heardAt(ports), occasion: "event" } as const;
  await ports.send([
    { key: { kind: "analyst", analyst }, ...common },
    ...targets.map((one) => ({
      key: { kind: "access", tenant: one, analyst } as const,
      ...common,
      version: null,
    })),
  ]);
  return { kind: "cleared", targets };
}
